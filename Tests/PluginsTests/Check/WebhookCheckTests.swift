import FoundationEssentials
import Responders
import RespondersTesting
import Synchronization
import Testing

@testable import Plugins

@Suite("plugins check: services", .timeLimit(.minutes(5)))
struct WebhookCheckTests {
    private static let examples = "\(#filePath.split(separator: "/Tests/").first ?? "")/Examples/python-plugin"
    private static let secret = "the-secret-of-these-tests-has-32-bytes"

    /// Runs the example of a service, with changes, and checks it.
    private func outcomes(
        _ changes: [(String, String)] = [],
        only names: Set<String>? = nil,
        isSlow: Bool = false
    ) async throws -> [PluginCheck.Outcome] {
        var files: [String: String] = [:]
        for file in ["service.py", "returns.py"] {
            files[file] = try String(contentsOfFile: "/\(Self.examples)/\(file)", encoding: .utf8)
        }
        for change in changes {
            #expect(files["service.py"]?.contains(change.0) == true, "\(change.0)")
            files["service.py"] = files["service.py"]?.replacing(change.0, with: change.1)
        }
        let folder = try ScratchFolder(files)
        let services = PluginServices(baseFolder: folder.path)
        let (lines, source) = AsyncStream<String>.makeStream()
        let child = ChildProcess(
            .init(
                executable: try ChildProcess.Command.executable("python3", services),
                arguments: ["service.py", "0"],
                environment: ["RETURNS_SECRET": Self.secret, "PATH": services.environment["PATH"] ?? ""],
                folder: folder.path
            )
        ) { event in
            if case .line(let bytes) = event { source.yield(String(decoding: bytes, as: UTF8.self)) }
        }
        let outcomes = Mutex<[PluginCheck.Outcome]>([])
        try await Turnstile.programs.pass {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    _ = await child.run()
                    source.finish()
                }
                defer { child.kill() }
                for await url in lines {
                    var patience = PluginCheck.Patience()
                    patience.start = .seconds(100)
                    patience.answer = .seconds(isSlow ? 4 : 100)
                    let check = try WebhookCheck(
                        url: url,
                        secret: Self.secret,
                        says: ["return A-17"],
                        fields: ["order": "a-17"],
                        patience: patience
                    )
                    _ = await check.run(only: names) { outcome in outcomes.withLock { $0.append(outcome) } }
                    break
                }
            }
        }
        return outcomes.withLock { $0 }
    }

    @Test("find nothing wrong with the example")
    func good() async throws {
        let outcomes = try await self.outcomes()
        #expect(outcomes.count == 17)
        for outcome in outcomes {
            #expect(outcome.fault == nil, "\(outcome.name): \(outcome.fault?.problem.description ?? "")")
        }
        #expect(outcomes.first { $0.name == "turn" }?.detail == "pass, reply")
        #expect(outcomes.first { $0.name == "actions" }?.detail == "book done")
    }

    @Test(
        "find each planted fault in its case, by its code",
        arguments: [
            ("hello", "wrong-challenge", [(#""challenge": challenge"#, #""challenge": "x""#)]),
            ("hello", "bad-status", [("self.send(200, {**ready", "self.send(500, {**ready")]),
            ("hello", "not-ready", [(#""type": "ready""#, #""type": "pong", "n": 1"#)]),
            ("turn", "foreign-id", [(#""id": frame["id"]"#, #""id": "t_other""#)]),
            ("turn", "wrong-content-type", [(#""application/json""#, #""text/plain""#)]),
            (
                "turn", "bad-status",
                [("self.send(200, {\"type\": \"verdict\"", "self.send(500, {\"type\": \"verdict\"")]
            ),
            (
                "turn", "timeout",
                [("self.send(200, {\"type\": \"verdict\"", "time.sleep(30); self.send(200, {\"type\": \"verdict\"")]
            ),
            (
                "follow-up", "missing-field",
                [("self.send(200, {\"type\": \"verdict\"", "self.send(202, {\"text\": \"I am looking.\"")]
            ),
            (
                "follow-up", "promise-without-token",
                [
                    (#""stages": ["answer"]"#, #""stages": ["answer", "guard"]"#),
                    (
                        "self.send(200, {\"type\": \"verdict\"",
                        "self.send(202, {\"followUpTtlMs\": 60000, \"text\": \"I am looking.\"}) if frame[\"stage\"] else self.send(200, {\"type\": \"verdict\""
                    ),
                ]
            ),
            ("actions", "no-result", [(#""type": "result""#, #""type": "verdict", "verdict": "pass""#)]),
            ("actions", "foreign-id", [(#""type": "result", "id": frame["id"]"#, #""type": "result", "id": "x""#)]),
            (
                "actions", "bad-status",
                [("self.send(200, {\"type\": \"result\"", "self.send(500, {\"type\": \"result\"")]
            ),
            (
                "actions", "not-idempotent",
                [("**perform(frame)", "\"values\": {\"number\": time.monotonic_ns()}")]
            ),
            ("bad JSON", "takes-junk", [("self.send(400", "self.send(200")]),
            (
                "wrong signature", "takes-any-signature",
                [("return any(hmac.compare_digest(", "return bool(signatures[0]) or any(hmac.compare_digest(")]
            ),
            (
                "no signature", "needs-no-signature",
                [("if not stamp.isdigit() or", "if not stamp: return True\n    if not stamp.isdigit() or")]
            ),
            ("old timestamp", "takes-old-requests", [("> 300", "> 3000")]),
            ("turn", "bad-status", [(#"b"." + body"#, #"b"." + (body if False else b"")"#)]),
            (
                "idempotent", "not-idempotent",
                [
                    (
                        "**answer(frame[\"turn\"])",
                        "**answer(frame[\"turn\"]), \"tags\": [str(time.monotonic_ns())], \"verdict\": \"reply\", \"text\": \"x\""
                    )
                ]
            ),
        ]
    )
    func fault(inCase name: String, code: String, changes: [(String, String)]) async throws {
        let outcome = try #require(try await self.outcomes(changes, only: [name], isSlow: code == "timeout").last)
        #expect(outcome.name == name)
        #expect(outcome.fault?.problem.code == code, "\(outcome.fault?.problem.description ?? "")")
    }
}
