internal import Responders
internal import SourceCode

/// Lets the model look into the source code of the site.
struct SearchCode: Tool {
    struct Input: ToolInput {
        var query: String
        static let descriptions = [
            "query": "A name, a text that stands in the code, or an error with its stack trace: \"Basket.total\"."
        ]
    }

    let code: Code
    let name = "search_code"
    let description = """
        Searches the source code of this site and gives places as path:line with a few lines around them. Stack traces and error \
        texts are resolved to the lines that they come from. Use it before you say where in the code something is, and name \
        path and line of what you use.
        """

    func call(_ input: Input, in turn: Turn) async throws -> String {
        guard self.code.mayFind(turn.visitor) else { throw ToolError("this visitor may not see source code") }
        guard self.code.live.isRunning else { throw ToolError("the source code is not there") }
        guard input.query.utf8.count >= 3 else { throw ToolError("query: write three letters or more") }
        let answer: CodeAnswer?
        do { answer = try await self.code.search(CodeQuery(input.query, limit: 5, isLiteral: true)) } catch {
            throw ToolError("the source code can't be searched at the moment")
        }
        guard let answer else { throw ToolError("the source code is being read; try again later") }
        guard !answer.places.isEmpty else { return "the source code has nothing of it" }
        let places = answer.places.map { "\($0.reason.word): \(Code.shown($0))" }
        return (places + (answer.isPartial ? ["there may be more"] : [])).joined(separator: "\n\n")
    }
}
