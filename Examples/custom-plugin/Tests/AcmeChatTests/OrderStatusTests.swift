import Diagnostics
import Plugins
import Responders
import RespondersTesting
import Testing

@testable import acme_chat

@Suite("where orders are")
struct OrderStatusTests {
    @Test("is told, and everything else is left to others")
    func order() async throws {
        let desk = try Desk(OrderStatus.self, "prefix: A-")
        try await desk.hears("where is A-17?").expect(.reply("A-17 is on its way."))
        try await desk.hears("hello").expect(.pass(reason: "no-order-number"))
    }

    @Test("is told once, and by nobody else, in a chain as an operator writes it")
    func chain() async throws {
        var plugins = try PluginRegistry.builtin()
        try plugins.register(OrderStatus.self)
        var desk = try ChainDesk(
            """
            answer: [order-status: {prefix: A-}]
            fallback: [fallback: {text: I know orders only.}]
            """,
            plugins: plugins
        )
        try await desk.say("where is A-17?").expectReply("A-17 is on its way.", from: "order-status").expectExactlyOne()
        try await desk.say("hello").expectReply("I know orders only.", from: "fallback").expectOutcome(.fellBack)
    }

    @Test("can't be asked by an empty prefix, which is said with its place")
    func prefix() throws {
        let rejection = #expect(throws: Rejection.self) { try Desk(OrderStatus.self, "prefix: ''") }
        #expect(
            rejection?.description
                == "test.yaml:1:1: order-status.prefix: every word would be an order; write A- [empty-prefix]"
        )
    }
}
