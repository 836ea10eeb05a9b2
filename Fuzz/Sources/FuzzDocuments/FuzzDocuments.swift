import DocumentReading

/// Any bytes as a document: every reader ends, within its bounds, and with text that has none of our marks.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzDocuments(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    let text = String(decoding: bytes, as: UTF8.self)
    var pages = [
        MarkdownReader.page(text), HTMLReader.page(text), PlainTextReader.page(text, hasAnchors: true),
        PlainTextReader.page(text, hasAnchors: false),
    ]
    pages += (try? SearchIndexReader.pages(bytes)) ?? []
    pages += (try? SphinxIndexReader.pages(text) { $0.isEmpty }) ?? []
    pages += (try? SphinxIndexReader.pages("Search.setIndex(\(text)") { $0.isEmpty }) ?? []
    for page in pages {
        for section in page.sections {
            precondition(section.text.utf8.count <= SectionBuilder.maximumBytes, "a section is too long")
            for scalar in (section.text + section.heading + page.title).unicodeScalars {
                precondition(!(0xE000...0xF8FF ~= scalar.value) && scalar.value != 0, "a mark of ours is left")
            }
        }
    }
    return 0
}
