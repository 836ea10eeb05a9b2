import Hub
import Messages
import Testing
import Transport

@Suite("hostile clients", .timeLimit(.minutes(1)))
struct HostileClientTests {
    @Test("F4: is not heard again after five refused frames")
    func repeatedErrors() async throws {
        try await RunningServer.run { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                for _ in 0..<5 { try await socket.send("{") }
                #expect(try await socket.closeCode() == 4453)
            }
        }
    }

    @Test(
        "A2 B1 B2 B7 B8 B9: a handshake that is wrong is answered before it costs anything",
        arguments: [
            ("/ws/chat", [], "400"),
            ("/ws/chat?session=a%0d%0aX-Injected:1", [], "400"),
            ("/ws/chat?session=a&session=b", [], "400"),
            ("/ws/chat?session=a%", [], "400"),
            ("/ws/chat?session=a%ff", [], "400"),
            ("/ws/chat?session=\(String(repeating: "a", count: 65))", [], "400"),
            ("/ws/chat?session=a&epoch=x", [], "400"),
            ("/ws/chat?session=a&epoch=x&since=-1", [], "400"),
            ("/ws/chat?session=a", ["Sec-WebSocket-Protocol: chat.v9"], "400"),
            ("/ws/chat?session=a", ["Sec-WebSocket-Protocol: bearer.a, bearer.b, chat.v1"], "400"),
            ("/ws/chat?session=a", ["Origin: https://evil.example"], "403"),
            ("/ws/chat?session=a", ["Origin: null"], "403"),
            ("/ws/chat?session=a", ["Origin: http://localhost", "Origin: http://localhost"], "403"),
            ("/ws/chat?session=a", ["Origin: http://127.0.0.1.evil.example"], "403"),
            ("/ws/chat?session=a", ["Sec-WebSocket-Version: 8"], "426"),
            ("/ws/chat?session=a", ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="], "400"),
            ("/ws/chat?session=a", ["Content-Length: 5"], "400"),
            ("/_echo", [], "404"),
        ] as [(String, [String], String)]
    )
    func handshakes(target: String, headers: [String], status: String) async throws {
        try await RunningServer.run { server in
            try await TestSocket.connect(port: server.port) { socket in
                try await socket.write(TestSocket.handshake(target, headers))
                try await socket.readHead()
                #expect(socket.head.hasPrefix("HTTP/1.1 \(status) "), "\(socket.head)")
                #expect(!socket.head.contains("X-Injected"))
            }
        }
    }

    @Test(
        "pages of this machine may connect",
        arguments: ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:80"]
    )
    func origins(origin: String) async throws {
        try await RunningServer.run { server in
            try await TestSocket.connect(port: server.port) { socket in
                try await socket.write(TestSocket.handshake("/ws/chat?session=a", ["Origin: \(origin)"]))
                try await socket.readHead()
                #expect(socket.head.hasPrefix("HTTP/1.1 101 "))
                #expect(socket.head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
            }
        }
    }

    @Test(
        "G7: floods of resume and history are refused, and end in 4429 when they go on",
        arguments: ["resume", "history"]
    )
    func floods(type: String) async throws {
        try await RunningServer.run { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                let epoch = try #require(try await socket.next()["epoch"]?.text)
                let frame =
                    type == "resume"
                    ? #"{"type":"resume","epoch":"\#(epoch)","since":0}"#
                    : #"{"type":"history","epoch":"\#(epoch)","before":1,"limit":1}"#
                try await socket.send(0x1, Array(frame.utf8), times: 20)
                let refusal = try await socket.next("error")
                #expect(refusal["code"]?.text == "rate_limited")
                #expect(refusal["retryAfterMs"]?.number.map { 1...5_000 ~= $0 } == true)
                #expect(try await socket.closeCode() == 4_429)
            }
        }
    }

    @Test(
        "E6 E7: floods of pings and of empty fragments end in 4429, and another session goes on",
        arguments: [0x9, 0x0]
    )
    func frameFlood(opcode: UInt8) async throws {
        try await RunningServer.run(limits: AddressLimitOptions()) { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                _ = try await socket.next()
                if opcode == 0 { try await socket.send(0x1, [], isFinal: false) }
                try await socket.send(opcode, [], isFinal: opcode != 0, times: 400)
                #expect(try await socket.closeCode() == 4_429)
            }
            try await TestSocket.open("/ws/chat?session=good", port: server.port) { good in
                try await good.send(#"{"type":"user","message":"hello","id":"m1"}"#)
                #expect(try await good.next("claude")["id"]?.text == "re:m1")
            }
        }
    }

    @Test("G6 GT12: messages by WebSocket and by POST share the limit of their address")
    func sharedLimit() async throws {
        var limits = AddressLimitOptions.none
        limits.messages = RateLimit(1, perSeconds: 60, burst: 4)
        try await RunningServer.run(limits: limits) { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                for index in 0..<2 { try await socket.send(#"{"type":"user","message":"a","id":"w\#(index)"}"#) }
                for _ in 0..<2 { _ = try await socket.next("ack") }
                func post(_ id: String) async throws -> TestRequest.Answer {
                    let body = #"{"type":"user","message":"a","id":"\#(id)","sessionId":"other"}"#
                    return try await TestRequest.post("/api/chat/messages", body).send(port: server.port)
                }
                #expect(try await [post("p1"), post("p2")].map(\.status) == [200, 200])
                let refused = try await post("p3")
                #expect(refused.status == 429)
                #expect(refused.json["code"] == .text("rate_limited"))
                #expect(refused.head.contains("Retry-After: "))
                try await socket.send(#"{"type":"user","message":"a","id":"w3"}"#)
                #expect(try await socket.next("error")["id"] == .text("w3"))
            }
        }
    }

    @Test("G3: handshakes, new sessions and connections of one address are limited")
    func addressLimits() async throws {
        var limits = AddressLimitOptions.none
        limits.handshakes = RateLimit(1, perSeconds: 60, burst: 3)
        limits.sessions = RateLimit(1, perSeconds: 60, burst: 2)
        limits.connections = 1
        try await RunningServer.run(limits: limits) { server in
            func handshake() async throws -> TestRequest.Answer {
                try await TestSocket.connect(port: server.port) { socket in
                    try await socket.write(TestSocket.handshake("/ws/chat?session=b"))
                    return try await TestRequest.answer(from: socket)
                }
            }
            try await TestSocket.open("/ws/chat?session=a", port: server.port) { _ in
                let second = try await handshake()
                #expect(second.status == 429)
                #expect(second.json["message"] == .text("this address has 1 connections already"))
            }
            var answer = try await handshake()
            // The third of the burst is let in, as soon as the first connection has ended, or is one too many.
            while answer.json["message"] != .text("too many handshakes of this address") {
                answer = try await handshake()
            }
            #expect(answer.json["message"] == .text("too many handshakes of this address"))
            #expect(answer.head.contains("Retry-After: "))
            let session = TestRequest.post("/api/chat/session", "{}")
            var statuses: [Int] = []
            for _ in 0..<3 { statuses.append(try await session.send(port: server.port).status) }
            #expect(statuses == [200, 200, 429])
        }
    }

    @Test("F5: texts that are too long, again and again, don't end the connection")
    func tooLargeAgain() async throws {
        try await RunningServer.run { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                let long = String(repeating: "a", count: 16_385)
                for index in 0..<7 {
                    try await socket.send(#"{"type":"user","message":"\#(long)","id":"m\#(index)"}"#)
                    #expect(try await socket.next("error")["code"]?.text == "too_large")
                }
                try await socket.send(#"{"type":"user","message":"hello","id":"m8"}"#)
                #expect(try await socket.next("claude")["id"]?.text == "re:m8")
            }
        }
    }

    @Test("G3: a session has as many connections as it may, and a message by POST needs none")
    func connectionCap() async throws {
        try await RunningServer.run(options: .init(messageRate: nil, connectionsPerRoom: 1)) { server in
            try await TestSocket.open("/ws/chat?session=a", port: server.port) { first in
                _ = try await first.next()
                try await TestSocket.connect(port: server.port) { second in
                    try await second.write(TestSocket.handshake("/ws/chat?session=a"))
                    try await second.readHead()
                    #expect(second.head.hasPrefix("HTTP/1.1 429 "))
                    #expect(second.head.contains("Retry-After: 5"))
                }
                let body = #"{"type":"user","message":"hello","id":"m1","sessionId":"a"}"#
                #expect(try await TestRequest.post("/api/chat/messages", body).send(port: server.port).status == 200)
                #expect(try await first.next("claude")["id"]?.text == "re:m1")
            }
        }
    }

    @Test("E8: frames that come one byte at a time, or glued to the handshake, are read")
    func slowAndEager() async throws {
        try await RunningServer.run { server in
            try await TestSocket.connect(port: server.port) { socket in
                // "hello" as an unmasked-looking zero mask, in the same write as the handshake.
                let text = Array(#"{"type":"user","message":"hello","id":"m1"}"#.utf8)
                let frame: [UInt8] = [0x81, 0x80 | UInt8(text.count), 0, 0, 0, 0] + text
                let handshake = TestSocket.handshake("/ws/chat?session=a", ["Sec-WebSocket-Protocol: chat.v1"])
                try await socket.write(Array(handshake.utf8) + frame)
                try await socket.readHead()
                #expect(try await socket.next("claude")["id"]?.text == "re:m1")
                let second = Array(#"{"type":"user","message":"hello","id":"m2"}"#.utf8)
                for byte in [0x81, 0x80 | UInt8(second.count), 0, 0, 0, 0] + second { try await socket.write([byte]) }
                #expect(try await socket.next("claude")["id"]?.text == "re:m2")
            }
        }
    }
}
