import Messages
import Testing

@Suite("the context of a message")
struct MessageContextTests {
    private static func context(_ json: String) throws -> MessageContext {
        var reader = ClientFrameReader()
        var frame = #"{"type":"user","message":"hello","id":"m1","context":\#(json)}"#
        let read = try frame.withUTF8 { bytes in
            try reader.read(bytes, session: try #require(SessionID("s1")), mode: .v1)
        }
        guard case .user(let message) = read else { return .empty }
        return message.context
    }

    @Test("gives the site's own values as texts, whatever they were written as")
    func texts() throws {
        let context = try Self.context(
            #"{"page":"/a","vars":{"plan":"pro \u00e9","seats":12,"paid":true,"x":null,"y":{},"z":[]}}"#
        )
        #expect(context.read { $0.texts(of: "vars") } == ["plan": "pro é", "seats": "12", "paid": "true"])
        #expect(context.read { $0.texts(of: "page") }.isEmpty)
        #expect(try Self.context("{}").read { $0.texts(of: "vars") }.isEmpty)
        #expect(try Self.context(#"{"vars":"plan"}"#).read { $0.texts(of: "vars") }.isEmpty)
    }

    @Test("keeps the time that the client wrote, where the context has none")
    func clientTimestamp() throws {
        func context(_ rest: String) throws -> String {
            var reader = ClientFrameReader()
            var frame = #"{"type":"user","message":"hello","id":"m1",\#(rest)}"#
            let read = try frame.withUTF8 { bytes in
                try reader.read(bytes, session: try #require(SessionID("s1")), mode: .seed)
            }
            guard case .user(let message) = read else { return "" }
            return message.context.json
        }
        let time = #""timestamp":"2026-11-30T06:00:00Z""#
        #expect(try context(time) == #"{"clientTimestamp":"2026-11-30T06:00:00Z"}"#)
        #expect(
            try context(time + #","context":{"page":"/a"}"#)
                == #"{"clientTimestamp":"2026-11-30T06:00:00Z","page":"/a"}"#
        )
        #expect(
            try context(time + #","context":{"clientTimestamp":"noon"}"#) == #"{"clientTimestamp":"noon"}"#
        )
        #expect(try context(#""timestamp":12"#) == "{}")
        #expect(try context(#""timestamp":"\#(String(repeating: "x\\n", count: 100))""#).utf8.count < 120)
    }

    @Test("F6 GT9: keeps the allowed keys in their forms and nothing else")
    func filter() throws {
        let context = try Self.context(
            #"""
            {"page":"/a?token=1#x","url":"https://a.example/b?c","title":"T","cookie":"c","form":{"card":"4111"},
             "__proto__":{"x":1},"userAgent":"U","locale":7,"viewport":{"width":800,"deep":{"a":1}},
             "selectedElement":{"selector":".a","tag":"INPUT","text":"t","value":"secret","outerHTML":"<b>"},
             "errors":["one",2,{"a":"b"},"two"],"vars":{"plan":"pro","nested":{"password":"p"},"list":["p"]}}
            """#
        )
        #expect(
            context.json == #"{"page":"/a","url":"https://a.example/b","title":"T","viewport":{"width":800},"#
                + #""selectedElement":{"selector":".a","tag":"INPUT","text":"t"},"errors":["one","two"],"#
                + #""vars":{"plan":"pro"}}"#
        )
    }

    @Test("holds no line break, however the client wrote it, since frames may be joined by them")
    func lines() throws {
        let context = try Self.context("{\n\"vars\": {\n \"a\" : 1,\n\t\"b\": \"x\\ny\"},\n\"errors\": [\n\"e\"\n]\n}")
        #expect(context.json == #"{"vars":{"a":1,"b":"x\ny"},"errors":["e"]}"#)
    }

    @Test("cuts texts to their limits, between Unicode scalars")
    func cut() throws {
        let long = String(repeating: "\u{1F600}", count: 250)
        let title = try #require(Self.context(#"{"title":"\#(long)"}"#).text("title"))
        #expect(title.unicodeScalars.count == 200)
        let marks = "e" + String(repeating: "\u{301}", count: 900)
        #expect(try Self.context(#"{"title":"\#(marks)"}"#).text("title")?.unicodeScalars.count == 200)
        let errors = Array(repeating: #""\#(String(repeating: "e", count: 300))""#, count: 7).joined(separator: ",")
        let kept = try Self.context(#"{"errors":[\#(errors)]}"#).json
        #expect(kept.split(separator: ",").count == 5)
        #expect(kept.utf8.count == #"{"errors":[]}"#.utf8.count + 5 * 202 + 4)
    }

    @Test("gives no more of them than a page may set")
    func bounded() throws {
        let pairs = (0..<50).map { "\"key\($0)\":\"\($0)\"" }.joined(separator: ",")
        let texts = try Self.context(#"{"vars":{\#(pairs)}}"#).read { $0.texts(of: "vars") }
        #expect(texts.count == MessageContext.maximumTexts)
        #expect(texts["key0"] == "0")
        #expect(texts["key49"] == nil)
    }
}
