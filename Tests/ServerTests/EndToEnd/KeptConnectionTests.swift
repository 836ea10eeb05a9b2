import Testing

@testable import Transport

@Suite("handshakes on connections that proxies keep", .timeLimit(.minutes(1)))
struct KeptConnectionTests {
    private static let handshake = TestSocket.handshake("/ws/chat?session=s", ["Sec-WebSocket-Protocol: chat.v1"])
    private static let health = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

    @Test("after requests of HTTP a connection becomes a WebSocket, and ends as one", arguments: [1, 3])
    func upgrade(requests: Int) async throws {
        try await RunningServer.run { server in
            try await TestSocket.connect(port: server.port) { socket in
                for _ in 0..<requests {
                    try await socket.write(Self.health)
                    try await socket.readHead()
                    #expect(socket.head.hasPrefix("HTTP/1.1 200 "))
                    try await socket.skip("{}".utf8.count)
                }
                try await socket.write(Self.handshake)
                try await socket.readHead()
                #expect(socket.head.hasPrefix("HTTP/1.1 101 "))
                #expect(try await socket.next()["event"]?.text == "welcome")
                try await socket.send(#"{"type":"user","message":"hello","id":"m1"}"#)
                #expect(try await socket.next("claude")["id"]?.text == "re:m1")
                try await socket.send(0x8, [0x03, 0xE8])
                #expect(try await socket.closeCode() == 1_000)
                #expect(try await socket.nextFrame() == nil)
            }
        }
    }

    @Test("a handshake that is refused there gets the same answer as on a new connection")
    func refusal() async throws {
        try await RunningServer.run { server in
            try await TestSocket.connect(port: server.port) { socket in
                try await socket.write(Self.health)
                try await socket.readHead()
                try await socket.skip("{}".utf8.count)
                try await socket.write(TestSocket.handshake("/ws/chat?session=bad%20name"))
                let answer = try await TestRequest.answer(from: socket)
                #expect(answer.status == 400)
                #expect(answer.head.lowercased().contains("connection: close"))
            }
        }
    }

    @Test("a handshake that doesn't wait for the answer before it is no WebSocket, and the earlier answer comes whole")
    func pipelined() async throws {
        try await RunningServer.run { server in
            try await TestSocket.connect(port: server.port) { socket in
                try await socket.write(Self.health + Self.handshake)
                let text = String(decoding: try await socket.readToEnd(), as: UTF8.self)
                #expect(text.hasPrefix("HTTP/1.1 200 "))
                #expect(!text.contains("HTTP/1.1 101 "))
            }
            // The server is well.
            #expect(try await TestRequest.get("/healthz").send(port: server.port).status == 200)
        }
    }

    @Test("a request of the wrong method is told the right one; HEAD brings the head of a file")
    func methods() async throws {
        try await RunningServer.run { server in
            for (method, target, allowed) in [
                ("GET", "/api/chat/messages", "POST"), ("PUT", "/api/chat/session", "POST"),
                ("POST", "/api/chat/poll", "GET"), ("DELETE", "/healthz", "GET"),
            ] {
                let answer = try await TestRequest(method: method, target: target).send(port: server.port)
                #expect(answer.status == 405, "\(method) \(target)")
                #expect(answer.head.contains("Allow: \(allowed)\r\n"))
                #expect(answer.json["message"] == .text("this path takes \(allowed), not \(method)"))
            }
            let whole = try await TestRequest.get("/").send(port: server.port)
            let head = try await TestRequest(method: "HEAD", target: "/").send(port: server.port)
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
            #expect(head.head.contains("Content-Length: \(whole.body.count)"))
        }
    }
}
