import Responders
import RespondersTesting
import Testing

@Suite("a streamed reply", .timeLimit(.minutes(1)))
struct StreamingTests {
    private let clock = ManualClock()

    private func chain(
        deadline: Duration = .seconds(8),
        streamDeadline: Duration = .seconds(45),
        _ entries: Chain.Entry...
    ) -> Chain {
        Chain(
            name: "test",
            entries: entries,
            deadline: deadline,
            streamDeadline: streamDeadline,
            clock: TurnClock(self.clock)
        )
    }

    /// Writes what a test sends, one piece after the other, and ends with its whole text.
    private func writer(
        onFailure: Chain.OnFailure? = nil,
        timeout: Duration = .seconds(30),
        _ pieces: AsyncThrowingStream<String, any Error>
    ) -> Chain.Entry {
        Chain.Entry(
            Waiting { _ in
                .stream(
                    StreamedReply { output in
                        var text = ""
                        for try await piece in pieces {
                            try output.write(piece)
                            text += piece
                        }
                        return Reply(text)
                    }
                )
            },
            name: "writer",
            stage: .answer,
            onFailure: onFailure,
            timeout: timeout
        )
    }

    private let fallback = Chain.Entry(Immediate(.reply("from the fallback")), name: "fallback", stage: .fallback)
    private let next = Chain.Entry(Immediate(.reply("from the next")), name: "next", stage: .answer)

