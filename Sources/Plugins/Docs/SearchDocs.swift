internal import Documents
internal import Responders

/// Lets the model look into the documents of the site.
struct SearchDocs: Tool {
    struct Input: ToolInput {
        var query: String
        static let descriptions = ["query": "What to look for, in a few words: \"return damaged goods\"."]
    }

    let docs: Docs
    let name = "search_docs"
    let description = """
        Searches the documents of this site and gives titles, addresses and passages. Use it before you answer how something \
        on this site works, and name the address of what you use.
        """

    func call(_ input: Input, in turn: Turn) async throws -> String {
        guard self.docs.live.isRunning else { throw ToolError("the documents are not there") }
        let hits: [String]?
        do {
            // Less is asked than for an answer to the visitor: the model judges.
            hits = try await self.docs.hits(of: input.query, in: turn, from: self.docs.minimumScore / 2)?
                .map { "\($0.shownTitle)\n\($0.url)\n\($0.snippet.plain)" }
        } catch {
            throw ToolError("the documents can't be searched at the moment")
        }
        guard let hits else { throw ToolError("the documents are being read; try again later") }
        return hits.isEmpty ? "the documents say nothing about it" : hits.joined(separator: "\n\n")
    }
}
