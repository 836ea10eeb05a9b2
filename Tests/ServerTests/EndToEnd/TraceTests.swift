import Access
import Hub
import Messages
import Responders
import Synchronization
import Testing
import Transport

@testable import Server

/// Notes the trace of each turn, and fails.
private final class Tracer: Responder {
    let traces = Mutex<[TraceParent?]>([])

    struct Failed: Error {}

    func respond(to turn: Turn) async throws -> Verdict {
        self.traces.withLock { $0.append(turn.trace) }
        throw Failed()
    }
}

@Suite("the way of a message for those who run the server", .timeLimit(.minutes(1)))
struct TraceTests {
    private static let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    private static func chain(_ tracer: Tracer) -> Chain {
        let first = Chain.Entry(tracer, name: "tracer", stage: .answer, timeout: .seconds(100))
        return Chain(name: "test", entries: [first], deadline: .seconds(100))
    }

    private static func message(_ id: String) -> String {
        #"{"type":"user","message":"secret words","id":"\#(id)","sessionId":"s"}"#
    }

    @Test("the trace of a handshake and of a POST is in the turn, and one that can't be read is none")
    func turns() async throws {
        let tracer = Tracer()
        try await RunningServer.run(chain: Self.chain(tracer), options: .unlimited) { server in
            try await TestSocket.connect(port: server.port) { socket in
                let headers = ["Sec-WebSocket-Protocol: chat.v1", "traceparent: \(Self.header)"]
                try await socket.write(TestSocket.handshake("/ws/chat?session=s", headers))
                try await socket.readHead()
                _ = try await socket.next()
                try await socket.send(Self.message("m1"))
                while tracer.traces.withLock({ $0.count }) < 1 { await Task.yield() }
            }
            let header = "traceparent: \(Self.header)"
            for (index, headers) in [[header], [], [header, header], ["traceparent: nonsense"]].enumerated() {
                let post = TestRequest.post("/api/chat/messages", Self.message("p\(index)"), headers)
                #expect(try await post.send(port: server.port).status == 200)
                while tracer.traces.withLock({ $0.count }) < 2 + index { await Task.yield() }
            }
        }
        let traces = tracer.traces.withLock { $0.map { $0?.description } }
        #expect(traces == [Self.header, Self.header, nil, nil, nil])
    }

    @Test("a failure is logged with the names of its request and its trace, and without a word of the visitor")
    func log() async throws {
        let (tracer, log) = (Tracer(), LogRecord())
        try await RunningServer.run(chain: Self.chain(tracer), options: .unlimited, log: log) { server in
            let headers = ["traceparent: \(Self.header)", "X-Request-Id: forged"]
            let answer = try await TestRequest.post("/api/chat/messages", Self.message("m1"), headers)
                .send(port: server.port)
            let line = answer.head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("x-request-id: ") }
            let name = try #require(line?.dropFirst("x-request-id: ".count))
            #expect(name.utf8.count == 16)
            while !log.text.contains("Responder failed") { await Task.yield() }
            #expect(log.text.contains("\"request.id\": \(name)"))
            #expect(log.text.contains("\"trace.id\": 4bf92f3577b34da6a3ce929d0e0e4736"))
            #expect(!log.text.contains("forged") && !log.text.contains("secret words"))
        }
    }

    @Test("G4: the name that a trusted proxy gave a request is kept; anybody else's isn't")
    func names() async throws {
        let network = try #require(TrustedProxies.Network("127.0.0.1"))
        for (proxies, isKept) in [(TrustedProxies([network]), true), (TrustedProxies(), false)] {
            try await RunningServer.run(chain: .greeting, proxies: proxies) { server in
                for (name, isName) in [("req-17", true), ("a b", false), (String(repeating: "a", count: 65), false)] {
                    let answer = try await TestRequest.get("/healthz", ["X-Request-Id: \(name)"]).send(
                        port: server.port
                    )
                    #expect(answer.head.contains("X-Request-Id: \(name)\r\n") == (isKept && isName), "\(name)")
                }
            }
        }
    }
}
