import Diagnostics
import Foundation
import Messages
import Responders
import RespondersTesting
import Testing

@Suite("the record of a turn")
struct TurnTraceTests {
    private static let said = "My card is 4111 and my name is Xanthippe"

    private func result(_ entries: [Chain.Entry], explaining: Bool = false, attempt: Int = 1) async throws
        -> ChainResult
    {
        let chain = Chain(name: "test", entries: entries, generation: 14, clock: TurnClock(ManualClock()))
        let turn = Turn(
            id: TurnID("t_1"),
            message: Incoming(id: "m2", seq: 3, text: Self.said, serverTime: 1_795_584_553_123),
            conversation: Conversation(sessionID: "s1", site: "shop"),
            localTime: TimeOfDay(minutes: 0),
            attempt: attempt
        )
        switch chain.begin(turn, tracing: true, explaining: explaining) {
        case .finished(let result): return result
        case .waiting(let run): return await chain.finish(run)
        }
    }

    private static func text(_ trace: TurnTrace) -> String { String(decoding: trace.json, as: UTF8.self) }

    @Test("says who was asked, what came of it and by which rule, and lists those that were not asked")
    func record() async throws {
        let place = Place(file: "rules/a.yaml", line: 6)
        let found = Augmentation(tags: ["billing"], topic: "billing", rule: "a/greeting", at: place)
        let result = try await self.result(
            [
                Chain.Entry(Immediate(.augment(Augmentation(note: "found"))), name: "docs", stage: .enrich),
                Chain.Entry(Immediate(.pass(reason: .noRule)), name: "first", stage: .answer),
                Chain.Entry(
                    Waiting { _ in .fail(Failure(.timeout)) },
                    name: "orders",
                    stage: .answer,
                    gate: CallGate(name: "orders", clock: TurnClock(ManualClock()))
                ),
                Chain.Entry(Immediate(.reply("Hi!", keep: found)), name: "rules", stage: .answer),
                Chain.Entry(Immediate(.reply("No.")), name: "off", stage: .answer, isEnabled: false),
                Chain.Entry(Immediate(.reply("No.")), name: "last", stage: .fallback),
            ],
            attempt: 2
        )
        let trace = TurnTrace(result, elapsed: .microseconds(1_843_200))
        let steps = [
            #"{"n":1,"stage":"enrich","responder":"docs","verdict":"augment","us":0}"#,
            #"{"n":2,"stage":"answer","responder":"first","verdict":"pass","us":0,"reason":"no-rule"}"#,
            #"{"n":3,"stage":"answer","responder":"orders","verdict":"fail","us":0,"code":"timeout","onError":"skip","#
                + #""breaker":"closed"}"#,
            #"{"n":4,"stage":"answer","responder":"rules","verdict":"reply","us":0,"#
                + #""rule":"a/greeting","at":"rules/a.yaml:6","elected":true}"#,
            #"{"n":5,"stage":"answer","responder":"off","reason":"disabled"}"#,
            #"{"n":6,"stage":"fallback","responder":"last","reason":"already-answered"}"#,
        ]
        #expect(
            Self.text(trace) == #"{"turn":"t_1","message":"m2","session":"s1","site":"shop","chain":"test","#
                + #""generation":14,"attempt":2,"state":"bot","started":"2026-11-25T05:29:13.123Z","elapsedMs":1843.2,"#
                + #""outcome":"answered","responder":"rules","replies":["re:m2"],"steps":["#
                + steps.joined(separator: ",")
                + #"],"notes":{"docs":"7 bytes"},"effects":{"topic":"billing","tags":["billing"]}}"#
        )
        #expect(trace.hasFailed)
        #expect((try? JSONSerialization.jsonObject(with: Data(trace.json))) != nil)
    }

    @Test("a message that was redacted says how much of what, and one that a person had says whose it was")
    func redactedAndAttended() async throws {
        let replacements = [Replacement(0..<1, by: "x", kind: "card"), Replacement(2..<3, by: "x", kind: "card")]
        let guardian = Chain.Entry(
            Immediate(.augment(Augmentation(replacements: replacements))),
            name: "redact",
            stage: .guard
        )
        let turn = Turn(
            id: TurnID("t_1"),
            message: Incoming(id: "m1", text: "1 2 3"),
            conversation: Conversation(sessionID: "s1", state: .human),
            localTime: TimeOfDay(minutes: 0)
        )
        let chain = Chain(name: "test", entries: [guardian])
        guard case .finished(let result) = chain.begin(turn, tracing: true) else { throw Mismatch("it waits") }
        let json = Self.text(TurnTrace(result))
        #expect(json.contains(#""redacted":{"card":2}}]"#), "\(json)")
        #expect(json.contains(#""state":"human""#) && json.contains(#""outcome":"handed-over""#))
        #expect(!json.contains("1 2 3"))
    }

    @Test("a streamed reply says how it came")
    func stream() async throws {
        let reply = StreamedReply { output in
            try output.write("One ")
            try output.write("two")
            return "One two"
        }
        let result = try await self.result([Chain.Entry(Waiting { _ in .stream(reply) }, name: "c", stage: .answer)])
        let json = Self.text(TurnTrace(result))
        #expect(
            json.contains(#""verdict":"stream","us":0,"firstChunkMs":0,"chunks":2,"finish":"complete","elected":true"#)
        )
    }

    @Test("no word of the visitor, of a reply, of a note or of what a plugin threw is in it")
    func noContent() async throws {
        struct Loud: Error { var words: String }
        let note = Note.fields(["captures": .text(Self.said)])
        let entries = [
            Chain.Entry(Immediate(.augment(Augmentation(note: note))), name: "a", stage: .enrich),
            Chain.Entry(Immediate { throw Loud(words: $0.message.text) }, name: "b", stage: .answer),
            Chain.Entry(Immediate(.reply(Reply("You said \(Self.said)"), then: .continue)), name: "c", stage: .answer),
            Chain.Entry(
                Immediate(.handoff(Handoff(queue: "sales", note: Self.said, text: Reply(Self.said)))),
                name: "d",
                stage: .answer
            ),
        ]
        let result = try await self.result(entries)
        #expect(!Self.text(TurnTrace(result)).contains("4111"))
        #expect(Self.text(TurnTrace(result)).contains(#""code":"error""#))
        #expect(Self.text(TurnTrace(result)).contains(#""queue":"sales""#))
        let kept = Self.text(TurnTrace(result, keepsContent: true))
        #expect(kept.contains(#""problem":"Loud(words: \"My card is 4111"#))
    }

    @Test("the problem that a plugin itself names is kept, and is text whatever stands in it")
    func problem() async throws {
        let failure = Failure("bad-status", "500 from \"orders\"\n\u{0}\u{1B}[31m")
        let result = try await self.result([Chain.Entry(Immediate(.fail(failure)), name: "orders", stage: .answer)])
        let json = Self.text(TurnTrace(result))
        #expect(json.contains(#""code":"bad-status","problem":"500 from \"orders\"\n\u0000\u001b[31m""#))
        #expect((try? JSONSerialization.jsonObject(with: Data(json.utf8))) != nil)
    }

    @Test("a turn that isn't traced says how it ended, without steps")
    func untraced() throws {
        let chain = Chain(name: "test", entries: [Chain.Entry(Immediate(.reply("Hi!")), name: "a", stage: .answer)])
        let turn = Turn(
            id: TurnID("t_1"),
            message: Incoming(id: "m1", text: "hello"),
            conversation: Conversation(sessionID: "s"),
            localTime: TimeOfDay(minutes: 0)
        )
        guard case .finished(let result) = chain.begin(turn) else {
            Issue.record("it waits")
            return
        }
        let json = Self.text(TurnTrace(result))
        #expect(!json.contains("steps") && json.contains(#""outcome":"answered","responder":"a","replies":["re:m1"]"#))
    }

    @Test("things that a responder names beside its verdict are in its step, and in no other's")
    func candidates() async throws {
        let many = (0..<40).map { TraceCandidate("r\($0)", at: Place(file: "a.yaml", line: $0), lost: "no match") }
        let entries = [
            Chain.Entry(
                Immediate { turn in
                    turn.noteCandidates(many.count) { many }
                    return .pass()
                },
                name: "a",
                stage: .answer
            ),
            Chain.Entry(Immediate(.reply("Hi!")), name: "b", stage: .answer),
        ]
        let result = try await self.result(entries)
        #expect(result.steps.map { $0.candidates?.count } == [TraceCandidate.maximumCount, nil])
        let json = Self.text(TurnTrace(result))
        #expect(json.contains(#""detail":{"candidates":[{"rule":"r0","at":"a.yaml:0","lost":"no match"},"#))
    }

    @Test("says by which content a rule decided, and how many results came too late, also after the turn")
    func lateAndContent() async throws {
        let clock = ManualClock()
        let (gates, open) = AsyncStream<Void>.makeStream()
        let late = Waiting { _ in
            for await _ in gates { break }
            return .reply("late")
        }
        let found = Immediate { turn in
            turn.noteContent(generation: 9)
            return .reply("Hi!", keep: Augmentation(rule: "a/greeting"))
        }
        let chain = Chain(
            name: "test",
            entries: [
                Chain.Entry(StubbornResponder(inner: late), name: "late", stage: .answer, timeout: .seconds(1)),
                Chain.Entry(found, name: "rules", stage: .answer),
            ],
            clock: TurnClock(clock)
        )
        let turn = Turn(
            id: TurnID("t_1"),
            message: Incoming(id: "m1", text: Self.said),
            conversation: Conversation(sessionID: "s1"),
            localTime: TimeOfDay(minutes: 0)
        )
        guard case .waiting(let run) = chain.begin(turn, tracing: true, rehearsing: false) else {
            Issue.record("nobody is waited for")
            return
        }
        async let finished = chain.finish(run)
        await clock.sleepers(atLeast: 1)
        clock.advance(by: .seconds(1))
        let trace = TurnTrace(await finished)
        #expect(Self.text(trace).contains(##""rule":"a/greeting","detail":{"generation":9}"##), "\(Self.text(trace))")
        #expect(!Self.text(trace).contains(#""late":"#))
        open.finish()
        while !Self.text(trace).contains(#""late":1"#) { await Task.yield() }
    }
}

/// Goes on whatever happens to its task.
private struct StubbornResponder: Responder {
    let inner: any Responder

    func respond(to turn: Turn) async throws -> Verdict {
        let inner = self.inner
        return try await Task { try await inner.respond(to: turn) }.value
    }
}
