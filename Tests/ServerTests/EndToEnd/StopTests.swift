import Hub
import Testing

@testable import Transport

@Suite("a server that stops", .timeLimit(.minutes(1)))
struct StopTests {
    private let patient = Patient()

    /// Runs a server, has it stop while the answer to a message of the session `s` is on its way, and then calls `body`.
    private func stopping(_ body: @escaping @Sendable (TestSocket, Int) async throws -> Void) async throws {
        let patient = self.patient
        let (results, report) = AsyncThrowingStream<Void, any Error>.makeStream()
        try await RunningServer.run([patient]) { server in
            let (opened, announce) = AsyncStream<Void>.makeStream()
            Task {
                do {
                    try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                        _ = try await socket.next()
                        try await socket.send(#"{"type":"user","message":"first","id":"m1"}"#)
                        _ = try await socket.next("ack")
                        announce.finish()
                        _ = try await socket.next("reconnect")
                        try await body(socket, server.port)
                    }
                    report.finish()
                } catch {
                    announce.finish()
                    report.finish(throwing: error)
                }
                while patient.letGo() == 0 { await Task.yield() }
            }
            for await _ in opened {}
        }
        for try await _ in results {}
    }

    @Test("it says so in /readyz, stays alive, and takes nobody in, while an answer is on its way")
    func doors() async throws {
        try await self.stopping { socket, port in
            let ready = try await TestRequest.get("/readyz").send(port: port)
            #expect(ready.status == 503)
            #expect(ready.json["status"] == .text("draining"))
            #expect(try await TestRequest.get("/healthz").send(port: port).status == 200)
            let handshake = TestSocket.handshake("/ws/chat?session=t", ["Sec-WebSocket-Protocol: chat.v1"])
            try await TestSocket.connect(port: port) { late in
                try await late.write(handshake)
                #expect(try await TestRequest.answer(from: late).status == 503)
            }
            let message = #"{"type":"user","message":"second","id":"m2","sessionId":"t"}"#
            for request in [
                TestRequest.get("/api/chat/stream?session=t"), .get("/api/chat/poll?session=t&client=c"),
                .post("/api/chat/messages", message),
            ] {
                let answer = try await request.send(port: port)
                #expect(answer.status == 503, "\(request.target)")
                #expect(answer.json["code"] == .text("unavailable"))
                #expect(answer.head.contains("Retry-After: 2"))
            }
        }
    }

    @Test("streams and polls of the room wait for the answer; those of other rooms end at once")
    func requests() async throws {
        let patient = self.patient
        try await RunningServer.run([patient]) { server in
            let message = #"{"type":"user","message":"first","id":"m1","sessionId":"s"}"#
            let port = server.port
            let (stopped, stop) = AsyncStream<Void>.makeStream()
            let (started, start) = AsyncStream<Void>.makeStream()
            let task = Task {
                try await TestSocket.connect(port: port) { stream in
                    try await TestRequest.get("/api/chat/stream?session=s").write(to: stream)
                    try await stream.readHead()
                    try await TestSocket.connect(port: port) { other in
                        try await TestRequest.get("/api/chat/stream?session=t").write(to: other)
                        try await other.readHead()
                        let ack = try await TestRequest.post("/api/chat/messages", message).send(port: port)
                        #expect(ack.status == 200)
                        start.finish()
                        // It ends although nobody has answered yet.
                        let rest = String(decoding: try await other.readToEnd(), as: UTF8.self)
                        #expect(rest.contains(#""type":"reconnect""#))
                    }
                    while patient.letGo() == 0 { await Task.yield() }
                    let events = String(decoding: try await stream.readToEnd(), as: UTF8.self)
                    let answer = try #require(events.firstRange(of: "Late answer to first."))
                    let end = try #require(events.firstRange(of: #""type":"reconnect""#))
                    #expect(answer.lowerBound < end.lowerBound)
                    stop.finish()
                }
            }
            for await _ in started {}
            // The end of the test stops the server; the task goes on meanwhile.
            Task {
                for await _ in stopped {}
                try await task.value
            }
        }
    }
}
