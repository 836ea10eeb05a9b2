import Foundation
import Plugins
import Responders
import RespondersTesting
import Testing

/// What the rules remember of a conversation, of a visitor and of a site, message by message.
@Suite("rules remember")
struct RuleMemoryTests {
    private static let rules = """
        version: 1
        rules:
          - id: broken
            match: '\\bbroken\\b'
            reply: Sorry
            set: {topic: bug, expires: 10m}
          - id: details
            when: {topic: bug}
            match: '^after\\b'
            reply: Noted
          - id: solved
            when: {topic: bug}
            match: '\\bsolved\\b'
            silent: solved
            set: {topic: none}
          - id: slow
            match: '\\bslow\\b'
            reply: How many seconds?
            cooldown: {per: session, for: 60s}
          - id: news
            match: '\\bnews\\b'
            reply: Once for you
            cooldown: {per: visitor, for: 60s}
          - id: outage
            match: '\\boutage\\b'
            reply: Once for all
            cooldown: {per: site, for: 60s}
          - id: person
            match: '\\bperson\\b'
            handoff: {queue: billing, note: wants a person, text: I am calling somebody.}
            tags: [person]
          - id: quiet-person
            match: '\\bhuman\\b'
            handoff: {}
        """

    private let clock = ManualClock()

    private func desk(_ rules: String = Self.rules) throws -> ChainDesk {
        try ChainDesk(
            "answer: [rules: {path: rules/}]\nfallback: [fallback: {text: No idea.}]",
            plugins: .builtin(),
            files: ["rules/a.yaml": rules],
            clock: TurnClock(self.clock)
        )
    }

    @Test("a topic from one message to the next, until it expires")
    func topic() async throws {
        var desk = try self.desk()
        try await desk.say("after login").expectReply("No idea.")
        try await desk.say("it is broken").expectReply("Sorry")
        self.clock.advance(by: .seconds(599))
        try await desk.say("after login").expectReply("Noted")
        self.clock.advance(by: .seconds(1))
        try await desk.say("after login").expectReply("No idea.")
    }

    @Test("that a topic was closed, also by a rule that says nothing")
    func closed() async throws {
        var desk = try self.desk()
        try await desk.say("it is broken").expectReply("Sorry")
        try await desk.say("solved").expectOutcome(.silent)
        try await desk.say("after login").expectReply("No idea.")
    }

    @Test("that a rule has fired in this conversation, for as long as it said")
    func session() async throws {
        var desk = try self.desk()
        try await desk.say("slow").expectReply("How many seconds?")
        self.clock.advance(by: .seconds(59))
        let again = try await desk.say("slow")
        try again.expectReply("No idea.")
        let lines = again.steps.compactMap(\.explanation).flatMap(\.lines)
        #expect(lines.contains { $0.hasPrefix("a/slow") && $0.hasSuffix("cooldown: 1s left") })
        desk.startAgain()
        try await desk.say("slow").expectReply("How many seconds?")
        self.clock.advance(by: .seconds(60))
        try await desk.say("slow").expectReply("How many seconds?")
    }

    @Test("that a rule has fired for a visitor, in all conversations, and not for others")
    func visitor() async throws {
        var desk = try self.desk()
        desk.startAgain(session: "s1", visitor: Visitor(id: "anna"))
        try await desk.say("news").expectReply("Once for you")
        desk.startAgain(session: "s2", visitor: Visitor(id: "anna"))
        try await desk.say("news").expectReply("No idea.")
        desk.startAgain(session: "s3", visitor: Visitor(id: "bert"))
        try await desk.say("news").expectReply("Once for you")
        self.clock.advance(by: .seconds(60))
        desk.startAgain(session: "s4", visitor: Visitor(id: "anna"))
        try await desk.say("news").expectReply("Once for you")
    }

    @Test("a visitor whom the site does not name by the conversation alone")
    func nameless() async throws {
        var desk = try self.desk()
        try await desk.say("news").expectReply("Once for you")
        try await desk.say("news").expectReply("No idea.")
        desk.startAgain()
        try await desk.say("news").expectReply("Once for you")
    }

