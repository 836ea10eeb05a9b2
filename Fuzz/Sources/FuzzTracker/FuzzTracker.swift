@testable import TrackerAnswers

/// Any bytes as the answer of a tracker: read or not, and what pointers lead to is what stands there.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTracker(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: data, count: count))
    if let document = TrackerDocument(json: bytes) { check(document, at: "", of: document) }
    // The same bytes as a pointer, into a document that is known.
    guard let pointer = DocumentPointer(String(decoding: bytes, as: UTF8.self)) else { return 0 }
    let known = TrackerDocument.object(["": .list([.text("a"), .null]), "a/b": .number("1")])
    if let found = known[pointer] { precondition(pointer.parts.isEmpty || found != known) }
    return 0
}

private func check(_ part: TrackerDocument, at path: String, of document: TrackerDocument) {
    guard let pointer = DocumentPointer(path) else { preconditionFailure("no pointer leads to \(path)") }
    precondition(document[pointer] == (part == .null ? nil : part), "another part at \(path)")
    switch part {
    case .object(let members):
        for (name, member) in members {
            check(member, at: "\(path)/\(escaped(name))", of: document)
        }
    case .list(let items):
        for (index, item) in items.enumerated() { check(item, at: "\(path)/\(index)", of: document) }
    case .null, .flag, .number, .text: break
    }
}

private func escaped(_ name: String) -> String {
    let bytes = name.utf8.flatMap { byte -> [UInt8] in
        switch byte {
        case UInt8(ascii: "~"): Array("~0".utf8)
        case UInt8(ascii: "/"): Array("~1".utf8)
        default: [byte]
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}
