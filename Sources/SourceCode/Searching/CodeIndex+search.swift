internal import GRDB
public import Indexing

extension CodeIndex {
    /// Looks for what a text asks for.
    ///
    /// - Parameter query: What is looked for.
    /// - Returns: At most ``CodeQuery/limit`` places; equal ones in the order of their paths.
    /// - Throws: What the disk reports.
    public func search(_ query: CodeQuery) async throws(CodeError) -> CodeAnswer {
        do { return try await self.pool.read { try self.answer(to: query, $0) } } catch {
            throw CodeError(error, at: self.path)
        }
    }

    /// The same for who may wait on the calling thread.
    public func searchNow(_ query: CodeQuery) throws(CodeError) -> CodeAnswer {
        do { return try self.pool.read { try self.answer(to: query, $0) } } catch {
            throw CodeError(error, at: self.path)
        }
    }

    private func answer(to query: CodeQuery, _ db: Database) throws -> CodeAnswer {
        // One of another version has yet to be made anew.
        guard try self.file.isCurrent(db) else { return CodeAnswer() }
        let question = CodeQuestion(query.text, isLiteral: query.isLiteral)
        var search = CodeSearch(self, question, db)
        return try search.answer(atMost: query.limit)
    }
}
