internal import Documents
internal import Foundation
internal import GRDB

/// Asks questions whose pages are known, and some that no page answers.
struct Quality {
    private struct Question {
        var text: String
        /// The ends of the addresses of pages that answer it.
        var pages: Set<String>
    }

    /// A way to find pages: the best first, and how sure it is of the first.
    private typealias Search = (String) throws -> (pages: [String], score: Double)

    private let questions: [Question]
    private let unanswerable: [String]
    /// Greetings, thanks, yes and no, and what else people say that asks for nothing.
    private let smallTalk: [String]
    private let index: DocumentIndex
    private let database: DatabaseQueue

    init(source: String, questions: String, unanswerable: String, smallTalk: String, folder: String) throws {
        self.questions = try Self.lines(questions).map { line in
            let parts = line.split(separator: "\t")
            return Question(text: String(parts[0]), pages: Set(parts[1].split(separator: ",").map(String.init)))
        }
        self.unanswerable = try Self.lines(unanswerable)
        self.smallTalk = try Self.lines(smallTalk)
        let path = "\(folder)/quality.sqlite"
        self.index = try DocumentIndex.open(path, now: milliseconds)
        let update = try self.index.update([DocumentSource(path: source)])
        print("\(update.files) files, \(update.sections) sections, \(update.problems.count) left out")
        self.database = try DatabaseQueue(path: path)
        try self.database.write { db in
            try db.execute(
                sql: """
                    CREATE VIRTUAL TABLE plain USING fts5(url UNINDEXED, title, text);
                    INSERT INTO plain SELECT url, max(title), group_concat(heading || ' ' || text, ' ')
                        FROM section GROUP BY url;
                    """
            )
        }
    }

    private static func lines(_ path: String) throws -> [String] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    func report() throws {
        let ways: [(String, Search)] = [
            ("ours", self.ours),
            ("FTS5, all words", { try self.plain($0, joined: " ") }),
            ("FTS5, any word", { try self.plain($0, joined: " OR ") }),
            ("our sections, SQLite's rank", self.defaultRank),
        ]
        print("| way | recall@1 | recall@3 | MRR |\n| --- | --- | --- | --- |")
        for (name, search) in ways {
            let ranks = try self.questions.map { try self.rank(of: $0, by: search) }
            let count = Double(ranks.count)
            let first = Double(ranks.count { $0 == 1 }) / count
            let third = Double(ranks.count { $0.map { $0 <= 3 } ?? false }) / count
            let reciprocal = ranks.reduce(0) { $0 + ($1.map { 1 / Double($0) } ?? 0) } / count
            print("| \(name) | \(first.rounded(to: 3)) | \(third.rounded(to: 3)) | \(reciprocal.rounded(to: 3)) |")
        }
        try self.reportThresholds()
        let clock = ContinuousClock()
        let times = try self.questions.map { question in
            try clock.measure { _ = try self.ours(question.text) }.milliseconds
        }.sorted()
        let (median, longest) = (times[times.count / 2], times[times.count - 1])
        print("an answer takes \(median.rounded(to: 2)) ms at p50, \(longest.rounded(to: 2)) ms at most")
        guard ProcessInfo.processInfo.environment["MISSES"] != nil else { return }
        for question in self.questions {
            let (pages, score) = try self.ours(question.text)
            guard !pages.prefix(3).contains(where: { Self.isAnswer($0, question) }) else { continue }
            print("missed \(score.rounded(to: 2)): \(question.text) -> \(pages.prefix(3).joined(separator: " "))")
        }
        for text in self.unanswerable + self.smallTalk {
            let (pages, score) = try self.ours(text)
            if score > 0.45 { print("answered \(score.rounded(to: 2)): \(text) -> \(pages.first ?? "")") }
        }
    }

    private func reportThresholds() throws {
        let known = try self.questions.map { question in
            let (pages, score) = try self.ours(question.text)
            return (score, pages.prefix(3).contains { Self.isAnswer($0, question) })
        }
        let others = try self.unanswerable.map { try self.ours($0).score }
        let talk = try self.smallTalk.map { try self.ours($0).score }
        print(
            "| min_score | answered | of these with a right page | answered without an answer | small talk answered |\n"
                + "| --- | --- | --- | --- | --- |"
        )
        for step in stride(from: 30, through: 80, by: 5) {
            let limit = Double(step) / 100
            let answered = known.filter { $0.0 >= limit }
            let right = Double(answered.count { $0.1 }) / Double(max(1, answered.count))
            let wrong = others.count { $0 >= limit }
            let talked = talk.count { $0 >= limit }
            print(
                "| \(step)% | \(answered.count) of \(known.count) | \(right.rounded(to: 3)) "
                    + "| \(wrong) of \(others.count) | \(talked) of \(talk.count) |"
            )
        }
    }

    private func rank(of question: Question, by search: Search) throws -> Int? {
        try search(question.text).pages.firstIndex { Self.isAnswer($0, question) }.map { $0 + 1 }
    }

    private static func isAnswer(_ url: String, _ question: Question) -> Bool {
        let page = url.prefix { $0 != "#" }.dropLast(".html".count)
        return question.pages.contains { page.hasSuffix("/\($0)") }
    }

    private func ours(_ text: String) throws -> (pages: [String], score: Double) {
        let hits = try self.index.searchNow(DocumentQuery(text, limit: 10))
        return (hits.map(\.url), hits.first?.score ?? 0)
    }

    private static func words(_ text: String) -> [String] {
        text.split { !$0.isLetter && !$0.isNumber }.map { "\"\($0)\"" }
    }

    /// What one writes first: a table of pages, the words of the question, and its order.
    private func plain(_ text: String, joined joint: String) throws -> (pages: [String], score: Double) {
        let pattern = Self.words(text).joined(separator: joint)
        let pages = try self.database.read { db in
            try String.fetchAll(
                db,
                sql: "SELECT url FROM plain WHERE plain MATCH ? ORDER BY rank LIMIT 10",
                arguments: [pattern]
            )
        }
        return (pages, 0)
    }

    /// Our sections and stems, with the weights of SQLite, without anything else.
    private func defaultRank(_ text: String) throws -> (pages: [String], score: Double) {
        let pattern = Self.words(text).joined(separator: " OR ")
        let urls = try self.database.read { db in
            try String.fetchAll(
                db,
                sql: """
                    SELECT url FROM (SELECT rowid AS found, rank AS score FROM words WHERE words MATCH ? ORDER BY rank LIMIT 100)
                    JOIN section ON section.id = found ORDER BY score
                    """,
                arguments: [pattern]
            )
        }
        var seen: Set<String> = []
        return (urls.filter { seen.insert($0).inserted }, 0)
    }
}
