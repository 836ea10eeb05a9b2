import Diagnostics
import FoundationEssentials
import Responders
import RespondersTesting
import Testing

@testable import Plugins

@Suite("process", .timeLimit(.minutes(2)))
struct ProcessTests {
    @Test("gives what the program answers, with everything that a reply may have")
    func reply() async throws {
        let desk = try ProcessDesk(
            """
            run(lambda frame, text: reply(frame, "Hello " + text, format="plain", lang="en", tags=["greeting"],
                choices=[{"label": "Yes", "send": "yes please"}], links=[{"title": "More", "url": "/more"}]))
            """
        )
        try await desk.run {
            let expected = Reply(
                "Hello Ähm",
                format: .plain,
                choices: [Reply.Choice("Yes", send: "yes please")],
                links: [Reply.Link(title: "More", url: "/more")],
                lang: "en"
            )
            #expect(await desk.ask("Ähm") == .reply(expected, keep: Augmentation(tags: ["greeting"])))
        }
        #expect(desk.incidents.all.isEmpty)
    }

    @Test("passes where nobody runs it: a command that only looks starts nothing")
    func notRunning() async throws {
        let desk = try ProcessDesk("run(lambda frame, text: reply(frame, text))")
        #expect(await desk.ask("hello") == .pass(reason: .notRunning))
        try await desk.run { #expect(await desk.ask("hello") == .reply("hello")) }
        #expect(await desk.ask("hello") == .pass(reason: .notRunning))
    }

    @Test("sends the configuration with the first line")
    func config() async throws {
        let desk = try ProcessDesk(
            """
            hello = json.loads(sys.stdin.readline())
            send(type="ready", protocol=1, name="test", stages=["answer"])
            run(lambda frame, text: reply(frame, json.dumps(hello["config"], sort_keys=True)))
            """,
            "config: {shop: example, limit: 3, names: [a, b], deep: {on: true, no: 'no'}}"
        )
        try await desk.run {
            let expected = #"{"deep": {"no": "no", "on": true}, "limit": 3, "names": ["a", "b"], "shop": "example"}"#
            #expect(await desk.ask("x") == .reply(Reply(expected)))
        }
    }

    @Test("gives the program only the named variables, and its own folder")
    func environment() async throws {
        let desk = try ProcessDesk(
            """
            names = [name for name in ("SHOP", "MISSING", "SECRET", "HOME", "USER") if name in os.environ]
            run(lambda frame, text: reply(frame, " ".join(names) + " " + str(os.path.exists("program.py"))))
            """,
            "env: [SHOP, MISSING]",
            environment: ["SHOP": "example", "SECRET": "hidden", "HOME": "/", "USER": "x"]
        )
        try await desk.run { #expect(await desk.ask("x") == .reply("SHOP True")) }
    }

    @Test("asks as many at a time as the program takes, and keeps the others waiting")
    func concurrency() async throws {
        let desk = try ProcessDesk(
            """
            held = []
            def answer(frame, text):
                held.append((frame, text))
                if len(held) == 3:
                    for frame, text in reversed(held): reply(frame, text)
                    held.clear()
            run(answer, maxConcurrency=3)
            """
        )
        try await desk.run {
            await withTaskGroup(of: Bool.self) { group in
                for number in 0..<9 {
                    group.addTask { await desk.ask("message \(number)") == .reply(Reply("message \(number)")) }
                }
                for await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test("goes on at once when a call is given up, tells the program, and drops its late answer")
    func cancelled() async throws {
        let desk = try ProcessDesk(
            """
            slow = []
            for line in sys.stdin:
                frame = json.loads(line)
                if frame["type"] == "hello":
                    send(type="ready", protocol=1, name="test", stages=["answer"], maxConcurrency=2)
                elif frame["type"] == "cancel":
                    send(type="log", level="notice", text="cancelled " + frame["id"] + " " + frame["reason"])
                    reply(slow[0], "too late")
                elif frame["type"] == "turn" and frame["turn"]["message"]["text"] == "slow":
                    slow.append(frame)
                    send(type="log", level="notice", text="began")
                else:
                    reply(frame, "quick")
            """
        )
        try await desk.run {
            let slow = Task { await desk.ask("slow") }
            _ = await desk.incidents.first(with: "began")
            slow.cancel()
            #expect(await slow.value == .fail(Failure(.cancelled)))
            _ = await desk.incidents.first(with: "cancelled c1 deadline")
            #expect(await desk.ask("quick") == .reply("quick"))
        }
    }

    @Test("tells the program why a call is given up", arguments: CancelCause.Reason.allCases)
    func cause(reason: CancelCause.Reason) async throws {
        let desk = try ProcessDesk(
            """
            for line in sys.stdin:
                frame = json.loads(line)
                if frame["type"] == "hello":
                    send(type="ready", protocol=1, name="test", stages=["answer"])
                elif frame["type"] == "cancel":
                    send(type="log", level="notice", text="cancelled: " + frame["reason"])
                elif frame["type"] == "turn":
                    send(type="log", level="notice", text="began")
            """
        )
        try await desk.run {
            let cause = CancelCause()
            let call = Task { await CancelCause.$current.withValue(cause) { await desk.ask("hello") } }
            _ = await desk.incidents.first(with: "began")
            cause.note(reason)
            cause.note(reason == .stop ? .reload : .stop)
            call.cancel()
            #expect(await call.value == .fail(Failure(.cancelled)))
            _ = await desk.incidents.first(with: "cancelled: \(reason)")
        }
    }

    @Test("fails the calls of a program that dies, and starts it again after a second")
    func crash() async throws {
        let clock = ManualClock()
        let desk = try ProcessDesk(
            """
            def answer(frame, text):
                if text == "die": os._exit(3)
                reply(frame, text)
            run(answer)
            """,
            clock: TurnClock(clock)
        )
        try await desk.run {
            #expect(await desk.ask("die") == .fail(Failure(.crashed, "the process ended before it answered")))
            let incident = await desk.incidents.first(with: "Plugin process ended")
            #expect(
                incident.details == [
                    "plugin.command": "python3 program.py", "process.end": "exit status 3",
                    "process.next": "started again in 1 s",
                ]
            )
            await clock.sleepers(atLeast: 1)
            #expect(await desk.ask("hello") == .fail(Failure(.unavailable, "the plugin's process is started again")))
            clock.advance(by: .seconds(1))
            var verdict = await desk.ask("hello")
            while case .fail = verdict { verdict = await desk.ask("hello") }
            #expect(verdict == .reply("hello"))
        }
    }

    @Test("takes a program out of service that ends a sixth time within ten minutes")
    func crashesAgainAndAgain() async throws {
        let clock = ManualClock()
        let desk = try ProcessDesk("sys.exit(1)", clock: TurnClock(clock))
        try await desk.run {
            for pause in [1, 2, 4, 8, 16] {
                _ = await desk.incidents.first(with: "started again in \(pause) s")
                await clock.sleepers(atLeast: 1)
                clock.advance(by: .seconds(pause))
            }
            _ = await desk.incidents.first(with: "Plugin process is taken out of service")
            #expect(await desk.ask("hello") == .fail(Failure(.unavailable, "the plugin is taken out of service")))
        }
    }

    @Test("says what is wrong with a program that can't be started")
    func notStarted() async throws {
        let folder = try ScratchFolder(["plugin": "no program"])
        #expect(throws: ConfigurationProblem.self) {
            try ChildProcess.Command.executable("plugin/", PluginServices(baseFolder: folder.path))
        }
        let desk = try ProcessDesk("", "folder: .")
        try await desk.run {
            let incident = await desk.incidents.first(with: "Plugin process ended")
            #expect(incident.details["process.end"] == "exit status 0")
        }
    }

    @Test("refuses a program at once that speaks another version, and doesn't start it again")
    func otherVersion() async throws {
        let desk = try ProcessDesk(#"run(None, protocol=2, stages=["answer", "reply"])"#)
        try await desk.run {
            let incident = await desk.incidents.first(with: "Plugin process is refused")
            #expect(
                incident.details["frame.problem"] == """
                    ready.protocol: 2; this server speaks 1; write "protocol":1 [protocol-mismatch] | \
                    ready.stages[1]: "reply"; write guard, enrich, answer, fallback or after [unknown-word]
                    """
            )
            _ = await desk.incidents.first(with: "Plugin process is taken out of service")
            // Who looks at a turn learns what to write.
            let problem = """
                ready.protocol: 2; this server speaks 1; write "protocol":1 | \
                ready.stages[1]: "reply"; write guard, enrich, answer, fallback or after [unknown-word]
                """
            #expect(await desk.ask("hello") == .fail(Failure("protocol-mismatch", problem)))
            let found = await #expect(throws: StartProblem.self) { try await desk.process.waitUntilStarted() }
            #expect(found?.code == "protocol-mismatch")
            #expect(
                found?.problem
                    == "the process \"python3 program.py\" doesn't work: ready.protocol: 2; this server speaks 1"
            )
            #expect(found?.hint?.hasPrefix("write \"protocol\":1 | ") == true)
        }
    }

    @Test("ends a program that doesn't say what it is within 5 s")
    func silent() async throws {
        let clock = ManualClock()
        let desk = try ProcessDesk("time.sleep(1000)", clock: TurnClock(clock))
        try await desk.run {
            await clock.sleepers(atLeast: 1)
            clock.advance(by: .seconds(5))
            _ = await desk.incidents.first(with: "Plugin process is not ready")
            _ = await desk.incidents.first(with: "signal 15")
            let hint = "write it at once after hello, and flush the output"
            let problem = "no line {\"type\":\"ready\",…} within 5 s"
            #expect(await desk.ask("hello") == .fail(Failure("hello-timeout", "\(problem); \(hint)")))
            let found = await #expect(throws: StartProblem.self) { try await desk.process.waitUntilStarted() }
            #expect(found?.code == "hello-timeout" && found?.hint == hint)
            #expect(found?.problem == "the process \"python3 program.py\" doesn't work: \(problem)")
        }
    }

    @Test("ends a program that answers no ping any more")
    func hangs() async throws {
        let clock = ManualClock()
        let desk = try ProcessDesk(
            """
            def answer(frame, text):
                send(type="log", level="notice", text="hangs now")
                while True: time.sleep(1000)
            run(answer)
            """,
            clock: TurnClock(clock)
        )
        try await desk.run {
            let call = Task { await desk.ask("hang") }
            _ = await desk.incidents.first(with: "hangs now")
            for pause in [5, 10, 10, 10, 10] {
                await clock.sleepers(atLeast: 1)
                clock.advance(by: .seconds(pause))
            }
            _ = await desk.incidents.first(with: "Plugin process doesn't answer its pings")
            #expect(await call.value == .fail(Failure(.crashed, "the process ended before it answered")))
        }
    }

    @Test("stays with a program that answers its pings")
    func pings() async throws {
        let clock = ManualClock()
        let desk = try ProcessDesk(
            """
            for line in sys.stdin:
                frame = json.loads(line)
                if frame["type"] == "hello": send(type="ready", protocol=1, name="test", stages=["answer"])
                elif frame["type"] == "ping":
                    send(type="pong", n=frame["n"])
                    send(type="log", level="notice", text="ping %d." % frame["n"])
                elif frame["type"] == "turn": reply(frame, "still here")
            """,
            clock: TurnClock(clock)
        )
        try await desk.run {
            #expect(await desk.ask("x") == .reply("still here"))
            await clock.sleepers(atLeast: 1)
            clock.advance(by: .seconds(5))
            for number in 1...6 {
                await clock.sleepers(atLeast: 1)
                clock.advance(by: .seconds(10))
                _ = await desk.incidents.first(with: "ping \(number).")
            }
            #expect(await desk.ask("x") == .reply("still here"))
        }
        #expect(desk.incidents.all.allSatisfy { $0.message == "Plugin process says" })
    }

    @Test(
        "reports a mistake of the configuration with what to write",
        arguments: [
            ("command: []", "empty-command"), ("command: [no-such-program-anywhere]", "no-command"),
            ("command: [./nothing.py]", "no-command"), ("command: [python3]\nfolder: missing", "no-folder"),
            ("command: [python3]\nenv: ['A=B']", "bad-variable"), ("command: [python3]\nmemory: 12", "wrong-value"),
            ("command: [python3]\nmemory: 12KB", "wrong-value"), ("command: python3", "wrong-type"),
        ]
    )
    func mistakes(yaml: String, code: String) {
        let rejection = #expect(throws: Rejection.self) { try Desk(Plugins.Process.self, yaml) }
        #expect(rejection?.diagnostics.map(\.code) == [code])
    }
}
