internal import Diagnostics
internal import FoundationEssentials
package import Responders

/// The cases for a web service.
package struct WebhookCheck: Sendable {
    private let client: TargetClient
    private let signature: RequestSignature
    private let headers: [(String, String)]
    private let says: [String]
    private let fields: [String: String]
    private let patience: PluginCheck.Patience
    private let now: @Sendable () -> Int64

    /// - Parameters:
    ///   - url: Where it is; the networks of this machine are allowed, since a person names it.
    ///   - secret: What requests are signed with.
    ///   - says: Further messages that it is asked.
    ///   - fields: Further fields of the actions that it is asked for.
    ///   - patience: How long it may take.
    /// - Throws: `bad-url`.
    package init(
        url: String,
        secret: String,
        says: [String] = [],
        fields: [String: String] = [:],
        patience: PluginCheck.Patience = .init()
    ) throws(ConfigurationProblem) {
        let policy = TargetPolicy(allowed: ["0.0.0.0/0", "::/0"].compactMap { NetworkAddress.Network($0) })
        let target = try HTTPTarget(url, policy: policy, hasNetworks: true)
        self.client = TargetClient(target, policy: policy, resolver: .system, clock: .continuous)
        self.signature = RequestSignature(secrets: [secret])
        self.headers = []
        self.says = says
        self.fields = fields
        self.patience = patience
        self.now = PluginServices().wallClock
    }

    /// - Parameters:
    ///   - webhook: The service of an entry, with its secret and headers.
    ///   - says: Further messages that it is asked.
    ///   - fields: Further fields of the actions that it is asked for.
    ///   - patience: How long it may take.
    package init(_ webhook: Webhook, says: [String], fields: [String: String], patience: PluginCheck.Patience) {
        self.client = TargetClient(webhook.target, policy: webhook.policy, resolver: .system, clock: .continuous)
        (self.signature, self.headers) = (webhook.signature, webhook.headers)
        self.says = says
        self.fields = fields
        self.patience = patience
        self.now = PluginServices().wallClock
    }

    /// Runs all cases.
    ///
    /// - Parameters:
    ///   - names: Those to run besides `hello`; nothing means all.
    ///   - report: Told how each went, in order.
    /// - Returns: Whether all are as they must be.
    package func run(
        only names: Set<String>? = nil,
        _ report: @Sendable (PluginCheck.Outcome) -> Void
    ) async -> Bool {
        var isFine = true
        var ready = PluginReady(name: "", stages: [])
        for (name, run) in self.cases where name == "hello" || names?.contains(name) ?? true {
            do {
                if name == "hello" { ready = try await self.ready() }
                report(.init(name: name, detail: try await run(ready)))
            } catch {
                isFine = false
                report(.init(name: name, detail: "", fault: Self.fault(of: error)))
                if name == "hello" { break }
            }
        }
        await self.client.close()
        return isFine
    }

    private typealias Case = @Sendable (PluginReady) async throws -> String

    private var cases: [(name: String, run: Case)] {
        [
            ("hello", self.hello), ("turn", self.turn), ("stages", self.stages), ("unknown field", self.unknownField),
            ("unicode", self.unicode), ("16 KiB", self.long), ("two at once", self.twoAtOnce), ("stream", self.stream),
            ("bad JSON", self.badJSON), ("wrong signature", self.wrongSignature), ("no signature", self.noSignature),
            ("old timestamp", self.oldTimestamp), ("changed body", self.changedBody),
            ("follow-up", self.followUp), ("actions", self.actions), ("many", self.many),
            ("idempotent", self.idempotent),
        ]
    }

    private static func fault(of error: any Error) -> PluginCheck.Fault {
        switch error {
        case let fault as PluginCheck.Fault: fault
        case let problem as WireProblem: PluginCheck.Fault(problem)
        case let problems as WireProblems: PluginCheck.Fault(problems.all[0])
        case TargetClient.Problem.notSent(let problem), TargetClient.Problem.unanswered(let problem):
            PluginCheck.Fault(problem)
        default: PluginCheck.Fault("broken", "the connection broke")
        }
    }
}

// MARK: Asking

extension WebhookCheck {
    private func send(
        _ body: [UInt8]?,
        signature: [(String, String)],
        query: String? = nil,
        key: String = "t_check/check.answer.0"
    ) async throws -> TargetClient.Answer {
        try await self.client.send(
            body,
            query: query,
            headers: self.headers + signature + [
                ("User-Agent", "claude-chat"), ("Content-Type", "application/json"),
                ("Accept", "application/json, application/x-ndjson"), ("Idempotency-Key", key),
            ],
            mayRepeat: false,
            within: body == nil ? self.patience.start : self.patience.answer
        )
    }

