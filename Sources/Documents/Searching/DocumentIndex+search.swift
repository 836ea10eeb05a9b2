internal import GRDB
public import Indexing

extension DocumentIndex {
    /// Looks for sections that answer a text, one for each page, the best first.
    ///
    /// - Parameter query: What is searched for.
    /// - Returns: At most ``DocumentQuery/limit``; equal ones in the order of their addresses.
    /// - Throws: What the disk reports.
    public func search(_ query: DocumentQuery) async throws(DocumentError) -> [DocumentHit] {
        do { return try await self.pool.read { try self.hits(of: query, $0) } } catch {
            throw DocumentError(error, at: self.path)
        }
    }

    /// The same for who may wait on the calling thread.
    public func searchNow(_ query: DocumentQuery) throws(DocumentError) -> [DocumentHit] {
        do { return try self.pool.read { try self.hits(of: query, $0) } } catch {
            throw DocumentError(error, at: self.path)
        }
    }

    /// How many sections are looked at closely: those with all words, with two in a row, and with any.
    private static let candidates = (all: 10, phrase: 10, any: 50)

    private func hits(of query: DocumentQuery, _ db: Database) throws -> [DocumentHit] {
        // One of another version has yet to be made anew.
        guard try self.file.isCurrent(db) else { return [] }
        let terms = try SearchTerms(query.text, self.synonymTable(db), db)
        let patterns = [
            (terms.phrasePattern, Self.candidates.phrase, true), (terms.allPattern, Self.candidates.all, false),
            (terms.anyPattern, Self.candidates.any, false),
        ]
        let ranking = Ranking(query, terms, try db.makeTokenizer(DocumentSchema.stems))
        var found: [Int64: Ranking.Candidate] = [:]
        for case (let pattern?, let count, let isPhrase) in patterns {
            for candidate in try Self.candidates(pattern, count, db) {
                // The relevance is that of the last pattern, which has the most words to weigh.
                let hasPhrase = isPhrase || found[candidate.id]?.hasPhrase == true
                found[candidate.id] = candidate
                found[candidate.id]?.hasPhrase = hasPhrase
            }
        }
        let ranked = try found.values.map(ranking.ranked)
        let pages = Dictionary(grouping: ranked, by: \.page).values.compactMap(Ranking.best)
        let chosen = pages.sorted { ($1.rank, $0.url) < ($0.rank, $1.url) }.prefix(max(0, query.limit))
        let pattern = terms.anyPattern ?? ""
        return try chosen.map { candidate in
            DocumentHit(
                title: candidate.title,
                heading: candidate.heading,
                url: candidate.url,
                lang: candidate.lang,
                score: candidate.score,
                snippet: try Self.snippet(candidate, pattern, db)
            )
        }
    }

    private static func candidates(_ pattern: String, _ count: Int, _ db: Database) throws -> [Ranking.Candidate] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT section.id, section.heading, section.title, section.url, section.anchor, section.lang,
                    section.has_text, score, section.stems
                FROM (SELECT rowid AS found, rank AS score FROM words
                    WHERE words MATCH ? AND rank MATCH 'bm25(8.0, 4.0, 1.0)' ORDER BY rank LIMIT ?)
                JOIN section ON section.id = found
                """
        )
        return try Row.fetchAll(statement, arguments: [pattern, count]).map(Ranking.Candidate.init)
    }

    private static func snippet(_ candidate: Ranking.Candidate, _ pattern: String, _ db: Database) throws -> Snippet {
        guard candidate.hasText else { return Snippet(marked: "") }
        let statement = try db.cachedStatement(
            sql: """
                SELECT snippet(words, 2, char(0xE000), char(0xE001), '…', 40) FROM words
                WHERE words MATCH ? AND rowid = ?
                """
        )
        return Snippet(marked: try String.fetchOne(statement, arguments: [pattern, candidate.id]) ?? "")
    }
}
