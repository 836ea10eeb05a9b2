internal import Responders

/// Lets a language model see what the rules make of a message: which one answers, and why the others don't.
struct ExplainRules: Tool {
    struct Input: ToolInput {
        var message: String

        static let descriptions = ["message": "What a visitor might write, or wrote: \"the login fails\"."]
    }

    let rules: Rules
    let name = "explain_rules"
    let description = """
        Says how the site's own rules answer a message: the rule and its reply, or why none fits. Use it to explain an \
        earlier automatic answer, or to find the words that lead to one.
        """

    func call(_ input: Input, in turn: Turn) throws -> String {
        guard input.message.utf8.count <= 2_000 else { throw ToolError("message: at most 2000 bytes") }
        let asked = Turn(
            id: turn.id,
            message: Incoming(id: turn.message.id, seq: turn.message.seq, text: input.message, lang: turn.message.lang),
            conversation: turn.conversation,
            visitor: turn.visitor,
            page: turn.page,
            localTime: turn.localTime
        )
        var lines: [String]
        switch self.rules.respond(to: asked) {
        case .reply(let reply, _, _, _): lines = ["reply: \(reply.text)"]
        case .handoff: lines = ["a person goes on"]
        case .suppress: lines = ["no reply, on purpose"]
        default: lines = ["no rule answers"]
        }
        if let explanation = self.rules.explanation(of: asked) {
            if let decisive = explanation.decisive { lines.append("rule: \(decisive.name)") }
            lines += explanation.lines
        }
        return lines.joined(separator: "\n")
    }
}