    private func signature(of body: [UInt8], age: Int64 = 0, secret: String? = nil) -> [(String, String)] {
        let signature = secret.map { RequestSignature(secrets: [$0]) } ?? self.signature
        return signature.headers(of: body, at: self.now() / 1_000 - age)
    }

    private func ready() async throws -> PluginReady {
        let challenge = String(repeating: "c4a11e49", count: 8)
        let answer = try await self.send(nil, signature: self.signature(of: []), query: "challenge=\(challenge)")
        guard answer.status == 200 else {
            throw PluginCheck.Fault(
                "bad-status",
                "GET gives status \(answer.status)",
                hint: "answer with 200 and \"ready\""
            )
        }
        let bytes = try await answer.bytes()
        do {
            guard case .ready(let ready) = try PluginFrame(line: bytes) else {
                throw PluginCheck.Fault("not-ready", "GET gives no object of type \"ready\"", received: bytes)
            }
            guard ready.challenge == challenge else {
                let hint = "send back the value of \"challenge\" in the query"
                throw PluginCheck.Fault(
                    "wrong-challenge",
                    "ready.challenge: not what was sent",
                    hint: hint,
                    received: bytes
                )
            }
            return ready
        } catch let problems as WireProblems {
            throw PluginCheck.Fault(problems.all[0], received: bytes)
        }
    }

    private func body(_ text: String, stage: Stage, id: String = "t_check") -> [UInt8] {
        let turn = PluginCheck.turn(text, stage: stage, id: id)
        let token = PluginCheck.token(in: stage)
        return HostFrame.turn(id: id, turn, limit: self.patience.answer, followUpToken: token).bytes
    }

    private func stage(of ready: PluginReady) -> Stage {
        ready.stages.contains(.answer) ? .answer : Stage.allCases.first(where: ready.stages.contains) ?? .answer
    }

    @discardableResult
    private func ask(
        _ text: String,
        _ ready: PluginReady,
        stage: Stage? = nil,
        id: String = "t_check",
        change: ([UInt8]) -> [UInt8] = { $0 }
    ) async throws -> Verdict {
        let stage = stage ?? self.stage(of: ready)
        let body = change(self.body(text, stage: stage, id: id))
        let answer = try await self.send(body, signature: self.signature(of: body))
        switch answer.status {
        case 204: return .pass()
        case 422: return .pass()
        case 202: return .reply(try await Webhook.promise(in: answer))
        case 200:
            var deltas: [String] = []
            do {
                let verdict = try await answer.verdict(on: id) { frame in
                    if case .delta(_, _, let text) = frame { deltas.append(text) }
                }
                try PluginCheck.check(verdict, in: stage)
                try PluginCheck.check(deltas, verdict, of: ready)
                return verdict
            } catch {
                var fault = Self.fault(of: error)
                fault.sent = PluginCheck.Fault(fault.problem, sent: body).sent
                throw fault
            }
        default:
            let hint = "answer with 200 and a verdict, 202 and a promise, or 204"
            throw PluginCheck.Fault("bad-status", "a turn gives status \(answer.status)", hint: hint, sent: body)
        }
    }

    /// Sends what must be refused.
    private func expectRefusal(
        _ body: [UInt8],
        _ signature: [(String, String)],
        _ code: String,
        _ what: String,
        _ hint: String
    ) async throws -> String {
        let answer = try await self.send(body, signature: signature)
        guard 400...499 ~= answer.status else {
            throw PluginCheck.Fault(code, "\(what) gives status \(answer.status)", hint: hint, sent: body)
        }
        return "status \(answer.status)"
    }
}

// MARK: The cases

extension WebhookCheck {
    @Sendable private func hello(_ ready: PluginReady) async throws -> String {
        let stages = Stage.allCases.filter(ready.stages.contains).map(\.rawValue).joined(separator: ", ")
        return "\(ready.name)\(ready.version.map { " \($0)" } ?? ""): \(stages)"
    }

    @Sendable private func turn(_ ready: PluginReady) async throws -> String {
        var words: [String] = []
        for text in ["hello"] + self.says { words.append(try await self.ask(text, ready).word) }
        return words.joined(separator: ", ")
    }

    @Sendable private func stages(_ ready: PluginReady) async throws -> String {
        var words: [String] = []
        for stage in Stage.allCases where ready.stages.contains(stage) {
            words.append("\(stage) \(try await self.ask("hello", ready, stage: stage).word)")
        }
        return words.joined(separator: ", ")
    }

    @Sendable private func unknownField(_ ready: PluginReady) async throws -> String {
        try await self.ask("hello", ready, change: PluginCheck.withUnknownFields)
        return "ignored"
    }

    @Sendable private func unicode(_ ready: PluginReady) async throws -> String {
        try await self.ask(PluginCheck.unicode, ready).word
    }

