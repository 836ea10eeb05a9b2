import FoundationEssentials
import Responders
import RespondersTesting
import Synchronization
import Testing

@testable import Plugins

/// A program with one fault.
struct FaultyProgram: Sendable, CustomTestStringConvertible {
    /// The case that must find it.
    var inCase: String
    /// The code that it must be told by.
    var code: String
    /// Changes of ``good``: what is replaced, and by what.
    var changes: [(String, String)]
    var testDescription: String { "\(self.inCase): \(self.code) of \(self.changes.map(\.1))" }

    /// A program without a fault.
    static let good = """
        import json, os, sys, time
        def write(**frame):
            print(json.dumps(frame), flush=True)
        READY = dict(type="ready", protocol=1, name="good", stages=["answer"], actions=["create"], maxConcurrency=1)
        def turn(frame, text):
            write(type="verdict", id=frame["id"], verdict="pass")
        def action(frame):
            write(type="result", id=frame["id"], values={"number": 1})
        def start(): pass
        def end(): pass
        start()
        for line in sys.stdin:
            try:
                frame = json.loads(line)
            except ValueError:
                continue
            kind = frame.get("type")
            if kind == "hello": write(**READY)
            elif kind == "ping": write(type="pong", n=frame["n"])
            elif kind == "turn": turn(frame, frame["turn"]["message"]["text"])
            elif kind == "action": action(frame)
        end()
        """

    var program: String {
        self.changes.reduce(Self.good) { program, change in program.replacing(change.0, with: change.1) }
    }

    init(_ inCase: String, _ code: String, _ changes: (String, String)...) {
        self.inCase = inCase
        self.code = code
        self.changes = changes
    }

    private static let action = #"write(type="result", id=frame["id"], values={"number": 1})"#
    private static let turn = #"write(type="verdict", id=frame["id"], verdict="pass")"#

