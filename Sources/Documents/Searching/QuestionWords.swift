internal import GRDB

/// The words of a question that say what is asked for, for search engines that aren't ours.
///
/// They are letters and digits alone: no operator of any search syntax is left. Any thread.
public struct QuestionWords: Sendable {
    /// As they were written, each once, at most 16.
    public private(set) var words: [String] = []
    /// The same as our index would have them.
    private var stems: [[String]] = []

    /// Cuts and stems words; one connection for all, since nothing is in it.
    private static let tokenizers = try? DatabaseQueue()

    /// - Parameter text: Words of a visitor; 1,000 characters of it count.
    public init(_ text: String) {
        let pieces = plainText(String(text.prefix(SearchTerms.maximum.characters)))
            .split { !$0.isLetter && !$0.isNumber }.filter { $0.utf8.count <= 64 }
        self.stems =
            Self.tokenizing { cut, stem in
                var seen: Set<[String]> = []
                var stems: [[String]] = []
                for piece in pieces where stems.count < SearchTerms.maximum.words {
                    let tokens = try cut(String(piece))
                    guard tokens.contains(where: { !FunctionWords.all.contains($0) && $0.utf8.count > 1 }) else {
                        continue
                    }
                    let own = try stem(String(piece))
                    guard !own.isEmpty, seen.insert(own).inserted else { continue }
                    stems.append(own)
                    self.words.append(String(piece))
                }
                return stems
            } ?? []
    }

    /// How much of the question something has that was found elsewhere, from 0 through 1; all words count alike.
    func score(title: String, text: String) -> Double {
        guard !self.stems.isEmpty else { return 0 }
        return Self.tokenizing { _, stem in
            let title = Set(try stem(title))
            let all = title.union(try stem(text))
            func share(_ known: Set<String>) -> Double {
                Double(self.stems.count { $0.allSatisfy(known.contains) }) / Double(self.stems.count)
            }
            return 0.75 * share(all) + 0.25 * share(title)
        } ?? 0
    }

    private static func tokenizing<Result>(
        _ body: (_ cut: (String) throws -> [String], _ stem: (String) throws -> [String]) throws -> Result
    ) -> Result? {
        try? Self.tokenizers?.read { db in
            let cutter = try db.makeTokenizer(DocumentSchema.words)
            let stemmer = try db.makeTokenizer(DocumentSchema.stems)
            return try body(
                { try cutter.tokenize(query: $0).map(\.token) },
                { try stemmer.tokenize(query: $0).map(\.token) }
            )
        }
    }
}

extension DocumentHit {
    /// Something that another search engine has found; its own score means nothing here.
    ///
    /// - Parameters:
    ///   - title: HTML or text; nothing of it is markup afterwards.
    ///   - text: A passage, the same.
    ///   - url: Where it is.
    ///   - words: What was asked for.
    public init(title: String, text: String, url: String, foundBy words: QuestionWords) {
        self.title = ""
        self.heading = String(HTMLReader.text(title)[...].prefix(atMost: SectionBuilder.maximumBytesOf.heading))
        self.url = url
        self.lang = nil
        let text = HTMLReader.text(text)
        self.snippet = Snippet(marked: text)
        self.score = words.score(title: self.heading, text: String(text[...].prefix(atMost: 16_384)))
    }

    /// Puts results of several engines in one order, whatever their scores mean: each place counts `1 / (60 + place)`, and
    /// what several have found counts for each (reciprocal rank fusion).
    ///
    /// - Parameters:
    ///   - lists: What each has found, the best first.
    ///   - limit: How many are given at most.
    /// - Returns: Each address once, as the first list has it; equal ones in the order of the lists.
    public static func merged(_ lists: [[DocumentHit]], limit: Int) -> [DocumentHit] {
        var hits: [DocumentHit] = []
        var ranks: [String: (place: Int, rank: Double)] = [:]
        for list in lists {
            var seen: Set<String> = []
            for (place, hit) in list.enumerated() where seen.insert(hit.url).inserted {
                ranks[hit.url, default: (hits.count, 0)].rank += 1 / Double(60 + place + 1)
                if ranks[hit.url]?.place == hits.count { hits.append(hit) }
            }
        }
        let sorted = hits.enumerated().sorted { a, b in
            let (first, second) = (ranks[a.element.url]?.rank ?? 0, ranks[b.element.url]?.rank ?? 0)
            return first == second ? a.offset < b.offset : first > second
        }
        return sorted.prefix(limit).map(\.element)
    }
}
