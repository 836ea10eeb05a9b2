import Hub
import Messages
import Responders
import Testing
import Transport

@testable import Server

@Suite("defects that a chat like this one has had", .timeLimit(.minutes(3)))
struct AttacksSeenBefore {
    private static let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]

    @Test("GT6: three tabs open and close in any order, and each open one gets everything", arguments: orders)
    func tabs(order: [Int]) async throws {
        try await RunningServer.run { server in
            func open(_ body: (TestSocket) async throws -> Void) async throws {
                try await TestSocket.open("/ws/chat?session=s", port: server.port, body)
            }
            try await open { first in
                try await open { second in
                    try await open { third in
                        var tabs = [0: first, 1: second, 2: third]
                        for tab in [first, second, third] { _ = try await tab.next() }
                        for (step, closing) in order.enumerated() {
                            try await tabs[closing]?.send(#"{"type":"user","message":"hello","id":"m\#(step)"}"#)
                            for tab in tabs.values {
                                #expect(try await tab.next("user")["id"]?.text == "m\(step)")
                                #expect(try await tab.next("claude")["id"]?.text == "re:m\(step)")
                            }
                            try await tabs[closing]?.send(0x8, [0x03, 0xE8])
                            #expect(try await tabs[closing]?.closeCode() == 1000)
                            tabs[closing] = nil
                        }
                    }
                }
            }
        }
    }

    @Test("G1 GT13: a tab that reads nothing is let go, and the other one gets every message")
    func slowReader() async throws {
        let text = String(repeating: "a", count: 16_000)
        try await RunningServer.run(options: .unlimited) { server in
            try await TestSocket.connect(port: server.port, receiveBytes: 4_096) { slow in
                try await slow.write(TestSocket.handshake("/ws/chat?session=s", ["Sec-WebSocket-Protocol: chat.v1"]))
                try await slow.readHead()
                try await TestSocket.open("/ws/chat?session=s", port: server.port) { fast in
                    _ = try await fast.next()
                    // More than the kernel and the queue of a connection hold together.
                    for index in 0..<500 {
                        try await fast.send(#"{"type":"user","message":"\#(text)","id":"m\#(index)"}"#)
                        #expect(try await fast.next("ack")["id"]?.text == "m\(index)")
                    }
                }
                // Whoever doesn't read within two seconds after it doesn't see the code, but the end.
                var (count, code) = (0, 4_408)
                while let frame = try? await slow.nextFrame() {
                    if frame.payload.count > text.count { count += 1 }
                    if frame.opcode == 0x8 { code = frame.payload.prefix(2).reduce(0) { $0 << 8 | Int($1) } }
                }
                #expect(code == 4_408)
                #expect(count < 500, "it was sent everything after all")
            }
        }
    }

    /// Answers with all that it was told.
    private struct Repeater: ImmediateResponder {
        func respond(to turn: Turn) -> Verdict {
            .reply(Reply("\(turn.message.text), on \(turn.page.path), of \(turn.conversation.site)", format: .plain))
        }
    }

    @Test("GT17: the same text gets the same reply over WebSocket and by POST", arguments: ["hello", "no idea"])
    func sameReply(text: String) async throws {
        try await RunningServer.run([Repeater()]) { server in
            let reply = try await TestSocket.open("/ws/chat?session=ws", port: server.port) { socket in
                try await socket.send(#"{"type":"user","message":"\#(text)","id":"m1"}"#)
                return try await socket.next("claude")["message"]?.text
            }
            let body = #"{"type":"user","message":"\#(text)","id":"m1","sessionId":"post"}"#
            #expect(try await TestRequest.post("/api/chat/messages", body).send(port: server.port).status == 200)
            let poll = try await TestRequest.get("/api/chat/poll?session=post&client=c").send(port: server.port)
            #expect(poll.text.contains(#""message":"\#(try #require(reply))""#), "\(poll.text)")
        }
    }
}
