import Messages
import Responders
import RespondersTesting
import Testing

@Suite("chain")
struct ChainTests {
    private func result(of entries: Chain.Entry...) async throws -> ChainResult {
        var desk = ChainDesk(Chain(name: "test", entries: entries))
        return try await desk.say("hello")
    }

    /// One word for each entry: who was asked, what came of it, and why.
    private func trace(of result: ChainResult) -> [String] {
        result.steps.map { step in
            [step.responder, step.verdict ?? "-", step.reason?.rawValue].compactMap(\.self).joined(separator: " ")
        }
    }

    private func entry(_ name: String, _ stage: Stage = .answer, _ verdict: Verdict) -> Chain.Entry {
        Chain.Entry(Immediate(verdict), name: name, stage: stage)
    }

    @Test("asks in the order of the file and stops at the first answer")
    func order() async throws {
        let result = try await self.result(
            of: self.entry("a", .answer, .pass(reason: "not-mine")),
            self.entry("b", .answer, .reply("from b")),
            self.entry("c", .answer, .reply("from c")),
            self.entry("d", .fallback, .reply("from d"))
        )
        try result.expectReply("from b", from: "b").expectExactlyOne().expectOutcome(.answered)
        #expect(
            self.trace(of: result) == ["a pass not-mine", "b reply", "c - already-answered", "d - already-answered"]
        )
    }

    @Test("offers only choices that can be sent and links that can be followed, within their bounds")
    func bounds() async throws {
        let long = String(repeating: "a", count: 300)
        let reply = Reply(
            "text",
            choices: [.init(long, send: "yes"), .init("too much", send: long), .init("", send: "x"), .init("No")],
            links: [
                .init(title: "docs", url: "https://docs.example.com/a"), .init(title: "here", url: "/help"),
                .init(title: "bad", url: "javascript:alert(1)"), .init(title: "bad", url: "//evil.example"),
                .init(title: "bad", url: "/\\evil.example"), .init(title: "bad", url: "https://a b"),
                .init(title: "", url: "/a"), .init(title: "plain", url: "http://a.example"),
            ]
        )
        let result = try await self.result(of: self.entry("a", .answer, .reply(reply)))
        let kept = try #require(result.replies.first)
        #expect(kept.choices == [.init(String(long.prefix(40)), send: "yes"), .init("No")])
        #expect(kept.links.map(\.title) == ["docs", "here"])
    }

    @Test("names those that failed, also where somebody else answered")
    func failed() async throws {
        let result = try await self.result(
            of: self.entry("a", .answer, .fail(Failure(.limit, "too slow"))),
            self.entry("b", .answer, .reply("from b"))
        )
        #expect(result.outcome == .answered)
        #expect(result.failures.map(\.responder) == ["a"])
        #expect(result.failures.map(\.failure.code) == [.limit])
    }

    @Test("runs the stages in their order, however the entries are listed")
    func stages() async throws {
        let result = try await self.result(
            of: self.entry("fallback", .fallback, .reply("f")),
            self.entry("answer", .answer, .pass()),
            self.entry("enrich", .enrich, .pass()),
            self.entry("guard", .guard, .pass())
        )
        #expect(result.steps.map(\.responder) == ["guard", "enrich", "answer", "fallback"])
        try result.expectReply("f", from: "fallback").expectOutcome(.fellBack)
    }

    @Test("shows at most three replies, and the fourth passes")
    func replyLimit() async throws {
        let result = try await self.result(
            of: self.entry("a", .answer, .reply("1", then: .continue)),
            self.entry("b", .answer, .reply("2", then: .continue)),
            self.entry("c", .answer, .reply("3", then: .continue)),
            self.entry("d", .answer, .reply("4")),
            self.entry("e", .fallback, .reply("5"))
        )
        #expect(result.replies == ["1", "2", "3"])
        #expect(self.trace(of: result).suffix(2) == ["d pass reply-limit", "e - already-answered"])
        try result.expectOutcome(.answered)
    }

    @Test("shows an earlier reply that said continue to the next responder, and its notes")
    func drafts() async throws {
        let result = try await self.result(
            of: self.entry(
                "docs",
                .enrich,
                .augment(Augmentation(note: ["found": 2], tags: ["billing"], topic: "billing"))
            ),
            self.entry("a", .answer, .reply("first", then: .continue)),
            Chain.Entry(
                Immediate { turn in
                    let found = turn.notes["docs"]?["found"] ?? "nothing"
                    return .reply(
                        Reply("\(turn.drafts.map(\.text)) \(found) \(turn.place.stage) \(turn.place.position)")
                    )
                },
                name: "b",
                stage: .answer
            )
        )
        #expect(result.replies.map(\.text) == ["first", #"["first"] number(2.0) answer 1"#])
        #expect(result.effects.tags == ["billing"])
        #expect(result.effects.topic == "billing")
    }

    @Test("drops a note that is too large and says so")
    func largeNote() async throws {
        let note = Note.text(String(repeating: "x", count: Notes.maximumBytes))
        let result = try await self.result(
            of: self.entry("docs", .enrich, .augment(Augmentation(note: note))),
            Chain.Entry(Immediate { .reply(Reply("\($0.notes.names)")) }, name: "a", stage: .answer)
        )
        try result.expectReply("[]")
        #expect(self.trace(of: result).first == "docs augment note-too-large")
    }

    @Test("takes an empty reply, a thrown error and a verdict of the wrong stage as failures and asks the next one")
    func failures() async throws {
        let result = try await self.result(
            of: self.entry("enrich", .enrich, .reply("too early")),
            self.entry("empty", .answer, .reply(" \n")),
            Chain.Entry(Immediate { _ in throw Broken() }, name: "throws", stage: .answer),
            self.entry("fails", .answer, .fail(Failure("quota", "used up"))),
            self.entry("b", .answer, .reply("from b"))
        )
        try result.expectReply("from b", from: "b").expectExactlyOne().expectOutcome(.answered)
        #expect(
            self.trace(of: result) == [
                "enrich fail verdict-not-allowed", "empty fail empty-reply", "throws fail error", "fails fail quota",
                "b reply",
            ]
        )
        #expect(result.steps[2].problem == "secret inner workings")
    }

    private static let unanswered = ServerTexts.english.unanswered

    @Test("never shows the text of an error, and asks the visitor to try again when everything failed")
    func everythingFailed() async throws {
        let result = try await self.result(
            of: Chain.Entry(Immediate { _ in throw Broken() }, name: "a", stage: .answer),
            Chain.Entry(Immediate { _ in throw Broken() }, name: "b", stage: .fallback)
        )
        try result.expectReply("\(Self.unanswered) Reference: \(result.turn.id.reference).")
            .expectExactlyOne().expectOutcome(.failedAndTold)
        #expect(result.responder == nil)
    }

    @Test("says the built-in sentence where nobody answered and there is no fallback")
    func nobody() async throws {
        let result = try await self.result(of: self.entry("a", .answer, .pass()))
        try result.expectReply(Self.unanswered)
            .expectExactlyOne().expectOutcome(.fellBack)
    }

    @Test("says it in the language of the visitor's page")
    func language() async throws {
        var desk = ChainDesk(Chain(name: "test", entries: [self.entry("a", .answer, .pass())]))
        let result = try await desk.say("hallo", lang: "de-AT")
        try result.expectReply(ServerTexts.german.unanswered).expectExactlyOne()
        #expect(result.replies[0].lang == "de")
    }

    @Test(
        "does after a failure what on_error says",
        arguments: [
            (Chain.OnFailure.skip, "from b", Outcome.answered),
            (.fallback, "from f", .fellBack),
            (.abort, "\(unanswered) Reference: TEST-0001.", .failedAndTold),
        ]
    )
    func onFailure(onFailure: Chain.OnFailure, text: String, outcome: Outcome) async throws {
        let result = try await self.result(
            of: Chain.Entry(Immediate { _ in throw Broken() }, name: "a", stage: .answer, onFailure: onFailure),
            self.entry("b", .answer, .reply("from b")),
            self.entry("f", .fallback, .reply("from f"))
        )
        try result.expectReply(text).expectExactlyOne().expectOutcome(outcome)
    }

    @Test("closes the door when a guard fails, and passes on a guard's own words when it refuses")
    func guards() async throws {
        let failed = try await self.result(
            of: Chain.Entry(Immediate { _ in throw Broken() }, name: "g", stage: .guard),
            self.entry("a", .answer, .reply("from a"))
        )
        try failed.expectOutcome(.failedAndTold).expectExactlyOne()
        let refused = try await self.result(
            of: self.entry("g", .guard, .reply("Not here.")),
            self.entry("a", .answer, .reply("from a"))
        )
        try refused.expectReply("Not here.", from: "g").expectOutcome(.refused).expectExactlyOne()
    }

    @Test("shows nothing where a responder decided for silence")
    func silence() async throws {
        let result = try await self.result(
            of: self.entry("a", .answer, .suppress(reason: "spam")),
            self.entry("f", .fallback, .reply("from f"))
        )
        #expect(result.replies.isEmpty)
        #expect(result.responder == "a")
        try result.expectOutcome(.silent)
    }

    @Test("does not ask a responder that is switched off, and lists it")
    func disabled() async throws {
        let result = try await self.result(
            of: Chain.Entry(Immediate(.reply("no")), name: "off", stage: .answer, isEnabled: false),
            self.entry("b", .answer, .reply("yes"))
        )
        try result.expectReply("yes", from: "b")
        #expect(self.trace(of: result) == ["off - disabled", "b reply"])
    }

    @Test("cuts a reply that is too long between two characters, and says so")
    func longReply() async throws {
        let text = "x" + String(repeating: "é", count: 8_192)
        let result = try await self.result(of: self.entry("a", .answer, .reply(Reply(text))))
        #expect(result.replies.first?.text == String(text.dropLast()))
        #expect(result.steps.first?.reason == .truncated)
    }

    @Test("ends a chain of immediate responders on the caller's thread, and traces only when asked")
    func immediate() throws {
        let chain = Chain(
            name: "test",
            entries: [self.entry("a", .answer, .pass()), self.entry("f", .fallback, .reply("f"))]
        )
        let turn = Turn(
            id: TurnID("t_1"),
            message: Incoming(id: "m1", text: "hello"),
            conversation: Conversation(sessionID: "s"),
            localTime: TimeOfDay(minutes: 0)
        )
        guard case .finished(let result) = chain.begin(turn) else {
            Issue.record("the chain waits")
            return
        }
        #expect(result.replies == ["f"])
        #expect(result.steps.isEmpty)
    }

    @Test("keeps a place for the reply that one has promised, whether it promised first or last")
    func promises() async throws {
        var promising = Reply("I am looking.")
        promising.followUp = FollowUp(token: FollowUp.makeToken(), timeToLive: .seconds(1))
        let plain = Verdict.reply("plain", then: .continue)
        for order in [[promising, "b", "c"], ["a", promising, "c"], ["a", "b", promising]] as [[Reply]] {
            let entries = order.enumerated().map { number, reply in
                Chain.Entry(Immediate(.reply(reply, then: .continue)), name: "\(number)", stage: .answer)
            }
            var desk = ChainDesk(Chain(name: "test", entries: entries))
            let result = try await desk.say("hello")
            #expect(result.replies == Array(order.prefix(2)))
            #expect(result.steps.map(\.reason) == [nil, nil, .replyLimit])
        }
        let three = (0..<4).map { Chain.Entry(Immediate(plain), name: "\($0)", stage: .answer) }
        var desk = ChainDesk(Chain(name: "test", entries: three))
        #expect(try await desk.say("hello").replies.count == 3)
    }

    @Test("GT4: has one outcome, one to three replies and no inner word of an error, whatever the responders do")
    func invariants() async throws {
        let verdicts: [@Sendable () throws -> Verdict] = [
            { .pass() }, { .augment(Augmentation(tags: ["x"])) }, { .reply("a") }, { .reply("b", then: .continue) },
            { .suppress(reason: "s") }, { .fail(Failure("f", "secret inner workings")) }, { throw Broken() },
            { .reply("") }, { .handoff(Handoff()) }, { .handoff(Handoff(text: "h")) },
        ]
        var generator = SplitMix(state: 42)
        for _ in 0..<2_000 {
            let entries = (0..<Int.random(in: 1...6, using: &generator)).map { number in
                let verdict = verdicts[Int.random(in: 0..<verdicts.count, using: &generator)]
                let stage = Stage.allCases[Int.random(in: 0..<4, using: &generator)]
                let onFailure = Chain.OnFailure.allCases[Int.random(in: 0..<4, using: &generator)]
                return Chain.Entry(
                    Immediate { _ in try verdict() },
                    name: "\(number)",
                    stage: stage,
                    onFailure: onFailure
                )
            }
            var desk = ChainDesk(Chain(name: "test", entries: entries))
            let result = try await desk.say("hello")
            #expect(result.steps.count == entries.count)
            // A guard may stop a message with or without a word.
            if result.outcome != .refused { #expect(result.replies.isEmpty == (result.outcome == .silent)) }
            #expect(result.replies.count <= Chain.maximumReplies)
            #expect(!result.replies.contains { $0.text.isEmpty || $0.text.contains("secret") })
        }
    }
}

/// A small generator, the same on every machine.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var z = self.state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
