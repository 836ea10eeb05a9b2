import Testing

@testable import Plugins

@Suite("claude: requests and responses")
struct MessagesWireTests {
    @Test("a request has its keys in order, one mark for the cache, and no field that isn't set")
    func request() {
        var request = MessagesRequest(
            model: "m",
            maxTokens: 64,
            system: "Be kind.",
            messages: [.init(role: .user, content: [.text("Hi \"you\"\n")])]
        )
        #expect(
            String(decoding: request.bytes, as: UTF8.self) == """
                {"max_tokens":64,"messages":[{"content":[{"text":"Hi \\"you\\"\\n","type":"text"}],"role":"user"}],\
                "model":"m","stream":true,"system":[{"text":"Be kind.","type":"text"}]}
                """
        )
        request.cache = .hour
        request.tools = [.init(name: "t", description: "d", inputSchema: ["type": "object", "properties": [:]])]
        request.toolChoice = .auto
        request.userID = "u"
        request.thinking = .enabled(budgetTokens: 2_000)
        request.effort = .low
        request.serviceTier = .standardOnly
        request.messages = [
            .init(role: .assistant, content: [.toolUse(.init(id: "1", name: "t", input: ["b": 1, "a": 2]))]),
            .init(
                role: .user,
                content: [
                    .toolResult(.init(id: "1", text: "x")), .toolResult(.init(id: "2", text: "y", isError: true)),
                ]
            ),
        ]
        #expect(
            String(decoding: request.bytes, as: UTF8.self) == """
                {"max_tokens":64,"messages":[{"content":[{"id":"1","input":{"b":1,"a":2},"name":"t","type":"tool_use"}],\
                "role":"assistant"},{"content":[{"content":"x","tool_use_id":"1","type":"tool_result"},{"content":"y",\
                "is_error":true,"tool_use_id":"2","type":"tool_result"}],"role":"user"}],"metadata":{"user_id":"u"},\
                "model":"m","output_config":{"effort":"low"},"service_tier":"standard_only","stream":true,"system":\
                [{"cache_control":{"ttl":"1h","type":"ephemeral"},"text":"Be kind.","type":"text"}],"thinking":\
                {"budget_tokens":2000,"type":"enabled"},"tool_choice":{"type":"auto"},"tools":[{"description":"d",\
                "input_schema":{"properties":{},"type":"object"},"name":"t"}]}
                """
        )
    }

    @Test("a response in one piece is read as a streamed one")
    func response() throws {
        let body = """
            {"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"Which page?"},\
            {"type":"web_search_tool_result","x":1},{"type":"tool_use","id":"t","name":"n","input":{"a":[true,null]}}],\
            "stop_reason":"refusal","stop_sequence":null,"stop_details":{"type":"refusal","category":"cyber",\
            "explanation":"x"},"usage":{"input_tokens":12,"output_tokens":7},"container":null,"next_year":{}}
            """
        let response = try MessagesResponse(JSONValue(bytes: Array(body.utf8)))
        #expect(response.text == "Which page?")
        #expect(response.unknownBlocks == 1)
        #expect(response.toolUses == [.init(id: "t", name: "n", input: ["a": [true, .null]])])
        #expect(response.refusal?.category == "cyber")
        #expect(response.usage.total == 19)
    }

    @Test(
        "a response with a wrong shape is refused",
        arguments: [
            #"{"role":"assistant","id":"i","model":"m","content":"text","stop_reason":"end_turn","usage":{}}"#,
            #"{"role":"user","id":"i","model":"m","content":[],"stop_reason":"end_turn","usage":{}}"#,
            #"{"role":"assistant","id":"i","model":"m","content":[],"stop_reason":"end_turn"}"#,
            #"{"role":"assistant","id":"i","model":"m","content":[],"usage":{}}"#,
            #"{"role":"assistant","id":"i","model":"m","content":[7],"stop_reason":"end_turn","usage":{}}"#,
            #"{"role":"assistant","id":"i","model":"m","content":[{"type":"text"}],"stop_reason":"x","usage":{}}"#,
            #"{"role":"assistant","id":"i","model":"m","content":[{"type":"tool_use","id":"1","name":"n"}],"stop_reason":"x","usage":{}}"#,
        ]
    )
    func badResponse(body: String) throws {
        let value = try JSONValue(bytes: Array(body.utf8))
        #expect(throws: WireProblem.self) { try MessagesResponse(value) }
    }

    @Test(
        "errors are told by their type, whatever the type is",
        arguments: [
            ("overloaded_error", "overloaded"), ("api_error", "api"), ("not_found_error", "not-found"),
            ("x y", "api-error"), ("", "api-error"), ("error_of_2030", "api-error"), ("quota", "quota"),
        ]
    )
    func errors(type: String, code: String) throws {
        let body: JSONValue = ["type": "error", "error": ["type": .text(type), "message": "m"], "request_id": "r"]
        let error = try #require(APIError(body))
        #expect(error.code == code)
        #expect(error.requestID == "r")
        #expect(APIError(["type": "message"]) == nil)
        #expect(APIError(["type": "error", "error": "x"]) == nil)
    }
}
