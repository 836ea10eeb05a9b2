import FoundationEssentials
import Responders
import RespondersTesting
import Testing

@testable import Plugins

@Suite("process: programs that misbehave", .timeLimit(.minutes(2)))
struct HostileProcessTests {
    private static let crashed = Verdict.fail(Failure(.crashed, "the process ended before it answered"))

    @Test("ends a program that writes three lines in a row that are no JSON")
    func junk() async throws {
        let desk = try ProcessDesk(
            #"run(lambda frame, text: print("Traceback\n  File 'x'\nKeyError: " + text, flush=True))"#
        )
        try await desk.run {
            #expect(await desk.ask("secret text") == Self.crashed)
            _ = await desk.incidents.first(with: "Plugin process writes what is no JSON")
        }
        #expect(!"\(desk.incidents.all)".contains("secret"))
    }

    @Test("stays with a program that writes junk between its answers")
    func someJunk() async throws {
        let desk = try ProcessDesk(
            """
            def answer(frame, text):
                print("debug: about to answer"); print("[]"); reply(frame, text)
            run(answer)
            """
        )
        try await desk.run {
            for number in 0..<5 { #expect(await desk.ask("\(number)") == .reply(Reply("\(number)"))) }
        }
        #expect(desk.incidents.all.allSatisfy { $0.message == "Plugin process wrote what can't be read" })
    }

    @Test("ends a program that writes a line without end")
    func longLine() async throws {
        let desk = try ProcessDesk(#"run(lambda frame, text: sys.stdout.write("x" * 300_000) or sys.stdout.flush())"#)
        try await desk.run {
            #expect(await desk.ask("hello") == Self.crashed)
            _ = await desk.incidents.first(with: "a line of more than 262144 bytes")
        }
    }

    @Test("ends a program that floods its output with good lines, and tells of it once")
    func flood() async throws {
        let desk = try ProcessDesk(
            """
            def answer(frame, text):
                line = json.dumps({"type": "log", "level": "notice", "text": "again"}) + "\\n"
                while True: sys.stdout.write(line * 1000)
            run(answer)
            """
        )
        try await desk.run {
            #expect(await desk.ask("hello") == Self.crashed)
            _ = await desk.incidents.first(with: "Plugin process floods its output")
            _ = await desk.incidents.first(with: "Plugin process ended")
        }
        #expect(desk.incidents.all.count { $0.message == "Plugin process floods its output" } == 1)
        #expect(desk.incidents.all.count < 100)
    }

    @Test("answers on while a program floods its error output, and logs a bounded part of it")
    func noise() async throws {
        let desk = try ProcessDesk(
            """
            import threading
            def noise():
                while True: sys.stderr.write("noise " * 2000 + "\\n")
            threading.Thread(target=noise, daemon=True).start()
            run(lambda frame, text: reply(frame, text))
            """
        )
        try await desk.run {
            for number in 0..<20 { #expect(await desk.ask("\(number)") == .reply(Reply("\(number)"))) }
            _ = await desk.incidents.first(with: "noise")
        }
        #expect(desk.incidents.all.count < 200)
        #expect(desk.incidents.all.allSatisfy { $0.details.values.allSatisfy { $0.utf8.count <= 1_100 } })
    }

    @Test("logs what a program prints, without what visitors wrote")
    func personalNoise() async throws {
        let desk = try ProcessDesk(
            """
            def answer(frame, text):
                print("handling %r for %s\\x1b[31m" % (frame["turn"]["message"]["text"], frame["turn"]["visitor"]["name"]),
                    file=sys.stderr, flush=True)
                send(type="log", level="error", text="lookup of " + text[10:30] + " failed")
                reply(frame, text)
            run(answer)
            """
        )
        let text = "my card is 4111 1111 1111 1111 and I live in Elm Street"
        try await desk.run {
            #expect(
                await desk.ask(text, visitor: Visitor(id: "u-4711", name: "Erika Mustermann")) == .reply(Reply(text))
            )
            let noise = await desk.incidents.first(with: "handling")
            #expect(noise.details["log.text"] == "handling '[…]' for […] [31m")
            let log = await desk.incidents.first(with: "lookup")
            #expect(log.details["log.text"] == "lookup of […]failed")
            #expect(log.level == .error)
        }
    }

    @Test("is not held up by a program that reads nothing, and takes no more than it can keep")
    func readsNothing() async throws {
        let desk = try ProcessDesk(
            """
            sys.stdin.readline()
            send(type="ready", protocol=1, name="test", stages=["answer"], maxConcurrency=256)
            time.sleep(1000)
            """
        )
        try await desk.run {
            let long = String(repeating: "x", count: 16_000)
            let calls = (0..<200).map { _ in Task { await desk.ask(long) } }
            var busy = 0
            // Whatever found no room says so at once; the others wait for as long as they like.
            for call in calls.suffix(60) where await Self.isBusy(call) { busy += 1 }
            #expect(busy > 30)
            for call in calls { call.cancel() }
        }
    }

    private static func isBusy(_ call: Task<Verdict, Never>) async -> Bool {
        let (first, source) = AsyncStream<Bool>.makeStream()
        let watch = Task { source.yield(await call.value == .pass(reason: .busy)) }
        // A call that waits is given up, so that the test goes on.
        let other = Task {
            for _ in 0..<2_000 { await Task.yield() }
            call.cancel()
        }
        defer {
            watch.cancel()
            other.cancel()
        }
        for await isBusy in first { return isBusy }
        return false
    }

    private static let badVerdicts: [(answer: String, problem: String?)] = [
        (#"{"verdict": "repyl", "text": "x"}"#, #"verdict.verdict: "repyl"; did you mean "reply"? [unknown-word]"#),
        (#"{"verdict": "reply"}"#, "verdict.text: missing; write what the visitor reads [missing-field]"),
        (
            #"{"verdict": "reply", "text": "  "}"#,
            #"verdict.text: empty; write a text, or the verdict "pass" [empty-reply]"#
        ),
        (#"{"verdict": "reply", "text": 5}"#, "verdict.text: expected a text, found a number [wrong-type]"),
        (
            #"{"verdict": "pass", "reason": "Not mine!"}"#,
            "verdict.reason: no word in kebab case; write 1 to 40 of a-z 0-9 -, such as not-mine [bad-code]"
        ),
        (
            #"{"verdict": "reply", "text": "x", "links": [{"title": "t", "url": "javascript:alert(1)"}]}"#,
            "verdict.links[0].url: not followed; write https://… or a path that begins with one / [bad-link]"
        ),
        (#"{"verdict": "pass", "extra": {"unknown": 1}}"#, nil),
    ]

    @Test("fails a verdict that can't be read, with what is wrong with it, and goes on")
    func badVerdicts() async throws {
        let desk = try ProcessDesk(
            """
            answers = json.loads(os.environ["ANSWERS"])
            def answer(frame, text):
                send(type="verdict", id=frame["id"], **answers[int(text)])
            run(answer)
            """,
            "env: [ANSWERS]",
            environment: ["ANSWERS": "[\(Self.badVerdicts.map(\.answer).joined(separator: ","))]"]
        )
        try await desk.run {
            for (index, expected) in Self.badVerdicts.enumerated() {
                let verdict = expected.problem.map { Verdict.fail(Failure(.badFrame, $0)) } ?? .pass()
                #expect(await desk.ask("\(index)") == verdict)
            }
        }
    }

    @Test("never shows an answer under the id of another call")
    func foreignIDs() async throws {
        let desk = try ProcessDesk(
            """
            def answer(frame, text):
                for other in ("c0", "c999", "", frame["id"] + " "):
                    send(type="verdict", id=other, verdict="reply", text="for somebody else")
                reply(frame, text)
                reply(frame, "again")
            run(answer)
            """
        )
        try await desk.run {
            for number in 0..<10 { #expect(await desk.ask("\(number)") == .reply(Reply("\(number)"))) }
        }
    }

    @Test("ends what a program leaves behind, though it ignores every hint", .enabled(if: isLinux))
    func leavesBehind() async throws {
        let desk = try ProcessDesk(
            """
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            child = subprocess.Popen([sys.executable, "-c",
                "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(1000)"])
            def answer(frame, text): reply(frame, "%d %d" % (os.getpid(), child.pid))
            run(answer)
            time.sleep(1000)
            """
        )
        let (pids, source) = AsyncStream<[String]>.makeStream()
        try await desk.run {
            guard case .reply(let reply, _, _, _) = await desk.ask("x") else { return }
            source.yield(reply.text.split(separator: " ").map(String.init))
        }
        source.finish()
        for await pids in pids {
            #expect(pids.count == 2)
            for pid in pids {
                // SIGKILL was sent; the system may take a moment.
                for _ in 0..<100_000 where Self.isAlive(pid) { await Task.yield() }
                #expect(!Self.isAlive(pid), "\(pid)")
            }
        }
    }

    /// Whether a process does anything; a zombie that nobody has waited for does not.
    private static func isAlive(_ pid: String) -> Bool {
        guard let state = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return false }
        return !state.contains(") Z ")
    }

    @Test("is not kept by a grandchild that holds the output open")
    func grandchild() async throws {
        let desk = try ProcessDesk(
            """
            def answer(frame, text):
                subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
                os._exit(0)
            run(answer)
            """
        )
        try await desk.run {
            #expect(await desk.ask("x") == Self.crashed)
            _ = await desk.incidents.first(with: "Plugin process ended")
        }
    }

    @Test("holds a program to its memory", .enabled(if: isLinux))
    func memory() async throws {
        let desk = try ProcessDesk(
            """
            def answer(frame, text):
                try:
                    data = bytearray(400 << 20)
                    reply(frame, "got it")
                except MemoryError:
                    reply(frame, "no memory")
            run(answer)
            """,
            "memory: 300MiB"
        )
        try await desk.run { #expect(await desk.ask("x") == .reply("no memory")) }
    }

    @Test("uses a bounded number of codes for failures, which name metrics")
    func codes() async throws {
        let desk = try ProcessDesk(
            """
            def answer(frame, text):
                send(type="verdict", id=frame["id"], verdict="fail", code="code-" + text, reason="failed at " + text)
            run(answer)
            """
        )
        try await desk.run {
            var codes: Set<TraceReason> = []
            for number in 0..<100 {
                guard case .fail(let failure) = await desk.ask("number-\(number)") else { continue }
                codes.insert(failure.code)
                #expect(failure.problem == "failed at […]")
            }
            #expect(codes.count == 17)
            #expect(codes.contains(.pluginFailed))
        }
    }
}

#if os(Linux)
    private let isLinux = true
#else
    private let isLinux = false
#endif
