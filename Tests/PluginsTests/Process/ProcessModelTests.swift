import Messages
import Plugins
import Responders
import RespondersTesting
import Testing

/// Stories at random: a real program that dies, hangs and lies while messages come, dies again when it is started, and is
/// replaced by a reload while a message waits for it.
@Suite("every message has one outcome, whatever a real program does", .timeLimit(.minutes(5)))
struct ProcessModelTests {
    /// What a message has the program do.
    private enum Deed: String, CaseIterable {
        case reply, pass, fail, empty, garbage, twice
        /// Answers another call.
        case stray
        /// Dies before its answer, between two pieces of it, or at once and at its next starts too.
        case die, dieInStream, dieForLong
        /// Answers when it is told that nobody waits any more, or never ends its text.
        case late, hangInStream
        /// Leaves its output open and says nothing ever again, to pings neither.
        case freeze
        case stream
        /// Writes on after the end of its text.
        case streamOn
        /// Closes its output and lives on.
        case mute

        /// Whether time has to pass before the message can be answered.
        var needsTime: Bool {
            switch self {
            case .reply, .pass, .fail, .empty, .twice, .stream, .streamOn: false
            case .garbage, .stray, .die, .dieInStream, .dieForLong, .late, .hangInStream, .freeze, .mute: true
            }
        }
    }

    private static let program =
        ProcessDesk.prelude + """
            if os.path.exists("dead"):
                # So often it dies at its start.
                left = int(open("dead").read())
                if left > 1: open("dead", "w").write(str(left - 1))
                else: os.remove("dead")
                sys.exit(1)
            def piece(frame, index, text): send(type="delta", id=frame["id"], index=index, text=text)
            waiting = None
            for line in sys.stdin:
                frame = json.loads(line)
                if frame["type"] == "hello":
                    send(type="ready", protocol=1, name="test", stages=["answer"], streams=True)
                elif frame["type"] == "ping":
                    send(type="pong", n=frame["n"])
                elif frame["type"] == "cancel" and waiting:
                    reply(waiting, "late")
                    waiting = None
                elif frame["type"] == "turn":
                    text = frame["turn"]["message"]["text"]
                    if "tream" in text: piece(frame, 0, "first ")
                    if text == "die" or text == "dieInStream": os._exit(3)
                    elif text == "dieForLong":
                        open("dead", "w").write("2")
                        os._exit(3)
                    elif text == "freeze": time.sleep(1000)
                    elif text == "mute":
                        os.close(1)
                        time.sleep(1000)
                    elif text == "late" or text == "hangInStream": waiting = frame
                    elif text == "garbage": print("secret inner workings", flush=True)
                    elif text == "stray": send(type="verdict", id="c999", verdict="reply", text="late")
                    elif text == "fail": send(type="verdict", id=frame["id"], verdict="fail", code="broken", reason="secret inner workings")
                    elif text == "pass": send(type="verdict", id=frame["id"], verdict="pass")
                    elif text == "empty": reply(frame, "  ")
                    elif text == "stream" or text == "streamOn":
                        piece(frame, 1, "second")
                        reply(frame, "first second")
                        if text == "streamOn": piece(frame, 2, "late")
                    else:
                        reply(frame, "a reply")
                        if text == "twice": reply(frame, "late")

            """

    private static func desk(_ clock: ManualClock) throws -> ChainDesk {
        try ChainDesk(
            """
            answer:
              - process: {command: [python3, program.py]}
                timeout: 2s
                breaker: {failures: 4}
            fallback:
              - fallback: {text: nobody}
            """,
            plugins: .builtin(),
            files: ["program.py": Self.program],
            clock: TurnClock(clock)
        )
    }

