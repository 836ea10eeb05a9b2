import Access
import Hub
import Messages
import Testing

@Suite("JSON and fields that are not what they should be", .timeLimit(.minutes(3)))
struct AttacksOnFields {
    /// A body that is refused while the connection stays open.
    struct Refusal: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let text: String
        let code: String
        let detail: String?

        init(_ what: String, _ text: String, _ code: String = "bad_json", _ detail: String? = nil) {
            (self.testDescription, self.text, self.code, self.detail) = (what, text, code, detail)
        }

        static func field(_ what: String, _ text: String, _ detail: String) -> Refusal {
            Refusal(what, text, "bad_request", detail)
        }
    }

    /// A message with more members.
    private static func message(_ more: String, text: String = "a") -> String {
        #"{"type":"user","message":"\#(text)","id":"m1"\#(more)}"#
    }

    private static let shapes: [Refusal] = [
        Refusal("F1: 10,000 arrays", String(repeating: "[", count: 10_000)),
        Refusal("F1: 32 KB of arrays in a member", #"{"a":"# + String(repeating: "[", count: 32_000)),
        Refusal("F1: 17 objects", String(repeating: #"{"a":"#, count: 17) + "1" + String(repeating: "}", count: 17)),
        Refusal("F1: 65 members", "{" + (0..<65).map { "\"k\($0)\":1" }.joined(separator: ",") + "}"),
        Refusal("F1: 3,000 members", "{" + (0..<3_000).map { "\"\($0)\":1" }.joined(separator: ",") + "}"),
        Refusal("F1: a number of 33 digits", message(",\"n\":" + String(repeating: "1", count: 33))),
        Refusal("F1: 1e400", message(#","n":1e400"#)), Refusal("F1: -1e400", message(#","n":-1e400"#)),
        Refusal("F2: a key twice", #"{"type":"user","type":"user"}"#),
        Refusal("F2: a key twice, once escaped", #"{"type":"user","\u0074ype":"user"}"#),
        Refusal("F2: a key twice inside of the context", message(#","context":{"vars":{"a":1,"\u0061":2}}"#)),
        Refusal("F2: __proto__ twice", message(#","__proto__":1,"__proto__":2"#)),
        Refusal("F3: half of a surrogate pair", message("", text: #"\ud800"#)),
        Refusal("F3: the other half", message("", text: #"\udc00"#)),
        Refusal("F3: the halves in the wrong order", message("", text: #"\udc00\ud800"#)),
        Refusal("F3: half a pair in a key", message(#","\ud800":1"#)),
        Refusal("F3: a raw control character", message("", text: "a\u{1}b")),
        Refusal("F3: a raw line break", message("", text: "a\nb")),
        Refusal("F3: a byte order mark", "\u{FEFF}" + message("")), Refusal("F3: a second object", message("") + " {}"),
        Refusal("F3: a zero byte behind", message("") + "\0"), Refusal("F3: a comma at the end", #"{"type":"pong",}"#),
        Refusal("F3: a comment", #"{"type":"pong"/**/}"#), Refusal("F3: NaN", message(#","n":NaN"#)),
        Refusal("F3: a number with a leading zero", message(#","n":01"#)),
        Refusal("F3: single quotes", "{'type':'pong'}"),
        Refusal("F4: lines of JSON", message("") + "\n" + message("")), Refusal("F4: an array", "[\(message(""))]"),
        Refusal("F4: a text", #""pong""#), Refusal("F4: null", "null"), Refusal("F4: nothing", ""),
    ]

    private static let fields: [Refusal] = [
        .field("F3: U+0000 in the message", message("", text: #"a\u0000b"#), "message"),
        .field("F4: no type", "{}", "type"), .field("F4: a type that is a number", #"{"type":7}"#, "type"),
        .field("F4: a type that is null", #"{"type":null}"#, "type"),
        .field("F4: an unknown type", #"{"type":"nonsense"}"#, "type"),
        .field("F4: a type in capitals", #"{"type":"USER","message":"a","id":"m1"}"#, "type"),
        .field("F4: no message", #"{"type":"user","id":"m1"}"#, "message"),
        .field("F4: a message that is null", #"{"type":"user","message":null,"id":"m1"}"#, "message"),
        .field("F4: a message that is an object", #"{"type":"user","message":{},"id":"m1"}"#, "message"),
        .field("F4: an empty message", message("", text: ""), "message"),
        .field("F4: no id", #"{"type":"user","message":"a"}"#, "id"),
        .field("F4: an id that is a number", #"{"type":"user","message":"a","id":1}"#, "id"),
        .field("F4: a context that is an array", message(#","context":[]"#), "context"),
        .field("F4: a context that is a text", message(#","context":"{}""#), "context"),
        .field("F4: attachments", message(#","attachments":[]"#), "attachments"),
        .field("F4: a typing without a state", #"{"type":"typing"}"#, "state"),
        .field("F4: a typing of another state", #"{"type":"typing","state":"on"}"#, "state"),
    ]

    @Test(
        "F1 F2 F3 F4: a body that can't be taken is refused, over WebSocket as by POST, and the next one is taken",
        arguments: shapes + fields
    )
    func refusal(_ refusal: Refusal) async throws {
        try await RunningServer.run { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                _ = try await socket.next()
                try await socket.send(refusal.text)
                let error = try await socket.next()
                #expect(error["type"]?.text == "error" && error["temporary"]?.flag == false)
                #expect(error["code"]?.text == refusal.code)
                #expect(error["detail"]?.text == refusal.detail)
                let post = try await TestRequest.post("/api/chat/messages?session=s", refusal.text).send(
                    port: server.port
                )
                #expect(post.status == 400)
                #expect(post.code == refusal.code)
                #expect(post.json["detail"]?.text == refusal.detail)
                try await socket.send(#"{"type":"user","message":"hello","id":"m9"}"#)
                let first = try await socket.next()
                #expect(first["id"]?.text == "m9" && first["seq"]?.number == 1)
            }
        }
    }

    /// Texts of 16,384 bytes and what they are made of; one more byte or character is too much.
    private static let longest: [(what: String, json: String, more: String)] = [
        ("ASCII", String(repeating: "a", count: 16_384), "a"),
        ("emoji", String(repeating: "\u{1F600}", count: 4_096), "\u{1F600}"),
        ("escapes", String(repeating: #"\n"#, count: 8_192) + String(repeating: "b", count: 8_192), #"\t"#),
        (
            "escaped letters", String(repeating: #"\u00e9"#, count: 2_000) + String(repeating: "b", count: 12_384),
            #"\u0062"#
        ),
    ]

    @Test(
        "F5 GT12: a message of 16,384 bytes is taken and a longer one is too large, whatever it is made of",
        arguments: longest.map(\.what)
    )
    func messageBounds(what: String) async throws {
        let (_, text, more) = try #require(Self.longest.first { $0.what == what })
        try await RunningServer.run { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                _ = try await socket.next()
                try await socket.send(#"{"type":"user","message":"\#(text)","id":"m1"}"#)
                #expect(try await socket.next("ack")["seq"]?.number == 1)
                try await socket.send(#"{"type":"user","message":"\#(text)\#(more)","id":"m2"}"#)
                let error = try await socket.next("error")
                #expect(error["code"]?.text == "too_large" && error["id"]?.text == "m2")
                let body = #"{"type":"user","message":"\#(text)\#(more)","id":"m3","sessionId":"s"}"#
                let post = try await TestRequest.post("/api/chat/messages", body).send(port: server.port)
                #expect(post.status == 413 && post.code == "too_large")
            }
        }
    }

    @Test("F6: a context of 4,096 bytes is taken and one of 4,097 is too large")
    func contextBounds() async throws {
        @Sendable func frame(_ bytes: Int, _ id: String) -> String {
            let context = #"{"form":""# + String(repeating: "x", count: bytes - 11) + #""}"#
            return #"{"type":"user","message":"hello","id":"\#(id)","sessionId":"s","context":\#(context)}"#
        }
        try await RunningServer.run { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                _ = try await socket.next()
                try await socket.send(frame(4_096, "m1"))
                #expect(try await socket.next("ack")["seq"]?.number == 1)
                try await socket.send(frame(4_097, "m2"))
                #expect(try await socket.next("error")["code"]?.text == "too_large")
                let post = try await TestRequest.post("/api/chat/messages", frame(4_097, "m3")).send(port: server.port)
                #expect(post.status == 413 && post.code == "too_large")
            }
        }
    }

    @Test(
        "F6 F7 GT9: form values, unknown keys and those that change objects in a browser reach nobody",
        arguments: [true, false]
    )
    func removed(isPost: Bool) async throws {
        let context =
            #"{"title":"Cart","forms":{"card":"4111"},"cookies":"sid=4111","password":"4111","userAgent":"4111","#
            + #""__proto__":{"polluted":4111},"constructor":{"prototype":{"polluted":4111}},"toString":"4111","#
            + #""vars":{"plan":"gold","__proto__":{"polluted":4111},"constructor":[4111]},"#
            + #""selectedElement":{"tag":"input","value":"4111","__proto__":{"polluted":4111}},"page":"/a?card=4111#4111"}"#
        let frame =
            #"{"type":"user","message":"hello","id":"m1","sessionId":"s","__proto__":{"polluted":4111},"#
            + #""constructor":4111,"toString":"4111","hasOwnProperty":4111,"context":\#(context)}"#
        try await RunningServer.run { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                _ = try await socket.next()
                if isPost {
                    let answer = try await TestRequest.post("/api/chat/messages", frame).send(port: server.port)
                    #expect(answer.status == 200)
                } else {
                    try await socket.send(frame)
                }
                let shown = String(decoding: try #require(try await socket.nextFrame()).payload, as: UTF8.self)
                #expect(shown.contains(#""title":"Cart""#) && shown.contains(#""plan":"gold""#))
                for word in ["4111", "polluted", "__proto__", "constructor", "toString", "hasOwnProperty"] {
                    #expect(!shown.contains(word), "\(shown)")
                }
            }
        }
    }

    @Test("H6: line breaks, escape sequences and texts of visitors reach no log, and each event is one line")
    func logLines() async throws {
        let marker = "MARKER"
        let hostile = #"\r\n2030-01-01 error \#(marker) \u001b[31m\u0085\u2028"#
        let (ground, log) = (try AttackGround(), LogRecord())
        let token = try ground.token("s").text
        try await ground.run(log: log) { server in
            let page = "&page=/\(marker)%e2%80%a8%c2%85"
            try await TestSocket.open("s", token: token, query: page, port: server.port) { socket in
                _ = try await socket.next()
                let context = #"{"page":"\#(hostile)","title":"\#(hostile)","vars":{"name":"\#(hostile)"}}"#
                for text in [hostile, "hello"] {
                    let id = text == hostile ? "m1" : "m2"
                    try await socket.send(#"{"type":"user","message":"\#(text)","id":"\#(id)","context":\#(context)}"#)
                    #expect(try await socket.next("ack")["id"]?.text == id)
                }
                try await socket.send(#"{"type":"\#(hostile)","id":"\#(hostile)"}"#)
                let error = try await socket.next("error")
                #expect(error["message"]?.text?.contains(marker) == false)
            }
        }
        #expect(log.count > 0)
        #expect(!log.text.contains(marker) && !log.text.contains("\u{1B}"))
        // The record joins its lines by one line break each.
        #expect(log.text.split(omittingEmptySubsequences: false) { $0.isNewline }.count == log.count)
    }
}
