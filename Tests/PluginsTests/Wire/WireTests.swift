import Responders
import Testing

@testable import Plugins

@Suite("frames of a plugin")
struct WireTests {
    private func problems(of line: String) -> [String] {
        do throws(WireProblems) {
            _ = try PluginFrame(line: Array(line.utf8))
            return []
        } catch {
            return error.all.map(\.description)
        }
    }

    @Test("JSON comes back as it was written")
    func roundTrip() throws {
        let value: JSONValue = [
            "text": "a \"quoted\" \\ text\n\t\u{1}\u{7F} äöü 👩‍👩‍👧 \u{2028}", "number": 17,
            "list": [1, "two", false, ["x"]],
            "object": ["empty": [:], "list": []],
        ]
        let bytes = value.bytes
        #expect(!bytes.contains(0x0A))
        let read = try bytes.withUnsafeBufferPointer { try JSONValue(object: $0) }
        #expect(read == value)
        let numbers = Array(#"{"a":1.5,"b":-0,"c":1e3,"d":9007199254740991}"#.utf8)
        let parsed = try numbers.withUnsafeBufferPointer { try JSONValue(object: $0) }
        #expect(String(decoding: parsed.bytes, as: UTF8.self) == #"{"a":1.5,"b":0,"c":1000,"d":9007199254740991}"#)
    }

    @Test(
        "say all that is wrong with a line",
        arguments: [
            ("", ["the line is no JSON; write one JSON object on one line [not-json]"]),
            ("[1]", ["the line is JSON, but no object; write one JSON object on one line [not-json]"]),
            ("{}", ["frame.type: missing; write type: ready, verdict, result, delta, pong or log [missing-field]"]),
            (#"{"type":7}"#, ["frame.type: expected a text, found a number [wrong-type]"]),
            (
                #"{"type":"ready","protocol":1}"#,
                [
                    "ready.name: missing; write the plugin's name [missing-field]"
                ]
            ),
            (
                #"{"type":"ready","protocol":"1","name":"","stages":"answer","maxConcurrency":0,"streams":"no"}"#,
                [
                    "ready.protocol: expected a whole number, found a text [wrong-type]",
                    "ready.stages: expected a list, found a text [wrong-type]",
                    "ready.streams: expected true or false, found a text [wrong-type]",
                    "ready.maxConcurrency: 0; write 1 to 256 [out-of-range]",
                ]
            ),
            (
                #"{"type":"ready","protocol":1,"name":"x","stages":["answer"],"actions":["create","Do it",7,""]}"#,
                [
                    "ready.actions[2]: expected a text, found a number [wrong-type]",
                    "ready.actions[3]: 0 bytes; write 1 to 256 [too-long]",
                    "ready.actions[1]: no word in kebab case; write 1 to 40 of a-z 0-9 -, such as create [bad-code]",
                ]
            ),
            (
                #"{"type":"result","values":{"a":["x"],"b":{}},"code":"Not found"}"#,
                [
                    "result.code: no word in kebab case; write 1 to 40 of a-z 0-9 -, such as not-mine [bad-code]",
                    "result.values.a: expected a text, found a list [wrong-type]",
                    "result.values.b: expected a text, found an object [wrong-type]",
                    "result.id: missing; send back the id of the turn [missing-field]",
                ]
            ),
            (
                #"{"type":"result","id":"c1","values":"x"}"#,
                ["result.values: expected an object, found a text [wrong-type]"]
            ),
            (#"{"type":"pong"}"#, ["pong.n: missing; send back the n of the ping [missing-field]"]),
            (
                #"{"type":"delta","id":"c1","text":"x"}"#,
                ["delta.index: missing; count the deltas of a turn from 0 [missing-field]"]
            ),
            (
                #"{"type":"verdict","verdict":"reply","text":"x","confidence":2,"then":"stopp","choices":[{"send":"x"},7]}"#,
                [
                    #"verdict.then: "stopp"; did you mean "stop"? [unknown-word]"#,
                    "verdict.confidence: expected a number from 0 to 1; leave it out for 1 [out-of-range]",
                    "verdict.choices[1]: expected an object, found a number [wrong-type]",
                    "verdict.choices[0].label: missing; write what stands on the button [missing-field]",
                    "verdict.id: missing; send back the id of the turn [missing-field]",
                ]
            ),
        ]
    )
    func mistakes(line: String, expected: [String]) {
        #expect(Set(self.problems(of: line)) == Set(expected))
    }

    @Test("of a type that this server doesn't know are no mistake")
    func unknownType() throws {
        #expect(try PluginFrame(line: Array(#"{"type":"metrics","n":1}"#.utf8)) == .other(type: "metrics"))
    }

    @Test("are refused beyond the bounds, without a crash")
    func bounds() {
        let deep = #"{"type":"x","a":"# + String(repeating: "[", count: 100_000)
        #expect(self.problems(of: deep).first?.contains("nests deeper than 16 levels") == true)
        let long = #"{"type":"verdict","id":"c1","verdict":"reply","text":"\#(String(repeating: "x", count: 16_385))"}"#
        #expect(self.problems(of: long) == ["verdict.text: 16385 bytes; 16384 is the most [too-long]"])
        do throws(WireProblems) {
            _ = try PluginFrame(line: [0x7B, 0xFF, 0x7D])
            Issue.record("took bytes that are no UTF-8")
        } catch {
            #expect(error.all.first?.code == "not-utf8")
        }
    }

    @Test("carry a whole turn, and leave out old history before they get too long")
    func turn() throws {
        let long = String(repeating: "\u{1}", count: 16_384)
        let history = (1...20).map { HistoryItem(.visitor, $0 == 20 ? "newest" : long) }
        let turn = Turn(
            id: TurnID("t_1"),
            message: Incoming(id: "m1", seq: 3, text: "hello", lang: "de", serverTime: 17, clientTime: 15),
            conversation: Conversation(sessionID: "s1", site: "shop", turnCount: 2, topic: "billing", tags: ["a"]),
            visitor: Visitor(id: "u1", name: "Erika", isVerified: true),
            page: Page(path: "/cart", title: "Cart", url: "https://x.example/cart?token=secret", vars: ["plan": "pro"]),
            history: History(history),
            localTime: TimeOfDay(minutes: 61)
        )
        let bytes = HostFrame.turn(id: "c1", turn, limit: .milliseconds(1_800)).bytes
        #expect(bytes.count <= PluginFrame.maximumBytes)
        let frame = try bytes.withUnsafeBufferPointer { try JSONValue(object: $0) }
        #expect(frame["deadlineMs"] == 1_800)
        #expect(
            frame["turn"]?["message"] == [
                "id": "m1", "seq": 3, "text": "hello", "lang": "de", "serverTime": 17, "clientTime": 15,
            ]
        )
        #expect(frame["turn"]?["visitor"] == ["id": "u1", "name": "Erika", "verified": true])
        #expect(frame["turn"]?["localTime"] == "01:01")
        #expect(!String(decoding: bytes, as: UTF8.self).contains("secret"))
        guard case .list(let items)? = frame["turn"]?["history"] else { return #expect(Bool(false)) }
        #expect(items.last?["text"] == "newest")
        #expect(items.count < 20)
    }

    @Test("leave nothing of a visitor's text in what is logged")
    func visitorTexts() {
        var texts = VisitorTexts()
        for text in ["my password is Tr0ub4dor&3", "ok", "4711", "Zoë"] { texts.note(text) }
        #expect(texts.removed(from: "error: MY PASSWORD IS tr0ub4dor&3!") == "error: […]!")
        #expect(texts.removed(from: "token=Tr0ub4dor&3") == "token=[…]")
        #expect(texts.removed(from: "order 4711 of Zoë, 47110") == "order […] of […], 47110")
        #expect(texts.removed(from: "it is ok") == "it is ok")
        for number in 0..<1_000 { texts.note("filler text number \(number) \(String(repeating: "-", count: 200))") }
        #expect(texts.removed(from: "filler text number 999") == "[…]")
    }
}
