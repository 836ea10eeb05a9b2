import Hub
import Logging
import Observability
import Responders
import RespondersTesting
import Testing

@testable import Server

/// Fails whenever it is asked.
private struct Failing: Responder {
    struct Broken: Error {}

    func respond(to turn: Turn) async throws -> Verdict { throw Broken() }
}

@Suite("responders that don't work, for those who run the server", .timeLimit(.minutes(3)))
struct ResponderHealthTests {
    private static func chain(_ gate: CallGate) -> Chain {
        Chain(name: "support", entries: [Chain.Entry(Failing(), name: "orders", stage: .answer, gate: gate)])
    }

    @Test("/healthz says which one is not asked, and that the server lives all the same")
    func healthz() async throws {
        let gate = CallGate(name: "orders", limits: CallLimits(breaker: .init(failures: 1)))
        let chain = Self.chain(gate)
        let reloader = ContentReloader([chain], clocks: SystemClocks(), logger: .init(label: "test"))
        try await RunningServer.run(chain: chain, reloader: reloader, options: .unlimited) { server in
            let before = try await TestRequest.get("/healthz").send(port: server.port)
            #expect(before.status == 200 && before.text.hasPrefix(#"{"status":"ok""#))
            var desk = ChainDesk(chain)
            try await desk.say("hello")
            let after = try await TestRequest.get("/healthz").send(port: server.port)
            #expect(after.status == 200 && after.text.hasPrefix(#"{"status":"degraded""#))
            #expect(after.text.contains(#""responders":[{"responder":"orders","breaker":"open","stuck":0}]"#))
        }
        try await reloader.stop()
    }

    @Test("the page of metrics has the state of each")
    func metrics() async throws {
        let gate = CallGate(name: "orders", limits: CallLimits(breaker: .init(failures: 1)))
        let chain = Self.chain(gate)
        let registry = MetricsRegistry()
        ResponderHealth { [chain, chain] }.collectMetrics(in: registry)
        var desk = ChainDesk(chain)
        try await desk.say("hello")
        try await desk.say("hello")
        let page = await registry.exposition()
        for line in [
            #"chat_responder_breaker{responder="support/orders",state="open"} 1"#,
            #"chat_responder_breaker{responder="support/orders",state="closed"} 0"#,
            #"chat_responder_breaker_openings_total{responder="support/orders"} 1"#,
            #"chat_responder_calls{responder="support/orders"} 0"#,
            #"chat_responder_calls_stuck{responder="support/orders"} 0"#,
            #"chat_responder_late_total{responder="support/orders"} 0"#,
        ] {
            #expect(page.contains(line + "\n"), "\(line)")
        }
    }
}