    @Test("and none sees a word of another's, also where its program is replaced meanwhile", arguments: 0..<16)
    func outcomes(seed: Int) async throws {
        var random = SplitMix64(state: UInt64(seed))
        // Each configuration has a program of its own; the message that is under way when it goes ends with it.
        for generation in 1...2 {
            let place = "seed \(seed), configuration \(generation)"
            let clock = ManualClock()
            let desk = try Self.desk(clock)
            let deeds = (0..<Int.random(in: 2...6, using: &random)).map { _ in
                Deed.allCases.randomElement(using: &random) ?? .reply
            }
            let last = Deed.allCases.randomElement(using: &random) ?? .late
            let pause = [nil, .milliseconds(100), Duration.seconds(1)].randomElement(using: &random) ?? nil
            let (result, events) = try await Self.ticking(clock) { tick in
                let underWay = try await running(desk.chain.runningParts) {
                    // The clock stands, so the program has as long for its start as it wants.
                    try await Self.say(.reply, to: desk).expectReply("a reply", from: "process")
                    for (number, deed) in deeds.enumerated() {
                        if deed.needsTime { tick() }
                        let before = desk.screen.events.count
                        let result = try await Self.say(deed, to: desk)
                        let place = "\(place), \(number + 1): \(deed)"
                        Self.check(result, of: deed, desk.screen.events.dropFirst(before), place)
                    }
                    tick()
                    let before = desk.screen.events.count
                    let underWay = Task { (try await Self.say(last, to: desk), before) }
                    // Some are on their way to the program when it goes, some are with it.
                    if let pause { try await clock.sleep(for: pause) }
                    return underWay
                }
                let (result, before) = try await underWay.value
                return (result, Array(desk.screen.events.dropFirst(before)))
            }
            Self.check(result, of: last, events[...], "\(place), at its end: \(last)")
        }
    }

    private static func say(_ deed: Deed, to desk: ChainDesk) async throws -> ChainResult {
        var desk = desk
        return try await desk.say(deed.rawValue)
    }

    /// Does something, and lets time pass from the moment on at which it says so.
    private static func ticking<T: Sendable>(
        _ clock: ManualClock,
        _ body: @escaping @Sendable (_ tick: @escaping @Sendable () -> Void) async throws -> T
    ) async throws -> T {
        let (begin, continuation) = AsyncStream<Never>.makeStream()
        return try await withThrowingTaskGroup(of: T?.self) { group in
            group.addTask { try await body { continuation.finish() } }
            group.addTask {
                for await _ in begin {}
                // A real process needs real time.
                while (try? await ContinuousClock().sleep(for: .milliseconds(10))) != nil {
                    clock.advance(by: .milliseconds(100))
                }
                return nil
            }
            defer { group.cancelAll() }
            guard let found = try await group.next() ?? nil else { throw Mismatch("nothing came") }
            return found
        }
    }

    /// Checks what came of a message.
    private static func check(_ result: ChainResult, of deed: Deed, _ events: ArraySlice<Screen.Event>, _ place: String)
    {
        #expect(result.replies.count == 1, "\(place): \(result.replies)")
        #expect(!result.isOverdue, "\(place)")
        // What it may say, where it says it; where the program isn't up, nobody answers.
        let own: [String] =
            switch deed {
            case .reply, .twice: ["a reply"]
            case .stream, .streamOn: ["first second", "first "]
            case .dieInStream, .hangInStream: ["first "]
            case .pass, .fail, .empty, .garbage, .stray, .die, .dieForLong, .late, .freeze, .mute: []
            }
        let text = result.replies.first?.text ?? "none"
        switch result.outcome {
        case .answered: #expect(own.contains(text), "\(place): \(text)")
        case .fellBack: #expect(text == "nobody", "\(place): \(text)")
        default: Issue.record("\(place): \(result.outcome)")
        }
        // What was begun on the screen is ended there, once and with the words that count.
        var shown: [String]?
        for event in events {
            switch event {
            case .began:
                #expect(shown == nil, "\(place): \(events)")
                shown = []
            case .piece(let piece): shown?.append(piece)
            case .ended(let whole, _):
                #expect(shown != nil && whole == text, "\(place): \(events)")
                #expect(whole.hasPrefix(shown?.joined() ?? "none"), "\(place): \(events)")
                shown = nil
            case .shown: Issue.record("\(place): \(events)")
            }
        }
        #expect(shown == nil, "\(place): a reply without an end: \(events)")
        #expect(!"\(result.replies) \(events)".contains("late"), "\(place)")
        #expect(!"\(result.replies) \(events)".contains("secret"), "\(place)")
    }
}