    static let all: [FaultyProgram] = [
        .init("hello", "not-json", ("def start(): pass", "def start(): print('Starting the plugin ...', flush=True)")),
        .init("hello", "no-ready", (#"if kind == "hello": write(**READY)"#, #"if kind == "hello": pass"#)),
        .init("hello", "no-ready", ("flush=True", "flush=False")),
        .init("hello", "protocol-mismatch", ("protocol=1", "protocol=2")),
        .init("hello", "missing-field", (#", stages=["answer"], actions=["create"]"#, "")),
        .init("hello", "unknown-word", (#"["answer"]"#, #"["reply"]"#)),
        .init("hello", "wrong-type", ("maxConcurrency=1", #"maxConcurrency="one""#)),
        .init("hello", "ended", ("def start(): pass", "def start(): raise RuntimeError('no database')")),
        .init("hello", "unasked", ("write(**READY)", "(write(**READY), write(**READY))")),
        .init("ping", "no-pong", (#"elif kind == "ping": write(type="pong", n=frame["n"])"#, "")),
        .init("ping", "wrong-pong", (#"n=frame["n"]"#, "n=1")),
        .init("turn", "no-verdict", (Self.turn, "pass")),
        .init("turn", "no-verdict", (Self.turn, #"time.sleep(1000)"#)),
        .init("turn", "foreign-id", (#"id=frame["id"]"#, #"id=frame["turn"]["id"]"#)),
        .init("turn", "missing-field", (#"id=frame["id"], "#, "")),
        .init("turn", "unknown-word", (#"verdict="pass""#, #"verdict="answer""#)),
        .init("turn", "missing-field", (#"verdict="pass""#, #"verdict="reply""#)),
        .init("turn", "empty-reply", (#"verdict="pass""#, #"verdict="reply", text=" ""#)),
        .init(
            "turn",
            "bad-link",
            (#"verdict="pass""#, #"verdict="reply", text="x", links=[dict(title="x", url="http://x.example")]"#)
        ),
        .init("turn", "answered-twice", (Self.turn, "\(Self.turn); \(Self.turn)")),
        .init(
            "turn",
            "undeclared-stream",
            (
                Self.turn,
                #"write(type="delta", id=frame["id"], index=0, text="x"); write(type="verdict", id=frame["id"], verdict="reply", text="x")"#
            )
        ),
        .init("turn", "too-long", (#"verdict="pass""#, #"verdict="reply", text="x" * 16385"#)),
        .init(
            "stages",
            "verdict-not-allowed",
            (#"["answer"]"#, #"["answer", "enrich"]"#),
            (#"verdict="pass""#, #"verdict="reply", text="x""#)
        ),
        .init("unknown field", "ended", (Self.turn, "assert list(frame)[0] == 'type'; \(Self.turn)")),
        .init(
            "unicode",
            "ended",
            ("import json, os, sys, time", "import json, os, sys, time\nsys.stdin.reconfigure(encoding='ascii')")
        ),
        .init("16 KiB", "ended", (Self.turn, "assert len(text) < 1000; \(Self.turn)")),
        .init(
            "two at once",
            "no-verdict",
            (Self.turn, "global seen; seen = globals().get('seen', 0) + 1; seen > 1 or \(Self.turn)")
        ),
        .init(
            "stream",
            "bad-stream",
            ("maxConcurrency=1", "streams=True"),
            (Self.turn, #"write(type="delta", id=frame["id"], index=1, text="x")"#)
        ),
        .init(
            "stream",
            "bad-stream",
            ("maxConcurrency=1", "streams=True"),
            (
                Self.turn,
                #"write(type="delta", id=frame["id"], index=0, text="x"); write(type="verdict", id=frame["id"], verdict="reply", text="y")"#
            )
        ),
        .init("cancel", "ended", (#"kind = frame.get("type")"#, #"kind = frame.get("type"); assert kind != "cancel""#)),
        .init("bad JSON", "ended", ("except ValueError", "except ZeroDivisionError")),
        .init(
            "many",
            "ended",
            (Self.turn, "global seen; seen = globals().get('seen', 0) + 1; assert seen < 40; \(Self.turn)")
        ),
        .init(
            "idempotent",
            "not-idempotent",
            ("maxConcurrency=1", "idempotent=True"),
            (#"verdict="pass""#, #"verdict="reply", text=str(time.monotonic_ns())"#)
        ),
        .init(
            "follow-up",
            "promise-without-token",
            (#"["answer"]"#, #"["answer", "fallback"]"#),
            (#"verdict="pass""#, #"verdict="reply", text="I am looking.", followUpTtlMs=60000"#)
        ),
        .init(
            "follow-up",
            "out-of-range",
            (#"verdict="pass""#, #"verdict="reply", text="I am looking.", followUpTtlMs=900001"#)
        ),
        .init("hello", "bad-code", (#"["create"]"#, #"["Create a ticket"]"#)),
        .init("actions", "no-result", (Self.action, "pass")),
        .init("actions", "wrong-answer", (Self.action, Self.turn)),
        .init("actions", "foreign-id", (#""result", id=frame["id"]"#, #""result", id=frame["key"]"#)),
        .init("actions", "wrong-type", (#"{"number": 1}"#, #"{"number": [1]}"#)),
        .init("actions", "not-idempotent", (#"{"number": 1}"#, #"{"number": time.monotonic_ns()}"#)),
        .init("actions", "ended", (Self.action, "frame['fields']['order']")),
        .init("end of input", "ignores-eof", ("def end(): pass", "def end(): time.sleep(1000)")),
        .init("end of input", "bad-exit", ("def end(): pass", "def end(): sys.exit(3)")),
    ]
}

@Suite("plugins check: programs", .timeLimit(.minutes(5)))
struct ProcessCheckTests {
    /// Long enough for a busy machine; only a fault that is an absence has to be waited for.
    private static func patience(for faulty: FaultyProgram? = nil) -> PluginCheck.Patience {
        let isAbsence = ["no-ready", "no-pong", "no-verdict", "no-result", "ignores-eof"].contains(faulty?.code)
        var patience = PluginCheck.Patience()
        patience.start = .seconds(faulty?.code == "no-ready" ? 10 : 100)
        patience.answer = .seconds(isAbsence ? 4 : 100)
        patience.end = .seconds(isAbsence ? 4 : 100)
        return patience
    }

    private func outcomes(
        of program: String,
        only names: Set<String>? = nil,
        _ patience: PluginCheck.Patience = Self.patience()
    ) async throws -> (isFine: Bool, outcomes: [PluginCheck.Outcome]) {
        let folder = try ScratchFolder(["program.py": program])
        let outcomes = Mutex<[PluginCheck.Outcome]>([])
        let services = PluginServices(baseFolder: folder.path)
        let check = try ProcessCheck(["python3", "program.py"], patience: patience, services: services)
        let isFine = await Turnstile.programs.pass {
            await check.run(only: names) { outcome in outcomes.withLock { $0.append(outcome) } }
        }
        return (isFine, outcomes.withLock { $0 })
    }

    @Test("find nothing wrong with a plugin without a fault")
    func good() async throws {
        let (isFine, outcomes) = try await self.outcomes(of: FaultyProgram.good)
        #expect(isFine)
        #expect(outcomes.count == 18)
        for outcome in outcomes {
            #expect(outcome.fault == nil, "\(outcome.name): \(outcome.fault?.problem.description ?? "")")
        }
    }

    @Test("say what a plugin promises, and what came of its actions")
    func promises() async throws {
        let looking = #"verdict="reply", text="I am looking.", followUpTtlMs=60000"#
        let failing = #"write(type="result", id=frame["id"], code="no-order")"#
        let program = FaultyProgram.good.replacing(#"verdict="pass""#, with: looking)
            .replacing(#"write(type="result", id=frame["id"], values={"number": 1})"#, with: failing)
        let (isFine, outcomes) = try await self.outcomes(of: program, only: ["follow-up", "actions"])
        #expect(isFine)
        #expect(outcomes.dropFirst().map(\.detail) == ["one within 1m", "create failed with no-order"])
    }

    @Test("find each planted fault in its case, by its code, and say what to write", arguments: FaultyProgram.all)
    func fault(faulty: FaultyProgram) async throws {
        let (isFine, outcomes) = try await self.outcomes(
            of: faulty.program,
            only: [faulty.inCase],
            Self.patience(for: faulty)
        )
        #expect(!isFine)
        for change in faulty.changes { #expect(FaultyProgram.good.contains(change.0)) }
        let outcome = try #require(outcomes.last)
        #expect(outcome.name == faulty.inCase)
        #expect(outcome.fault?.problem.code == faulty.code, "\(outcome.fault?.problem.description ?? "")")
    }
}
