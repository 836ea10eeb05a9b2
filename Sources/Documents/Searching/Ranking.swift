internal import FoundationEssentials
internal import GRDB
internal import Indexing

/// Puts sections that were found in order.
///
/// `bm25` with weights 8 for the heading, 4 for the titles above and 1 for the text says how much a section is about the
/// words; on top of that counts how much of the question it has at all. The figures are chosen with Benchmarks/documents.
struct Ranking {
    /// A section that has one of the words.
    struct Candidate {
        let id: Int64
        let heading: String
        let title: String
        /// The address without the section's name.
        let page: String
        let url: String
        let lang: String?
        let hasText: Bool
        /// As `bm25` has it, positive.
        let relevance: Double
        let stems: StemSet
        /// Whether two words of the question stand side by side in it.
        var hasPhrase = false
        fileprivate(set) var rank = 0.0
        fileprivate(set) var score = 0.0

        init(_ row: Row) {
            self.id = row[0]
            self.heading = row[1]
            self.title = row[2]
            self.page = row[3]
            let anchor: String? = row[4]
            self.url = anchor.map { "\(row[3] as String)#\(percentEncoded($0))" } ?? row[3]
            self.lang = row[5]
            self.hasText = row[6]
            self.relevance = -(row[7] as Double)
            self.stems = StemSet(row[8] as Data)
        }
    }

    private let query: DocumentQuery
    private let terms: [SearchTerms.Term]
    private let stemmer: any FTS5Tokenizer
    private let totalWeight: Double
    /// What a word weighs that one section alone has: so much a text must have for it alone to be an answer.
    private let neededWeight: Double

    init(_ query: DocumentQuery, _ terms: SearchTerms, _ stemmer: any FTS5Tokenizer) {
        self.query = query
        self.terms = terms.terms
        self.stemmer = stemmer
        self.totalWeight = terms.terms.reduce(0) { $0 + $1.weight }
        self.neededWeight = terms.weightOfUnique
    }

    /// A section with its place among the others.
    func ranked(_ candidate: Candidate) throws -> Candidate {
        var candidate = candidate
        let heading = Set(try self.stemmer.tokenize(document: candidate.heading).map(\.token))
        let title = heading.union(try self.stemmer.tokenize(document: candidate.title).map(\.token))
        let coverage = self.share { title.contains($0) || candidate.stems.contains(StemSet.number($0)) }
        // A common word or two that stand somewhere in a text are no answer, though they be all of the question.
        let inTitle = self.share(title.contains)
        let strength = min(1, coverage * self.totalWeight / self.neededWeight)
        candidate.score = 0.75 * coverage * max(strength, inTitle) + 0.25 * inTitle
        var bonus = 0.5 * self.share(heading.contains)
        if candidate.hasPhrase { bonus += 0.2 }
        if let lang = self.query.lang, let own = candidate.lang, Self.isSame(lang, own) { bonus += 0.3 }
        if let page = self.query.page, Self.isNear(page, candidate.page) { bonus += 0.1 }
        candidate.rank = candidate.relevance * (0.2 + coverage) * (1 + bonus)
        return candidate
    }

    /// The best section of a page, which counts for more where others of the page were found, too.
    static func best(_ sections: [Candidate]) -> Candidate? {
        let sorted = sections.sorted { ($1.rank, $0.url) < ($0.rank, $1.url) }
        guard var best = sorted.first else { return nil }
        best.rank += 0.4 * sorted.dropFirst().prefix(3).reduce(0) { $0 + $1.rank }
        return best
    }

    /// How much of the question is there, from 0 through 1, where a stem is or isn't.
    private func share(_ isThere: (String) -> Bool) -> Double {
        guard self.totalWeight > 0 else { return 0 }
        let found = self.terms.reduce(0) { sum, term in
            term.stems.contains { $0.allSatisfy(isThere) } ? sum + term.weight * term.certainty : sum
        }
        return found / self.totalWeight
    }

    private static func isSame(_ lang: String, _ other: String) -> Bool {
        lang.prefix { $0 != "-" }.lowercased() == other.prefix { $0 != "-" }.lowercased()
    }

    /// Whether a page is in the folder of the visitor's, or below it.
    private static func isNear(_ page: String, _ url: String) -> Bool {
        guard let slash = page.lastIndex(of: "/"), slash > page.startIndex else { return false }
        let path = url.hasPrefix("https://") ? url.dropFirst(8).drop { $0 != "/" } : url[...]
        return path.hasPrefix(page[...slash])
    }
}
