internal import FoundationEssentials
internal import GRDB

/// One search: what its question names, from the best kind of place to the least.
struct CodeSearch {
    /// So many files are read at most.
    private static let maximumFiles = 200
    /// So long it takes at most, in milliseconds.
    private static let maximumTime: Int64 = 1_500
    /// A part of an error that more files have is no help.
    private static let maximumErrorFiles = 50
    /// So many files of a term are weighed.
    private static let maximumCandidates = 5_000

    private let question: CodeQuestion
    private let end: Int64
    private let now: @Sendable () -> Int64
    let files: SourceFiles
    let db: Database
    private(set) var isPartial = false

    init(_ index: CodeIndex, _ question: CodeQuestion, _ db: Database) {
        self.question = question
        self.now = index.now
        self.end = index.now() + Self.maximumTime
        self.files = SourceFiles(index)
        self.db = db
    }

    mutating func answer(atMost limit: Int) throws -> CodeAnswer {
        var places = try self.places(of: self.question.frames)
        for term in self.question.terms {
            guard !self.isOver else { break }
            for place in try self.places(of: term) where places.count < limit * 4 {
                // A file that a trace or a better term has named is said once.
                guard !places.contains(where: { $0.path == place.path && abs($0.line - place.line) <= 2 }) else {
                    continue
                }
                places.append(place)
            }
        }
        var answer = CodeAnswer(places: Array(places.prefix(max(0, limit))), isPartial: self.isPartial)
        answer.isQuestion = self.question.isDefinite
        for index in answer.places.indices { try self.complete(&answer.places[index]) }
        return answer
    }

    /// Whether no more files may be read.
    private var isOver: Bool {
        mutating get {
            if self.files.readCount >= Self.maximumFiles || self.now() > self.end { self.isPartial = true }
            return self.isPartial
        }
    }

    // MARK: Terms

    private mutating func places(of term: CodeQuestion.Term) throws -> [CodePlace] {
        let finder = LiteralFinder(term.text)
        guard finder.folded.count >= 3 else { return [] }
        let definitions = try self.definitions(of: term)
        var candidates = try self.candidates(finder.folded)
        if term.kind == .errorText, candidates.count > Self.maximumErrorFiles { return [] }
        let lines = Dictionary(grouping: definitions, by: \.file)
        // Those that are likely to be the best are read first: a search that ends early has them.
        for index in candidates.indices { candidates[index].weight = self.weight(candidates[index], lines) }
        candidates.sort { ($1.weight, $0.file.path) < ($0.weight, $1.file.path) }
        var found: [Ranked] = []
        for candidate in candidates {
            guard !self.isOver else { break }
            let symbols = lines[candidate.id]?.map(\.symbol) ?? []
            if let place = self.place(of: term, finder, in: candidate, symbols) { found.append(place) }
        }
        return found.sorted { ($1.rank, $0.place.path) < ($0.rank, $1.place.path) }.map(\.place)
    }

    private struct Ranked {
        var place: CodePlace
        var rank: Double
    }

    private struct Candidate {
        var id: Int64
        var file: SourceFiles.File
        var weight = 0.0
    }

    /// The files that have all three letters in a row of a text.
    private func candidates(_ folded: [UInt8]) throws -> [Candidate] {
        var set = TrigramSet()
        let grams = set.trigrams(of: folded)
        let marks = databaseQuestionMarks(count: grams.count)
        let sizes = try Row.fetchAll(
            self.db,
            sql: "SELECT gram, sum(length(files)) FROM posting WHERE gram IN (\(marks)) GROUP BY gram",
            arguments: StatementArguments(grams.map(Int64.init))
        )
        guard sizes.count == grams.count, !grams.isEmpty else { return [] }
        let rarest = sizes.sorted { ($0[1] as Int) < ($1[1] as Int) }.prefix(8).map { $0[0] as Int64 }
        var ids: Set<Int64>?
        let statement = try self.db.cachedStatement(sql: "SELECT files FROM posting WHERE gram = ? ORDER BY segment")
        for gram in rarest {
            let lists = try Data.fetchAll(statement, arguments: [gram])
            let numbers = lists.lazy.flatMap { PostingList.numbers(in: $0) }
            ids = ids.map { ids in Set(numbers.filter { ids.contains($0) }) } ?? Set(numbers)
            if ids?.isEmpty == true { return [] }
        }
        let row = try self.db.cachedStatement(sql: "SELECT root, path FROM file WHERE id = ?")
        return try (ids ?? []).sorted().prefix(Self.maximumCandidates).compactMap { id in
            // One without a row is gone.
            guard let row = try Row.fetchOne(row, arguments: [id]),
                let file = self.files.file(root: row[0], path: row[1])
            else { return nil }
            return Candidate(id: id, file: file)
        }
    }

    private func definitions(of term: CodeQuestion.Term) throws -> [(file: Int64, symbol: Symbol)] {
        // `Basket.total` is found by its last part, where the code says so.
        guard term.kind != .errorText, term.text.utf8.allSatisfy({ $0.isWordPart }) else { return [] }
        let statement = try self.db.cachedStatement(
            sql: "SELECT file, name, line, kind, scope FROM symbol WHERE folded = ? ORDER BY file, line LIMIT 200"
        )
        return try Row.fetchAll(statement, arguments: [term.text.lowercased()]).map { row in
            (row["file"], Symbol(name: row["name"], line: row["line"], kind: row["kind"], scope: row["scope"]))
        }
    }

    private func weight(_ candidate: Candidate, _ definitions: [Int64: [(file: Int64, symbol: Symbol)]]) -> Double {
        let names = Set(candidate.file.path.lowercased().split { !$0.isLetter && !$0.isNumber })
        let shared = names.intersection(self.question.words).count
        return (definitions[candidate.id] == nil ? 0 : 8) + Double(min(shared, 3)) + (candidate.file.isTest ? 0 : 0.5)
    }

    private mutating func place(
        of term: CodeQuestion.Term,
        _ finder: LiteralFinder,
        in candidate: Candidate,
        _ symbols: [Symbol]
    ) -> Ranked? {
        guard let text = self.files.text(of: candidate.file), let (match, count) = finder.matches(in: text) else {
            return nil
        }
        // The code may have changed since it was indexed.
        let definition = symbols.first { symbol in
            text.excerpt(around: symbol.line, margin: 0)?.text.contains(symbol.name) == true
        }
        let line = definition?.line ?? match.line
        let place = CodePlace(
            file: candidate.file,
            line: line,
            column: definition == nil ? match.column : nil,
            reason: definition == nil ? term.kind.reason : .definition,
            excerpt: text.excerpt(around: line),
            symbol: definition,
            matches: count,
            url: candidate.file.url(line: line)
        )
        var rank = candidate.weight - (definition == nil && candidate.weight >= 8 ? 8 : 0)
        rank += match.isWholeWord ? 16 : 0
        rank += match.hasCase || definition?.name == term.text ? 4 : 0
        // Fewer matches say that a file is about something else less often.
        rank += 1 / Double(count)
        return Ranked(place: place, rank: rank)
    }
}