    @Test("is shown piece by piece and ends with the whole text")
    func pieces() async throws {
        let (pieces, input) = AsyncThrowingStream<String, any Error>.makeStream()
        var desk = ChainDesk(self.chain(self.writer(pieces), self.next))
        let screen = desk.screen
        async let result = desk.say("hello")
        // Its time limits.
        await self.clock.sleepers(atLeast: 1)
        self.clock.advance(by: .milliseconds(400))
        input.yield("Open ")
        await screen.events(atLeast: 2)
        input.yield("")
        input.yield("settings.")
        input.finish()
        let ended = try await result
        try ended.expectReply("Open settings.", from: "writer").expectExactlyOne().expectOutcome(.answered)
        #expect(
            screen.events == [
                .began(number: 1), .piece("Open "), .piece("settings."), .ended("Open settings.", .complete),
            ]
        )
        #expect(ended.shownCount == 1)
        #expect(ended.steps[0].verdict == "stream")
        #expect(
            ended.steps[0].stream == .init(firstPiece: .milliseconds(400), pieceCount: 2, finish: .complete)
        )
        #expect(ended.steps[1].reason == .alreadyAnswered)
    }

    @Test("comes behind a reply that was given before it")
    func order() async throws {
        let first = Chain.Entry(Immediate(.reply("A moment.", then: .continue)), name: "first", stage: .answer)
        let second = Chain.Entry(
            Immediate(
                .stream(
                    StreamedReply { output in
                        try output.write("Here")
                        return "Here it is."
                    }
                )
            ),
            name: "second",
            stage: .answer
        )
        var desk = ChainDesk(self.chain(first, second))
        let ended = try await desk.say("hello")
        #expect(ended.replies.map(\.text) == ["A moment.", "Here it is."])
        #expect(ended.shownCount == 2)
        #expect(
            desk.screen.events == [
                .shown("A moment."), .began(number: 2), .piece("Here"), .ended("Here it is.", .complete),
            ]
        )
    }

    @Test("that fails before its first piece is a failure as any other")
    func failsAtOnce() async throws {
        let (pieces, input) = AsyncThrowingStream<String, any Error>.makeStream()
        input.finish(throwing: Broken())
        var desk = ChainDesk(self.chain(self.writer(pieces), self.next))
        let ended = try await desk.say("hello")
        try ended.expectReply("from the next", from: "next").expectExactlyOne().expectOutcome(.answered)
        #expect(desk.screen.events.isEmpty)
        #expect(ended.steps[0].reason == .error)
        #expect(ended.shownCount == 0)
    }

    @Test("that has no text is a failure")
    func empty() async throws {
        let (pieces, input) = AsyncThrowingStream<String, any Error>.makeStream()
        input.finish()
        var desk = ChainDesk(self.chain(self.writer(pieces), self.next))
        let ended = try await desk.say("hello")
        try ended.expectReply("from the next", from: "next").expectExactlyOne()
        #expect(ended.steps[0].reason == .emptyReply)
    }

    @Test("has five seconds for its first piece, and less where the turn has less")
    func firstPiece() async throws {
        for (deadline, limit) in [(Duration.seconds(8), Duration.seconds(5)), (.seconds(2), .milliseconds(1_750))] {
            let (pieces, input) = AsyncThrowingStream<String, any Error>.makeStream()
            let (begin, began) = AsyncStream<Void>.makeStream()
            let entry = Chain.Entry(
                Waiting { _ in
                    .stream(
                        StreamedReply { _ in
                            began.finish()
                            for try await _ in pieces {}
                            return "late"
                        }
                    )
                },
                name: "silent",
                stage: .answer,
                timeout: .seconds(30)
            )
            var desk = ChainDesk(self.chain(deadline: deadline, entry, self.fallback))
            async let result = desk.say("hello")
            // Before that the clock would be moved while the responder is still asked.
            for await _ in begin {}
            await self.clock.sleepers(atLeast: 1)
            self.clock.advance(by: limit - .milliseconds(1))
            await self.clock.sleepers(atLeast: 1)
            self.clock.advance(by: .milliseconds(1))
            let ended = try await result
            try ended.expectReply("from the fallback", from: "fallback").expectExactlyOne()
            #expect(ended.steps[0].reason == .timeout)
            #expect(ended.steps[0].duration == limit)
            input.finish()
        }
    }

    @Test("that fails later is kept as far as it came, and the error stays inside")
    func cut() async throws {
        let (pieces, input) = AsyncThrowingStream<String, any Error>.makeStream()
        var desk = ChainDesk(self.chain(self.writer(pieces), self.next, self.fallback))
        input.yield("Open set")
        input.finish(throwing: Broken())
        let ended = try await desk.say("hello")
        try ended.expectReply("Open set", from: "writer").expectExactlyOne().expectOutcome(.answered)
        #expect(desk.screen.events.last == .ended("Open set", .error))
        #expect(ended.failures.map(\.failure.code) == [.error])
        #expect(!ended.replies.contains { $0.text.contains("secret") })
    }

    @Test("that fails later is followed by the fallback where the entry says so")
    func cutToFallback() async throws {
        let (pieces, input) = AsyncThrowingStream<String, any Error>.makeStream()
        var desk = ChainDesk(self.chain(self.writer(onFailure: .fallback, pieces), self.next, self.fallback))
        input.yield("Open set")
        input.finish(throwing: Broken())
        let ended = try await desk.say("hello")
        #expect(ended.replies.map(\.text) == ["Open set", "from the fallback"])
        #expect(ended.shownCount == 1)
        #expect(ended.outcome == .answered)
        #expect(ended.steps[1].reason == .stageSkipped)
    }

    @Test("ends where its next piece takes too long, its call or the turn")
    func timeouts() async throws {
        let cases: [(timeout: Duration, streamDeadline: Duration, limit: Duration)] = [
            (.seconds(30), .seconds(45), .seconds(10)), (.seconds(9), .seconds(45), .seconds(9)),
            (.seconds(30), .milliseconds(8_500), .milliseconds(8_500)),
        ]
        for (timeout, streamDeadline, limit) in cases {
            let (pieces, input) = AsyncThrowingStream<String, any Error>.makeStream()
            let entry = self.writer(timeout: timeout, pieces)
            var desk = ChainDesk(self.chain(streamDeadline: streamDeadline, entry, self.fallback))
            let screen = desk.screen
            async let result = desk.say("hello")
            await self.clock.sleepers(atLeast: 1)
            input.yield("Open set")
            await screen.events(atLeast: 2)
            // The first wait ends where no first piece would have come.
            self.clock.advance(by: .seconds(5))
            await self.clock.sleepers(atLeast: 1)
            self.clock.advance(by: limit - .seconds(5) - .milliseconds(1))
            await self.clock.sleepers(atLeast: 1)
            self.clock.advance(by: .milliseconds(1))
            let ended = try await result
            try ended.expectReply("Open set", from: "writer").expectExactlyOne().expectOutcome(.answered)
            #expect(screen.events.last == .ended("Open set", .timeout))
            input.finish()
        }
    }

    @Test("ends when the visitor wants no more, and later pieces are refused")
    func stop() async throws {
        let (pieces, input) = AsyncThrowingStream<String, any Error>.makeStream()
        var desk = ChainDesk(self.chain(self.writer(pieces), self.next))
        let screen = desk.screen
        async let result = desk.say("hello")
        input.yield("Open set")
        await screen.events(atLeast: 2)
        screen.stop()
        let ended = try await result
        input.yield("tings")
        try ended.expectReply("Open set", from: "writer").expectExactlyOne().expectOutcome(.answered)
        #expect(screen.events == [.began(number: 1), .piece("Open set"), .ended("Open set", .stopped)])
        #expect(ended.steps[0].reason == .stopped)
        #expect(ended.failures.isEmpty)
    }

    @Test("that ignores its cancellation shows nothing after its end")
    func ignoresCancellation() async throws {
        let (gate, opener) = AsyncStream<Void>.makeStream()
        let (refusals, refused) = AsyncStream<Void>.makeStream()
        let entry = Chain.Entry(
            Waiting { _ in
                .stream(
                    StreamedReply { output in
                        try output.write("Open ")
                        // A task of its own does not learn of the cancellation.
                        await Task { for await _ in gate {} }.value
                        #expect(throws: CancellationError.self) { try output.write("late") }
                        refused.finish()
                        return "late"
                    }
                )
            },
            name: "stubborn",
            stage: .answer
        )
        var desk = ChainDesk(self.chain(entry))
        let screen = desk.screen
        async let result = desk.say("hello")
        await screen.events(atLeast: 2)
        screen.stop()
        try await result.expectReply("Open ", from: "stubborn").expectExactlyOne()
        opener.finish()
        for await _ in refusals {}
        #expect(screen.events.count == 3)
    }

    @Test("ends at the longest text that a reply may have")
    func truncated() async throws {
        let entry = Chain.Entry(
            Waiting { _ in
                .stream(
                    StreamedReply { output in
                        while true { try output.write(String(repeating: "é", count: 1_000)) }
                    }
                )
            },
            name: "endless",
            stage: .answer
        )
        var desk = ChainDesk(self.chain(entry))
        let ended = try await desk.say("hello")
        #expect(ended.replies.map(\.text.utf8.count) == [Reply.maximumTextBytes])
        #expect(ended.steps[0].reason == .truncated)
        #expect(ended.failures.isEmpty)
    }

    @Test("is given up with its turn")
    func cancelled() async throws {
        let (pieces, input) = AsyncThrowingStream<String, any Error>.makeStream()
        let chain = self.chain(self.writer(pieces), self.fallback)
        let task = Task {
            var desk = ChainDesk(chain)
            input.yield("Open set")
            let result = try await desk.say("hello")
            return (result, desk.screen.events)
        }
        await self.clock.sleepers(atLeast: 1)
        task.cancel()
        let (ended, _) = try await task.value
        try ended.expectExactlyOne()
        #expect(ended.steps[0].reason == .cancelled)
    }

    @Test("is not allowed outside answer, nor after three replies")
    func notAllowed() async throws {
        let stream = Verdict.stream(StreamedReply { _ in "text" })
        var desk = ChainDesk(
            self.chain(Chain.Entry(Immediate(stream), name: "a", stage: .fallback), self.fallback)
        )
        let ended = try await desk.say("hello")
        #expect(ended.steps[0].reason == .verdictNotAllowed)
        try ended.expectReply("from the fallback")

        let reply = Immediate(.reply("again", then: .continue))
        let entries = (1...3).map { Chain.Entry(reply, name: "r\($0)", stage: .answer) }
        let last = Chain.Entry(Immediate(stream), name: "last", stage: .answer)
        var full = ChainDesk(Chain(name: "test", entries: entries + [last], clock: TurnClock(self.clock)))
        let crowded = try await full.say("hello")
        #expect(crowded.replies.map(\.text) == ["again", "again", "again"])
        #expect(crowded.steps[3].reason == .replyLimit)
    }
}