    @Sendable private func long(_ ready: PluginReady) async throws -> String {
        try await self.ask(PluginCheck.long, ready).word
    }

    @Sendable private func twoAtOnce(_ ready: PluginReady) async throws -> String {
        async let first = self.ask("first", ready, id: "t_check1")
        async let second = self.ask("second", ready, id: "t_check2")
        _ = try await (first, second)
        return "2 answers to 2 turns"
    }

    @Sendable private func stream(_ ready: PluginReady) async throws -> String {
        guard ready.streams else { return "none declared" }
        for text in ["hello"] + self.says { try await self.ask(text, ready) }
        return "in order"
    }

    @Sendable private func badJSON(_ ready: PluginReady) async throws -> String {
        let body = Array(#"{"type":"turn","id":"t_check","turn":{"#.utf8)
        let hint = "answer with 400"
        let detail = try await self.expectRefusal(
            body,
            self.signature(of: body),
            "takes-junk",
            "a body that is no JSON",
            hint
        )
        try await self.ask("hello", ready)
        return detail
    }

    @Sendable private func wrongSignature(_ ready: PluginReady) async throws -> String {
        let body = self.body("hello", stage: self.stage(of: ready))
        let signature = self.signature(of: body, secret: "not-the-secret-of-this-plugin-at-all")
        let hint = "compare X-Claude-Chat-Signature and answer with 401"
        return try await self.expectRefusal(body, signature, "takes-any-signature", "a wrong signature", hint)
    }

    @Sendable private func noSignature(_ ready: PluginReady) async throws -> String {
        let body = self.body("hello", stage: self.stage(of: ready))
        let hint = "answer with 401 where X-Claude-Chat-Signature is missing"
        return try await self.expectRefusal(body, [], "needs-no-signature", "a request without a signature", hint)
    }

    @Sendable private func oldTimestamp(_ ready: PluginReady) async throws -> String {
        let body = self.body("hello", stage: self.stage(of: ready))
        let hint = "refuse an X-Claude-Chat-Timestamp that is more than 300 s away"
        return try await self.expectRefusal(
            body,
            self.signature(of: body, age: 400),
            "takes-old-requests",
            "a request of 400 s ago",
            hint
        )
    }

    @Sendable private func changedBody(_ ready: PluginReady) async throws -> String {
        let body = self.body("hello", stage: self.stage(of: ready))
        let other = self.body("hello!", stage: self.stage(of: ready))
        let hint = "sign the bytes of the body as they came"
        return try await self.expectRefusal(
            other,
            self.signature(of: body),
            "signature-without-body",
            "a body that isn't the signed one",
            hint
        )
    }

    @Sendable private func followUp(_ ready: PluginReady) async throws -> String {
        try await PluginCheck.tryPromises(of: ready, ["hello"] + self.says) { text, stage in
            try await self.ask(text, ready, stage: stage)
        }
    }

    @Sendable private func actions(_ ready: PluginReady) async throws -> String {
        try await PluginCheck.tryActions(of: ready, self.fields) { try await self.perform($0) }
    }

    private func perform(_ action: Action) async throws -> PluginCheck.Performed {
        let body = HostFrame.action(
            id: action.key,
            action,
            in: PluginCheck.turn("hello"),
            limit: self.patience.answer
        ).bytes
        do {
            let answer = try await self.send(body, signature: self.signature(of: body), key: action.key)
            switch answer.status {
            case 200:
                let (result, failure) = try await answer.result(of: action.key)
                return PluginCheck.Performed(result: result, failure: failure)
            case 204: return PluginCheck.Performed(result: ActionResult())
            case 422: return PluginCheck.Performed(result: ActionResult(), failure: Failure(.pluginFailed))
            default:
                let hint = "answer with 200 and a result, 204 or 422"
                throw PluginCheck.Fault("bad-status", "an action gives status \(answer.status)", hint: hint)
            }
        } catch {
            var fault = Self.fault(of: error)
            fault.sent = PluginCheck.Fault(fault.problem, sent: body).sent
            throw fault
        }
    }

    @Sendable private func many(_ ready: PluginReady) async throws -> String {
        for number in 1...50 { try await self.ask("message \(number)", ready, id: "t_check\(number)") }
        return "50 of 50"
    }

    @Sendable private func idempotent(_ ready: PluginReady) async throws -> String {
        guard ready.isIdempotent else { return "not declared" }
        let first = try await self.ask("hello", ready)
        guard try await self.ask("hello", ready) == first else {
            let hint = "answer the same turn alike, or leave out \"idempotent\""
            throw PluginCheck.Fault("not-idempotent", "the same turn got another answer the second time", hint: hint)
        }
        return "the same answer"
    }
}
