import Diagnostics
import Responders
import RespondersTesting
import Testing

@testable import Plugins
@testable import VerdictExamples

@Suite("the documented example of a plugin that asks a service")
struct ServiceExampleTests {
    private func desk(_ answer: @escaping @Sendable (ServiceRequest) async throws -> ServiceAnswer) throws -> (
        Desk, StubService
    ) {
        let stub = StubService(answer)
        return (try Desk(Shipments.self, "url: https://orders.example.com/api", service: stub), stub)
    }

    @Test("says what the service says, and asks nobody where nothing is to be asked")
    func asks() async throws {
        let (desk, stub) = try self.desk { _ in ServiceAnswer("left Bremen this morning") }
        try await desk.hears("where is A-17?").expect(
            .reply(Reply("A-17: left Bremen this morning", format: .plain))
        )
        try await desk.hears("hello").expect(.pass(reason: "no-order"))
        #expect(stub.requests == [ServiceRequest("GET", "/orders/A-17")])
    }

    @Test("tells an order that isn't there from a service that doesn't work")
    func fails() async throws {
        let (missing, _) = try self.desk { _ in ServiceAnswer(status: 404, "") }
        try await missing.hears("A-1").expect(.reply(Reply("There is no order A-1.", format: .plain)))
        let (down, _) = try self.desk { _ in ServiceAnswer(status: 503, "") }
        await #expect(throws: Failure("shop-down", "the shop answered 503")) { try await down.hears("A-1") }
        let (silent, _) = try self.desk { _ in throw Failure("timeout") }
        await #expect(throws: Failure("timeout")) { try await silent.hears("A-1") }
    }

    @Test("is refused where the address leads into a network that nobody has allowed")
    func refused() throws {
        var registry = PluginRegistry()
        try registry.register(Shipments.self)
        let make = { (yaml: String) in
            try registry.makeResponder(
                named: "shipments",
                at: Place(file: "test.yaml"),
                settings: Settings(yaml: yaml, file: "test.yaml", keyPath: "shipments"),
                services: PluginServices().reachingServices()
            )
        }
        let rejection = #expect(throws: Rejection.self) { try make("url: https://10.20.0.1/api") }
        #expect(
            rejection?.description == """
                test.yaml:1:1: shipments.url: "10.20.0.1" is no address of the public network; where it is meant, \
                allow its network: allow: ['10.20.0.1'] [private-target]
                """
        )
        _ = try make("url: https://10.20.0.1/api\nallow: ['10.20.0.0/16']")
    }

    @Test("reaches a real service, without redirects, within its time, and with its path alone")
    func real() async throws {
        let service = """
            def handle(request):
                if request.path.startswith("/chat/redirect"): request.answer(302, Location="http://127.0.0.1:9/")
                elif request.path.startswith("/chat/large"): request.answer(200, b"x" * 300000, "text/plain")
                else: request.answer(200, request.path.encode(), "text/plain", X_Order="17")
            """
        let tracker = """
            tracker: http
            outbox: outbox.sqlite
            create: {request: POST http://127.0.0.1:PORT/, body: {title: '{title}'}, id: /id}
            """
        try await TrackerStub.run(service, tracker) { stub in
            let port = stub.port
            let client = try TargetServiceClient("http://127.0.0.1:\(port)/chat", [], key: "url", clock: .continuous)
            let answer = try await client.send(ServiceRequest("GET", "/orders/A-17?x=1"))
            #expect(answer.status == 200 && answer.text == "/chat/orders/A-17?x=1")
            #expect(answer.headers["x-order"] == "17")
            #expect(try await client.send(ServiceRequest("GET", "/redirect")).status == 302)
            await #expect(throws: Failure.self) { try await client.send(ServiceRequest("GET", "/large")) }
            for path in ["", "orders", "/a b", "/a\r\nX: y", "/ä"] {
                await #expect(throws: Failure.self, "\(path)") { try await client.send(ServiceRequest("GET", path)) }
            }
            await #expect(throws: Failure.self) {
                try await client.send(ServiceRequest("GET", "/", headers: ["A": "b\r\nC: d"]))
            }
        }
    }
}
