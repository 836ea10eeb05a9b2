import Responders
import Testing

@Suite("tools that a model may call")
struct ToolTests {
    struct Find: Tool {
        struct Input: ToolInput {
            var query: String
            var limit: Int?
            var share: Double?
            var isNew: Bool?
            var kinds: [Kind]?
            enum Kind: String, CaseIterable, Decodable { case bug, wish }
            static let descriptions = ["query": "What to find.", "limit": "At most."]
        }

        let name = "find"
        let description = "Finds."

        func call(_ input: Input, in turn: Turn) -> String {
            "\(input.query) \(input.limit ?? 5) \(input.share ?? 0.5) \(input.isNew ?? false) \(input.kinds ?? [])"
        }
    }

    /// One whose input no schema can be made of.
    struct Odd: Tool {
        struct Input: ToolInput {
            var nested: Nested
            struct Nested: Decodable { var a: Int }
            static let descriptions: [String: String] = [:]
        }
        let name = "odd"
        let description = "Odd."
        func call(_ input: Input, in turn: Turn) -> String { "" }
    }

    private let turn = Turn(
        id: TurnID("t"),
        message: Incoming(id: "m", text: "x"),
        conversation: Conversation(sessionID: "s"),
        localTime: TimeOfDay(minutes: 0)
    )

    @Test("have the schema of their input's type")
    func schema() throws {
        let schema = try #require(ToolSchema(of: Find.Input.self))
        #expect(
            schema.note == [
                "type": "object", "additionalProperties": false, "required": ["query"],
                "properties": [
                    "query": ["type": "string", "description": "What to find."],
                    "limit": ["type": "integer", "description": "At most."], "share": ["type": "number"],
                    "isNew": ["type": "boolean"],
                    "kinds": ["type": "array", "items": ["type": "string", "enum": ["bug", "wish"]]],
                ],
            ]
        )
        #expect(ToolSchema(of: Odd.Input.self) == nil)
        #expect(ToolBox([Odd(), Find()]).names == ["find"])
    }

    @Test("get what fits the schema, and nothing else")
    func inputs() async {
        let box = ToolBox([Find()])
        let cases: [(Note, String, TraceReason?)] = [
            (["query": "x"], "x 5 0.5 false []", nil),
            (
                ["query": "ü\"", "limit": 2, "share": 1, "isNew": true, "kinds": ["wish"]],
                "ü\" 2 1.0 true [\(Find.Input.Kind.wish)]", nil
            ),
            ([:], "query: missing", "bad-input"),
            (["query": 5, "limit": "x"], "limit: expected a whole number; query: expected a text", "bad-input"),
            (["query": "x", "limit": 1.5], "limit: expected a whole number", "bad-input"),
            (["query": "x", "kinds": ["no"]], "kinds: expected a list, each item one of bug, wish", "bad-input"),
            (["query": "x", "extra": 1], "extra: unknown", "bad-input"),
            (["x"], "the input is no object", "bad-input"),
        ]
        for (input, text, failure) in cases {
            let result = await box.call("find", input, in: self.turn, within: .seconds(100), on: .continuous)
            #expect(result.failure == failure)
            #expect(failure == nil ? result.text.contains(text.prefix(6)) : result.text == text, "\(result.text)")
        }
        let unknown = await box.call("nothing", [:], in: self.turn, within: .seconds(100), on: .continuous)
        #expect(unknown == .init("no such tool", failure: "no-such-tool"))
    }
}
