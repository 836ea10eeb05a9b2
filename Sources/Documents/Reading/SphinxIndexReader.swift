/// Reads `searchindex.js`, which Sphinx makes for the search of its pages.
///
/// It has titles, headings and stems of words, but no text: a page that is there as HTML is read from that instead.
public enum SphinxIndexReader {
    /// Reads an index.
    ///
    /// - Parameters:
    ///   - text: The file.
    ///   - isBeside: Whether a page, by its name without ending, is there as HTML.
    /// - Returns: The pages that aren't there as HTML, each with its address from the root of the documents.
    /// - Throws: A sentence about what is wrong with it.
    public static func pages(_ text: String, isBeside: (String) -> Bool) throws(ReadingProblem) -> [DocumentPage] {
        guard let start = text.firstIndex(of: "{"), text[..<start].trimmed.hasSuffix("setIndex(") else {
            throw ReadingProblem("is no searchindex.js of Sphinx")
        }
        let index = try LiteralReader.value(in: text[start...])
        guard let names = index["docnames"]?.items?.map({ $0.text ?? "" }), let titles = index["titles"]?.items else {
            throw ReadingProblem("has no docnames and titles; build the documents with Sphinx anew")
        }
        let wanted = names.indices.filter { !names[$0].isEmpty && !isBeside(names[$0]) }
        var stems: [Int: [String]] = [:]
        if !wanted.isEmpty {
            let isWanted = Set(wanted)
            for (stem, places) in index["terms"]?.members ?? [] {
                for place in places.numbers where isWanted.contains(place) { stems[place, default: []].append(stem) }
            }
        }
        var headings: [Int: [(heading: String, anchor: String?)]] = [:]
        for (heading, places) in index["alltitles"]?.members ?? [] {
            for place in places.items ?? [] {
                guard let place = place.items, let document = place.first?.number else { continue }
                headings[document, default: []].append((heading, place.dropFirst().first?.text))
            }
        }
        return wanted.map { number in
            var builder = SectionBuilder()
            let title = titles.indices.contains(number) ? titles[number].text ?? "" : ""
            builder.heading(HTMLReader.text(title), level: 1, anchor: nil)
            builder.paragraph((stems[number] ?? []).sorted().joined(separator: " "))
            for (heading, anchor) in headings[number] ?? [] where anchor != nil && heading != title {
                builder.heading(HTMLReader.text(heading), level: 2, anchor: anchor)
            }
            return builder.page(title: nil, url: "\(names[number]).html")
        }
    }
}
