import Responders
import RespondersTesting
import Testing

@Suite("a redaction in guard")
struct RedactionTests {
    /// Says what it sees.
    private struct Witness: ImmediateResponder {
        func respond(to turn: Turn) -> Verdict {
            let history = turn.history.items.map(\.text).joined(separator: "/")
            let page = turn.page
            let vars = page.vars.map { "\($0)=\($1)" }.joined()
            return .reply(Reply("\(turn.message.text)|\(page.title ?? "")|\(page.path)|\(vars)|\(history)"))
        }
    }

    /// Takes out the word "secret"; can't read "unreadable".
    private struct Censor: ImmediateResponder, TextRedactor {
        func respond(to turn: Turn) throws -> Verdict {
            let found = try self.replacements(in: turn.message.text)
            return found.isEmpty ? .pass() : .augment(Augmentation(replacements: found))
        }

        func replacements(in text: String) throws(Failure) -> [Replacement] {
            guard !text.contains("unreadable") else { throw Failure(.limit) }
            var found: [Replacement] = []
            let bytes = Array(text.utf8)
            for start in bytes.indices where bytes[start...].starts(with: "secret".utf8) {
                found.append(Replacement(start..<start + 6, by: "[…]", kind: "word"))
            }
            return found
        }
    }

    private static func desk(_ guardian: any Responder, _ witness: any Responder = Witness()) -> ChainDesk {
        ChainDesk(
            Chain(
                name: "test",
                entries: [
                    Chain.Entry(guardian, name: "guardian", stage: .guard),
                    Chain.Entry(witness, name: "witness", stage: .answer),
                ]
            )
        )
    }

    @Test("shows later responders the message, the page and the history without it")
    func hides() async throws {
        var desk = Self.desk(Censor())
        let page = Page(path: "/secret/x", title: "A secret page", vars: ["k": "secret"])
        try await desk.say("my secret is out", on: page)
            .expectReply("my […] is out|A […] page|/[…]/x|k=[…]|", from: "witness")
        try await desk.say("and now").expectReply("and now||/||my […] is out/my […] is out|A […] page|/[…]/x|k=[…]|")
    }

    @Test("that can't read something shows nothing of it, and answers nothing where that is the message")
    func failsClosed() async throws {
        var desk = Self.desk(Censor())
        try await desk.say("hello", on: Page(title: "unreadable")).expectReply("hello|[removed]|/||", from: "witness")
        let result = try await desk.say("unreadable secret")
        try result.expectOutcome(.failedAndTold)
        #expect(result.replies.allSatisfy { !$0.text.contains("secret") })
        #expect(result.failures.map(\.failure.code) == [.limit])
        try await desk.say("again").expectOutcome(.answered)
    }

    /// How a turn ends that nobody of `answer` sees.
    enum EarlyEnd: CaseIterable { case visitorIsProgram, guardBeforeRefuses, itFails, itFailsAndIsSkipped }

    @Test("reaches those who look at the turn afterwards too, however early it ended", arguments: EarlyEnd.allCases)
    func seenByNobody(_ end: EarlyEnd) async throws {
        let first = Immediate(end == .guardBeforeRefuses ? .reply("no") : .pass())
        let clock = ManualClock()
        let chain = Chain(
            name: "test",
            entries: [
                Chain.Entry(first, name: "first", stage: .guard),
                Chain.Entry(
                    Censor(),
                    name: "redact",
                    stage: .guard,
                    onFailure: end == .itFailsAndIsSkipped ? .skip : .abort
                ),
                Chain.Entry(Immediate(.reply("Yes.")), name: "answer", stage: .answer),
                Chain.Entry(Witness(), name: "beside", stage: .answer, mode: .shadow),
            ],
            clock: TurnClock(clock)
        )
        var desk = ChainDesk(chain, clock: TurnClock(clock))
        var text = "my secret"
        if end == .itFails || end == .itFailsAndIsSkipped { text += " is unreadable" }
        var result = try await desk.say(text, on: Page(path: "/secret", title: "secret"))
        if end == .visitorIsProgram {
            for _ in 0..<3 { result = try await desk.say("Yes.", on: Page(path: "/secret", title: "secret")) }
            try result.expectOutcome(.refused)
        }
        let turn = result.turn
        let seen = [turn.message.text, turn.page.path, turn.page.title ?? ""] + turn.history.items.map(\.text)
        #expect(seen.allSatisfy { !$0.contains("secret") }, "\(seen)")
        let steps = await chain.askShadows(about: result)
        #expect(steps.map(\.reason) == [end == .itFailsAndIsSkipped ? nil : .stageSkipped])
    }

    @Test(
        "of a part that isn't there, or twice, or cuts a character, fails closed",
        arguments: [[0..<9], [7..<8], [0..<4, 3..<5], [1..<2], [-1..<1]]
    )
    func badRanges(ranges: [Range<Int>]) async throws {
        let replacements = ranges.map { Replacement($0, by: "x", kind: "test") }
        var desk = Self.desk(Immediate(.augment(Augmentation(replacements: replacements))))
        let result = try await desk.say("éabcd")
        try result.expectOutcome(.failedAndTold)
        #expect(result.failures.map(\.failure.code) == [.badReplacement])
    }

    @Test("is a failure in other stages")
    func otherStages() async throws {
        let verdict = Verdict.augment(Augmentation(replacements: [Replacement(0..<1, by: "x", kind: "test")]))
        var desk = Self.desk(Immediate(.pass()), Immediate(verdict))
        let result = try await desk.say("hello")
        #expect(result.failures.map(\.failure.code) == [.verdictNotAllowed])
    }

    @Test("never makes a text longer than a message may be")
    func bound() throws {
        let text = String(repeating: "é", count: 8_192)
        let replacements = (0..<8_192).map { Replacement(2 * $0..<2 * $0 + 2, by: "[…]", kind: "test") }
        let shown = try #require(text.replacing(replacements))
        #expect(shown.utf8.count <= 16_384 && shown.hasPrefix("[…][…]"))
        #expect(
            "abc".replacing([Replacement(2..<3, by: "", kind: "x"), Replacement(0..<1, by: "X", kind: "x")]) == "Xb"
        )
    }
}
