internal import FoundationEssentials

/// Reads `search/search_index.json`, which MkDocs makes for the search of its pages.
public enum SearchIndexReader {
    private struct Index: Decodable {
        var docs: [Entry]
    }

    private struct Entry: Decodable {
        var location: String
        var title: String?
        var text: String?
    }

    /// Reads an index.
    ///
    /// - Parameter data: The file.
    /// - Returns: Its pages in the order in which they stand, each with its address from the root of the documents.
    /// - Throws: A sentence about what is wrong with it.
    public static func pages(_ data: [UInt8]) throws(ReadingProblem) -> [DocumentPage] {
        let index: Index
        do { index = try JSONDecoder().decode(Index.self, from: Data(data)) } catch {
            throw ReadingProblem("is no search_index.json of MkDocs")
        }
        // An entry without an anchor repeats the text of its sections, where there are any.
        var order: [String] = []
        var entries: [String: [(anchor: String?, entry: Entry)]] = [:]
        for entry in index.docs {
            let parts = entry.location.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            let page = parts.first.map(String.init) ?? ""
            if entries[page] == nil { order.append(page) }
            entries[page, default: []].append((parts.count > 1 ? String(parts[1]) : nil, entry))
        }
        return order.map { Self.page($0, entries[$0] ?? []) }
    }

    private static func page(_ location: String, _ entries: [(anchor: String?, entry: Entry)]) -> DocumentPage {
        let hasSections = entries.contains { $0.anchor != nil }
        let title = entries.first { $0.anchor == nil }?.entry.title.map(HTMLReader.text)
        var builder = SectionBuilder()
        for (anchor, entry) in entries where anchor != nil || !hasSections {
            builder.heading(HTMLReader.text(entry.title ?? ""), level: 2, anchor: anchor)
            builder.paragraph(HTMLReader.text(entry.text ?? ""))
        }
        return builder.page(title: title, url: location)
    }
}

/// What is wrong with a document, in words that follow its name.
public struct ReadingProblem: Error, Sendable, Hashable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }
}
