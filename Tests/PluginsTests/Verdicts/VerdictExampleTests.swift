import Diagnostics
import Plugins
import Responders
import RespondersTesting
import Testing

@testable import VerdictExamples

/// The examples of Documentation/Plugins.md, in chains: once in Swift, once as programs.
@Suite("the documented example of", .timeLimit(.minutes(1)))
struct VerdictExampleTests {
    enum Language: String, CaseIterable, Sendable { case swift, python }

    private static let inSwift: [String: any Responder] = [
        "orders": Orders(), "plans": Plans(), "account": Account(), "notice": Notice(), "story": Story(),
        "thanks": Thanks(), "refunds": Refunds(), "stock": Stock(), "returns": Returns(),
    ]

    private static let rules = """
        version: 1
        rules:
          - id: return
            match: 'return (?<order>A-\\d+)'
            actions: [{responder: returns, op: book, as: ticket, fields: {order: '{{order}}'}}]
            reply:
              variants:
                - {when: ticket, text: 'Booked as {{ticket.number}}.'}
                - {text: 'I could not book that.'}
            tests: [{say: return A-17}, {not: return it}]
        """

    /// Talks with a chain of examples; `rules` among them has the rule of the document.
    private func talk(
        _ names: [String],
        _ language: Language,
        _ body: @escaping @Sendable (inout ChainDesk) async throws -> Void
    ) async throws {
        let folder = try ScratchFolder(["rules/returns.yaml": Self.rules])
        let entries = try names.map { name in
            let responder = language == .swift ? Self.inSwift[name] : nil
            return Chain.Entry(
                try responder ?? self.plugin(name, in: folder),
                name: name,
                stage: name == "plans" ? .enrich : .answer,
                timeout: .seconds(30)
            )
        }
        // The time stands still: a slow machine is no program that doesn't answer.
        let desk = ChainDesk(Chain(name: "test", entries: entries, clock: TurnClock(ManualClock())))
        try await running(desk.chain.runningParts) {
            var desk = desk
            try await body(&desk)
        }
    }

    /// A responder as a configuration makes it.
    private func plugin(_ name: String, in folder: ScratchFolder) throws -> any Responder {
        let program = "\(ScratchFolder.repository)/Examples/verdicts/verdicts.py"
        let yaml = name == "rules" ? "path: rules/" : "command: [python3, \(program), \(name)]"
        return try PluginRegistry.builtin().makeResponder(
            named: name == "rules" ? "rules" : "process",
            at: Place(file: "test.yaml"),
            settings: Settings(yaml: yaml, file: "test.yaml", keyPath: name),
            services: PluginServices(baseFolder: folder.path, clock: TurnClock(ManualClock()))
        )
    }

    @Test("pass asks the next one", arguments: Language.allCases)
    func pass(language: Language) async throws {
        try await self.talk(["orders", "account"], language) { desk in
            let result = try await desk.say("hello")
            try result.expectReply("Your plan: free.", from: "account").expectExactlyOne()
            #expect(result.steps[0].verdict == "pass" && result.steps[0].reason == "no-order")
        }
    }

    @Test("reply is shown, and ends the turn", arguments: Language.allCases)
    func reply(language: Language) async throws {
        try await self.talk(["orders", "account"], language) { desk in
            let result = try await desk.say("where is my order?")
            try result.expectReply("Your order is on its way.", from: "orders").expectExactlyOne()
            #expect(result.steps[1].reason == .alreadyAnswered)
        }
    }

    @Test("augment tells those behind it what it found", arguments: Language.allCases)
    func augment(language: Language) async throws {
        try await self.talk(["plans", "account"], language) { desk in
            let result = try await desk.say("what is my plan?")
            try result.expectReply("Your plan: gold.", from: "account").expectExactlyOne()
            #expect(result.replies[0].choices == [Reply.Choice("Change it", send: "change my plan")])
            #expect(result.effects.tags == ["customer"] && result.steps[0].verdict == "augment")
        }
    }

    @Test("reply with continue has the next one answer, too", arguments: Language.allCases)
    func continued(language: Language) async throws {
        try await self.talk(["notice", "orders"], language) { desk in
            let texts = try await desk.say("where is my order?").replies.map(\.text)
            #expect(texts == ["Deliveries take a day longer this week.", "Your order is on its way."])
        }
    }

    @Test("stream shows its pieces, and the whole text counts", arguments: Language.allCases)
    func stream(language: Language) async throws {
        try await self.talk(["story", "orders"], language) { desk in
            let result = try await desk.say("tell me a story")
            try result.expectReply("Once upon a time.", from: "story").expectExactlyOne()
            #expect(desk.screen.events.contains { if case .piece = $0 { true } else { false } })
            #expect(desk.screen.events.last == .ended("Once upon a time.", .complete))
        }
    }

    @Test("suppress says nothing, and nobody else does", arguments: Language.allCases)
    func suppress(language: Language) async throws {
        try await self.talk(["thanks", "account"], language) { desk in
            let result = try await desk.say("thanks").expectOutcome(.silent)
            #expect(result.replies.isEmpty && result.steps[0].reason == "thanks")
            try await desk.say("hello").expectReply("Your plan: free.", from: "account")
        }
    }

    @Test("handoff calls a person", arguments: Language.allCases)
    func handoff(language: Language) async throws {
        try await self.talk(["refunds", "account"], language) { desk in
            let result = try await desk.say("I want a refund").expectOutcome(.handedOver)
            try result.expectReply("I am calling a colleague.", from: "refunds").expectExactlyOne()
            #expect(result.effects.handoff?.queue == "billing" && result.effects.handoff?.note == "wants a refund")
        }
    }

    @Test("fail has the next one answer, and only people who run the site learn why", arguments: Language.allCases)
    func fail(language: Language) async throws {
        try await self.talk(["stock", "account"], language) { desk in
            let result = try await desk.say("is it in stock?")
            try result.expectReply("Your plan: free.", from: "account").expectExactlyOne()
            #expect(result.failures.map(\.responder) == ["stock"])
            #expect(result.failures.map(\.failure) == [Failure("stock-down", "the warehouse answered 503")])
        }
    }

    @Test("action does what a rule asks for", arguments: Language.allCases)
    func action(language: Language) async throws {
        try await self.talk(["rules", "returns"], language) { desk in
            let result = try await desk.say("return A-17 please")
            try result.expectReply("Booked as R-A-17.", from: "rules").expectExactlyOne()
            #expect(result.steps[0].actions.map(\.reason) == [nil])
        }
    }
}

extension ScratchFolder {
    /// The folder of the repository.
    fileprivate static var repository: String {
        String(#filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/"))
    }
}
