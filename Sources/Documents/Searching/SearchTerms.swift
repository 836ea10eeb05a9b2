#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif
internal import GRDB

/// What a visitor's text is searched by: words with the ways in which documents may say them.
///
/// The text is words and nothing else; nothing of it has a meaning for FTS5.
struct SearchTerms {
    /// One word or phrase that is asked for.
    struct Term {
        /// Ways to say it, each a row of words as FTS5 gets them.
        var phrases: [[String]]
        /// The same as the index has them.
        var stems: [[String]]
        /// How rare it is.
        var weight: Double
        /// How sure it is that it is meant: 1, and less where a word was taken for a misspelt one.
        var certainty = 1.0
        /// In how many sections it is, at most.
        var count: Int

        /// The term for FTS5.
        var pattern: String {
            let quoted = self.phrases.map { "\"\($0.joined(separator: " "))\"" }
            return quoted.count == 1 ? quoted[0] : "(\(quoted.joined(separator: " OR ")))"
        }
    }

    /// How many words of a text count, and how much of it is looked at.
    static let maximum: (words: Int, characters: Int) = (16, 1_000)

    private(set) var terms: [Term] = []
    /// How many sections there are.
    let sections: Int

    /// Reads a text.
    init(_ text: String, _ synonyms: [[String]: [[String]]], _ db: Database) throws {
        self.sections = try Int.fetchOne(db, sql: "SELECT sections FROM total") ?? 0
        let cutter = try db.makeTokenizer(DocumentSchema.words)
        let stemmer = try db.makeTokenizer(DocumentSchema.stems)
        let text = plainText(String(text.prefix(Self.maximum.characters)))
        let words = try cutter.tokenize(query: text).map(\.token).filter { $0.utf8.count <= 64 }
        let stems = try words.map { try stemmer.tokenize(query: $0).first?.token ?? $0 }
        var taken: Set<[String]> = []
        var index = 0
        while index < words.count, self.terms.count < Self.maximum.words {
            let (length, others) = Self.synonyms(at: index, stems, synonyms)
            let own = Array(words[index..<index + length])
            let ownStems = Array(stems[index..<index + length])
            index += length
            guard taken.insert(ownStems).inserted else { continue }
            let otherStems = try others.map { try $0.map { try stemmer.tokenize(query: $0).first?.token ?? $0 } }
            let isPlain = length == 1 && others.isEmpty
            // "What is this?" asks for nothing that a document could be found by.
            if isPlain, FunctionWords.all.contains(own[0]) || own[0].utf8.count < 2 { continue }
            var term = try self.term([own] + others, [ownStems] + otherStems, db)
            if term.count == 0, isPlain {
                let near = try NearWords(of: own[0], db)
                if !near.words.isEmpty {
                    let stems = try near.words.map { try stemmer.tokenize(query: $0).first?.token ?? $0 }
                    term = try self.term(near.words.map { [$0] }, stems.map { [$0] }, db)
                    term.certainty = near.certainty
                }
            }
            self.terms.append(term)
        }
    }

    private func term(_ phrases: [[String]], _ stems: [[String]], _ db: Database) throws -> Term {
        let counting = try db.cachedStatement(sql: "SELECT doc FROM stems WHERE term = ?")
        var most = 0
        for phrase in stems {
            var least = Int.max
            for stem in phrase { least = min(least, try Int.fetchOne(counting, arguments: [stem]) ?? 0) }
            most = max(most, least == .max ? 0 : least)
        }
        return Term(phrases: phrases, stems: stems, weight: self.weight(ofWordIn: most), count: most)
    }

    /// How much a word says that so many sections have: as bm25 has it, and never negative.
    private func weight(ofWordIn count: Int) -> Double {
        log(1 + (Double(self.sections - min(count, self.sections)) + 0.5) / (Double(count) + 0.5))
    }

    /// The weight of a word that one section alone has.
    var weightOfUnique: Double { self.weight(ofWordIn: 1) }

    /// The longest phrase with synonyms that begins at a word, and what else it may be called.
    private static func synonyms(
        at index: Int,
        _ stems: [String],
        _ synonyms: [[String]: [[String]]]
    ) -> (length: Int, others: [[String]]) {
        guard !synonyms.isEmpty else { return (1, []) }
        for length in (1...4).reversed() where index + length <= stems.count {
            if let others = synonyms[Array(stems[index..<index + length])] { return (length, others) }
        }
        return (1, [])
    }

    /// All terms; nothing where one of them is nowhere.
    var allPattern: String? {
        self.terms.isEmpty || self.terms.contains { $0.count == 0 }
            ? nil : self.terms.map(\.pattern).joined(separator: " AND ")
    }

    /// Two terms in a row, in the order of the question.
    var phrasePattern: String? {
        let pairs = zip(self.terms, self.terms.dropFirst()).compactMap { first, second -> String? in
            guard first.count > 0, second.count > 0 else { return nil }
            return "\"\((first.phrases[0] + second.phrases[0]).joined(separator: " "))\""
        }
        return pairs.isEmpty ? nil : pairs.joined(separator: " OR ")
    }

    /// How many sections are weighed at most for the sake of any one word of a text.
    private static let maximumWeighed = 2_000

    /// Any of the terms, the rarest first for as long as not too many sections have them: the others say little about which
    /// page is meant, and still count where a section is looked at.
    var anyPattern: String? {
        var (patterns, count) = ([String](), 0)
        for term in self.terms.filter({ $0.count > 0 }).sorted(by: { $0.count < $1.count }) {
            count += term.count
            guard patterns.isEmpty || count <= Self.maximumWeighed else { break }
            patterns.append(term.pattern)
        }
        return patterns.isEmpty ? nil : patterns.joined(separator: " OR ")
    }
}

extension Synonyms {
    /// What each phrase may be called besides, by its stems.
    func table(_ db: Database) throws -> [[String]: [[String]]] {
        guard !self.groups.isEmpty else { return [:] }
        let cutter = try db.makeTokenizer(DocumentSchema.words)
        let stemmer = try db.makeTokenizer(DocumentSchema.stems)
        var table: [[String]: [[String]]] = [:]
        for group in self.groups {
            let others = try group.to.map { try cutter.tokenize(query: $0).map(\.token) }.filter { !$0.isEmpty }
            for phrase in group.from {
                let stems = try stemmer.tokenize(query: phrase).map(\.token)
                let own = try cutter.tokenize(query: phrase).map(\.token)
                table[stems, default: []] += others.filter { $0 != own }
            }
        }
        return table
    }
}
