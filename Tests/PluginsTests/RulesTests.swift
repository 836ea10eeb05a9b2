import Diagnostics
import Plugins
import Responders
import RespondersTesting
import Testing

@Suite("rules")
struct RulesTests {
    private static let greetings = """
        version: 1
        rules:
          - id: greeting
            match: '^(?:hello|hi)\\W*$'
            reply:
              pick: rotate
              variants:
                - text: One
                - text: Two
            tags: [smalltalk]
            tests:
              - say: hello
              - not: which one is mine?
          - id: order
            match: '\\border (?<number>[A-Z]-\\d+)'
            reply:
              text: 'Order {{number}} is on its way.'
              choices: [Thanks]
            tests:
              - say: where is order A-17?
              - not: in order to
          - id: spam
            match: '\\bcheap pills\\b'
            silent: spam
            tests:
              - say: buy cheap pills
              - not: pills
          - id: billing
            match: '\\binvoice\\b'
            pass: true
            tags: [billing]
            severity: high
            tests:
              - say: my invoice
              - not: my voice
        """

    private func desk(_ rules: String = Self.greetings) throws -> ChainDesk {
        try ChainDesk(
            "answer: [rules: {path: rules/}]\nfallback: [fallback: {text: No idea.}]",
            plugins: .builtin(),
            files: ["rules/greetings.yaml": rules]
        )
    }

    @Test("answers by the rule that wins, and asks the next responder where none does")
    func answers() async throws {
        var desk = try self.desk()
        let known = try await desk.say("where is order A-17?")
        try known.expectReply("Order A-17 is on its way.", from: "rules").expectRule("greetings/order")
        #expect(known.replies.first?.choices == [Reply.Choice("Thanks", send: "Thanks")])
        #expect(known.replies.first?.format == .plain)
        try await desk.say("why is the sky blue?").expectReply("No idea.", from: "fallback").expectOutcome(.fellBack)
    }

    @Test("does not say the same twice in a row where the rule has another text")
    func rotation() async throws {
        var desk = try self.desk()
        var texts: [String] = []
        for _ in 0..<6 { texts += try await desk.say("hello").replies.map(\.text) }
        for (text, next) in zip(texts, texts.dropFirst()) { #expect(text != next) }
    }

    @Test("keeps a rule's tags, whether it answers or leaves the message to others")
    func tags() async throws {
        var desk = try self.desk()
        #expect(try await desk.say("hello").effects.tags == ["smalltalk"])
        let passed = try await desk.say("my invoice is wrong")
        try passed.expectReply("No idea.", from: "fallback")
        #expect(passed.effects.tags == ["billing"])
        #expect(passed.effects.severity == .high)
    }

    @Test("stays silent where a rule says so")
    func silence() async throws {
        var desk = try self.desk()
        try await desk.say("Cheap pills!").expectOutcome(.silent)
    }

    @Test("brings out the mistakes of rule files with their own places")
    func mistakes() throws {
        let rejection = #expect(throws: Rejection.self) {
            try self.desk("version: 1\nrules:\n  - id: a\n    match: 'a(b'\n    reply: A\n    prority: 1\n")
        }
        let found = rejection?.diagnostics.filter { $0.severity == .error } ?? []
        #expect(Set(found.map(\.code)) == ["pattern-syntax", "unknown-key"])
        #expect(found.allSatisfy { $0.place.file.hasSuffix("rules/greetings.yaml") })
    }

    @Test("warns of actions that nobody in the chain takes, with their places, and answers without them")
    func actions() async throws {
        var desk = try self.desk(
            """
            version: 1
            rules:
              - id: broken
                match: '\\bbroken\\b'
                reply:
                  variants:
                    - {when: ticket, text: 'Ticket {{ticket.id}}'}
                    - text: Noted
                actions:
                  - {responder: tracker, op: create, as: ticket, fields: {page: '{{ctx.page.path}}'}}
                  - {responder: falback, op: create}
                  - {responder: fallback, op: create}
            """
        )
        let found = desk.warnings.filter { $0.code == "unknown-responder" }
        #expect(
            found.map { "\($0.place.line):\($0.place.column): \($0.problem); \($0.hint ?? "")" } == [
                #"10:21: the chain "test" has no responder "tracker"; replies do without the values of this action"#,
                #"11:21: the chain "test" has no responder "falback"; did you mean "fallback"?"#,
                #"12:21: "fallback" can't be asked to "create"; replies do without the values of this action"#,
            ]
        )
        #expect(found.allSatisfy { $0.place.file.hasSuffix("rules/greetings.yaml") })
        try await desk.say("it is broken").expectReply("Noted")
    }

    @Test("answers on many threads at once as on one")
    func threads() async throws {
        let desk = try self.desk()
        await withTaskGroup { group in
            for number in 0..<200 {
                group.addTask {
                    var desk = desk
                    return try? await desk.say("where is order A-\(number)?").replies.first?.text
                }
            }
            var texts: Set<String?> = []
            for await text in group { texts.insert(text) }
            #expect(texts == Set((0..<200).map { "Order A-\($0) is on its way." }))
        }
    }
}
