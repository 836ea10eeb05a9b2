public import Responders

/// Asks a program in any language: a child process that reads and writes JSON, one object on a line.
///
/// The child runs as long as the server does and is started again when it ends. Whatever it does, a turn waits for it no
/// longer than its time limit, and the operator finds in the log what was wrong.
public final class Process: ResponderPlugin, RunningResponder, ActionPerformer {
    public static let manifest = PluginManifest(
        name: "process",
        summary: "Asks a program in any language, by JSON lines on its input and output",
        stages: Set(Stage.allCases),
        sample: """
            # The program and its arguments: no shell. A name without a slash is looked for in the server's PATH.
            command: [python3, plugins/returns.py]
            # Where it runs, and what paths in the arguments start from; without it this file's folder.
            folder: .
            # The variables of the server's environment that it gets; without it none.
            env: [LANG]
            # The most memory it may map (KiB, MiB, GiB); without it there is no limit.
            memory: 1GiB
            # Free keys: they are sent to the program when it starts.
            config:
              shop: example
            """,
        openKeys: ["config"],
        sampleFiles: [
            "plugins/returns.py": """
            import json, sys
            for line in sys.stdin:
                frame = json.loads(line)
                if frame["type"] == "hello":
                    answer = {"type": "ready", "protocol": 1, "name": "returns", "stages": ["answer"]}
                elif frame["type"] == "ping":
                    answer = {"type": "pong", "n": frame["n"]}
                elif frame["type"] == "turn":
                    words = frame["turn"]["message"]["text"].split()
                    answer = {"type": "verdict", "id": frame["id"], "verdict": "pass", "reason": "not-mine"}
                    if "return" in words:
                        answer.update(verdict="reply", text=words[-1] + " can go back until Friday.")
                else:
                    continue
                print(json.dumps(answer), flush=True)
            """
        ],
        examples: [
            .init("return A-17", gives: .reply("A-17 can go back until Friday.")),
            .init("hello", gives: .pass(reason: "not-mine")),
        ]
    )

    public struct Configuration: Decodable, Sendable {
        /// The program and its arguments.
        public var command: [String]
        /// The working folder.
        public var folder: String?
        /// The names of the variables that it gets.
        public var env: [String]?
        var memory: ByteCount?
        var config: JSONValue?

        init(command: [String], env: [String]) {
            self.command = command
            self.env = env
        }
    }

    let command: ChildProcess.Command
    let config: JSONValue
    private let session: PluginSession
    private let services: PluginServices
    private let name: String
    public let doubts: [ConfigurationProblem]

    public init(configuration: Configuration, services: PluginServices) throws(ConfigurationProblem) {
        self.command = try ChildProcess.Command(configuration, services)
        // Only what shows which program it is: further arguments may be secret.
        self.name = configuration.command.prefix(2).joined(separator: " ")
        self.doubts = self.command.doubts(about: configuration, services)
        self.services = services
        self.config = configuration.config ?? .object([])
        self.session = PluginSession(PluginSessionState(name: self.name, config: self.config), services: services)
    }

    public func respond(to turn: Turn) async -> Verdict {
        await self.session.answer(to: turn, within: CallLimit.current ?? Self.manifest.timeout).verdict
    }

    public var operations: [String] { self.session.actions }

    /// What the program can do it says itself, when it has been started.
    public var hasOpenOperations: Bool { true }

    public func perform(_ action: Action, in turn: Turn) async throws -> ActionResult {
        let limit = CallLimit.current ?? Self.manifest.timeout
        return try await self.session.answer(to: turn, for: action, within: limit).result()
    }

    public func prepareToRun() { self.session.prepare() }

    public func waitUntilStarted() async throws {
        guard let problem = await self.session.problemAtStart() else { return }
        let text = "the process \"\(self.name)\" doesn't work: \(problem.problem)"
        throw StartProblem(problem.code, text, hint: problem.hint)
    }

    public var ailment: Ailment? { self.session.ailment }

    public func offers(_ stage: Stage) -> Bool { self.session.ready?.stages.contains(stage) ?? true }

    public func run() async {
        var schedule = RestartSchedule()
        while !Task.isCancelled {
            let end = await self.session.run(self.command)
            guard !Task.isCancelled else { break }
            let isRefused = self.session.isDisabled
            guard !isRefused, let pause = schedule.pause(at: self.services.clock.now) else {
                self.session.end(as: .disabled)
                self.report(.error, "Plugin process is taken out of service", end, "restart the server to try it again")
                await untilCancelled()
                break
            }
            self.session.end(as: .restarting)
            self.report(.error, "Plugin process ended", end, "started again in \(pause.components.seconds) s")
            try? await self.services.clock.sleep(for: pause)
        }
        self.session.end(as: .stopped)
    }

    private func report(_ level: Incident.Level, _ message: String, _ end: ChildProcess.End, _ next: String) {
        let details = ["plugin.command": self.name, "process.end": "\(end)", "process.next": next]
        self.services.report(Incident(level, message, details: details))
    }
}

/// Waits until the task is cancelled.
func untilCancelled() async {
    let (never, source) = AsyncStream<Never>.makeStream()
    for await _ in never {}
    source.finish()
}