    @Test("that a rule has fired on the site, for everybody")
    func site() async throws {
        var desk = try self.desk()
        try await desk.say("outage").expectReply("Once for all")
        desk.startAgain(session: "s2", visitor: Visitor(id: "bert"))
        try await desk.say("outage").expectReply("No idea.")
        self.clock.advance(by: .seconds(60))
        try await desk.say("outage").expectReply("Once for all")
    }

    @Test("nothing of a message whose outcome was not delivered")
    func undelivered() async throws {
        let desk = try self.desk()
        let turn = Turn(
            id: TurnID("t1"),
            message: Incoming(id: "m1", text: "outage"),
            conversation: Conversation(sessionID: "s", said: [:]),
            localTime: try #require(TimeOfDay("12:00"))
        )
        for _ in 0..<2 {
            guard case .finished(let result) = desk.chain.begin(turn) else {
                Issue.record("rules waited")
                return
            }
            try result.expectReply("Once for all")
        }
    }

    @Test("no cooldown longer than the rule asks for, also where the server's clock was set back")
    func clockSetBack() async throws {
        let chain = try self.desk().chain
        func answer(end: Int64) throws -> ChainResult? {
            let turn = Turn(
                id: TurnID("t1"),
                message: Incoming(id: "m1", text: "slow", serverTime: 1_000),
                conversation: Conversation(sessionID: "s", cooldowns: ["slow": end], said: [:]),
                localTime: try #require(TimeOfDay("12:00"))
            )
            guard case .finished(let result) = chain.begin(turn) else { return nil }
            return result
        }
        try answer(end: 61_000)?.expectReply("No idea.")
        try answer(end: 61_001)?.expectReply("How many seconds?")
    }

    @Test("whom to hand over to: queue and note for the person, the text for the visitor")
    func handoff() async throws {
        var desk = try self.desk()
        let result = try await desk.say("a person please")
        try result.expectReply("I am calling somebody.", from: "rules").expectOutcome(.handedOver)
        let text = Reply("I am calling somebody.", format: .plain)
        #expect(result.effects.handoff == Responders.Handoff(queue: "billing", note: "wants a person", text: text))
        #expect(result.effects.tags == ["person"])
        let quiet = try await desk.say("a human please")
        try quiet.expectOutcome(.handedOver).expectExactlyOne()
        #expect(quiet.responder == "rules")
        #expect(quiet.replies.first?.text == "That is a question for a person.")
    }

    @Test("the tags of a rule that goes on, where another responder answers")
    func goesOn() async throws {
        var desk = try self.desk(
            """
            version: 1
            rules:
              - {id: vip, when: {vars: {plan: pro}}, match: {always: true}, continue: true, tags: [vip]}
            """
        )
        let passed = try await desk.say("what else", on: Page(vars: ["plan": "pro"]))
        try passed.expectReply("No idea.", from: "fallback")
        #expect(passed.effects.tags == ["vip"])
        #expect(try await desk.say("what else").effects.tags.isEmpty)
    }

    @Test("what a rule has said, also when it moves to a file of another name")
    func renamedFile() async throws {
        var desk = try self.desk(
            """
            version: 1
            rules:
              - id: greeting
                match: '\\bhello\\b'
                reply: {pick: rotate, variants: [{text: One}, {text: Two}, {text: Three}]}
            """
        )
        let rules = try #require(desk.chain.entries.first?.responder as? any ReloadableResponder)
        let folder = try #require(rules.contentFolders.first)
        var texts: [String] = []
        for name in ["b", "c", "d"] {
            texts += try await desk.say("hello").replies.map(\.text)
            let (old, new) = (["b": "a", "c": "b", "d": "c"][name] ?? "", name)
            try FileManager.default.moveItem(atPath: "\(folder)/\(old).yaml", toPath: "\(folder)/\(new).yaml")
            rules.reload()
        }
        #expect(Set(texts) == ["One", "Two", "Three"])
    }
}
