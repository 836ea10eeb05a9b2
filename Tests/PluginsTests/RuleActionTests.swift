import Diagnostics
import Plugins
import Responders
import RespondersTesting
import Testing

/// A tracker of one line: `create` gives a number, or what the test wants.
private struct Tracker: ResponderPlugin, ActionPerformer {
    static let manifest = PluginManifest(
        name: "tracker",
        summary: "Notes",
        stages: [.answer],
        sample: "answer: number",
        examples: []
    )

    struct Configuration: Decodable, Sendable { var answer: Answer }
    enum Answer: String, Decodable, CaseIterable { case number, draft, failure }

    let operations = ["create"]
    private let answer: Answer

    init(configuration: Configuration, services: PluginServices) { self.answer = configuration.answer }

    func respond(to turn: Turn) async -> Verdict { .pass() }

    func perform(_ action: Action, in turn: Turn) async throws -> ActionResult {
        switch self.answer {
        case .number:
            ActionResult(["id": "412", "said": (action.fields["kind"] ?? "") + " on " + (action.fields["page"] ?? "")])
        case .draft: ActionResult(["reference": "R-7"], reply: Reply("This will be sent.", choices: [.init("Send")]))
        case .failure: throw Failure("down", "the tracker is down")
        }
    }
}

@Suite("actions of rules")
struct RuleActionTests {
    private static let rules = """
        version: 1
        rules:
          - id: error
            match: '\\berror (?<code>\\d+)\\b'
            actions:
              - {responder: tracker, op: create, as: ticket, fields: {kind: bug, page: '{{ctx.page.path}}'}}
            reply:
              variants:
                - {when: ticket, text: 'Error {{code}} is noted as #{{ticket.id}} ({{ticket.said}}).', choices: [Thanks]}
                - {text: 'Error {{code}} is noted.'}
            tags: [bug]
            tests:
              - {say: error 502, reply: 'Error 502 is noted.'}
              - not: no error
          - id: person
            match: '\\bperson\\b'
            actions: [{responder: tracker, op: create, as: call}]
            handoff: {note: 'call {{call.id|or:"none"}}', text: 'A person reads it, call {{call.id|or:"none"}}.'}
            tests: [{say: a person}, {not: personal}]
          - id: quiet
            match: '\\bquiet\\b'
            actions: [{responder: tracker, op: create}]
            silent: 'asked to be'
            tests: [{say: quiet}, {not: quite}]
        """

    private func desk(_ answer: String?) throws -> ChainDesk {
        var plugins = try PluginRegistry.builtin()
        try plugins.register(Tracker.self)
        let tracker = answer.map { ", {tracker: {answer: \($0)}}" } ?? ""
        return try ChainDesk(
            "answer: [{rules: {path: rules/}}\(tracker)]\nfallback: [fallback: {text: No idea.}]",
            plugins: plugins,
            files: ["rules/bugs.yaml": Self.rules]
        )
    }

    @Test("ask a responder of the chain, and the reply has its answer")
    func answered() async throws {
        var desk = try self.desk("number")
        #expect(desk.warnings.isEmpty)
        let result = try await desk.say("I see error 502", on: Page(path: "/cart"))
        try result.expectReply("Error 502 is noted as #412 (bug on /cart).", from: "rules").expectRule("bugs/error")
        #expect(result.replies[0].choices == [Reply.Choice("Thanks", send: "Thanks")] && result.effects.tags == ["bug"])
        let person = try await desk.say("a person")
        try person.expectReply("A person reads it, call 412.").expectOutcome(.handedOver)
        #expect(person.effects.handoff?.note == "call 412")
        let quiet = try await desk.say("quiet").expectOutcome(.silent)
        #expect(quiet.steps[0].actions.map(\.reason) == [nil])
    }

    @Test("whose answer lacks what a text needs leave that text out, and what the performer shows comes behind")
    func draft() async throws {
        var desk = try self.desk("draft")
        let result = try await desk.say("I see error 502")
        #expect(result.replies.map(\.text) == ["Error 502 is noted.", "This will be sent."])
    }

    @Test("that fail, or that nobody performs, leave the reply without the values", arguments: ["failure", nil])
    func unanswered(_ answer: String?) async throws {
        var desk = try self.desk(answer)
        #expect(desk.warnings.map(\.code) == Array(repeating: "unknown-responder", count: answer == nil ? 3 : 0))
        try await desk.say("I see error 502").expectReply("Error 502 is noted.", from: "rules")
        try await desk.say("a person").expectReply("A person reads it, call none.").expectOutcome(.handedOver)
    }

    @Test("are not performed where the message is only explained")
    func explained() async throws {
        var desk = try self.desk("number")
        desk.isRehearsing = true
        let result = try await desk.say("I see error 502")
        try result.expectReply("Error 502 is noted.", from: "rules")
        #expect(result.steps[0].actions.map(\.reason) == [.rehearsal])
    }
}
