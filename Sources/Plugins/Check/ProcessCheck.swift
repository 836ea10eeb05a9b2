internal import Diagnostics
package import Responders

/// The cases for a program that is started.
package struct ProcessCheck: Sendable {
    private let command: ChildProcess.Command
    private let says: [String]
    private let fields: [String: String]
    private let patience: PluginCheck.Patience
    private let config: JSONValue

    /// - Parameters:
    ///   - command: The program and its arguments, from the current folder.
    ///   - environment: The variables that it gets, by name: as in a chain none by itself.
    ///   - says: Further messages that it is asked.
    ///   - fields: Further fields of the actions that it is asked for.
    ///   - patience: How long it may take.
    ///   - services: Where programs and variables are looked for.
    /// - Throws: A program that there is not.
    package init(
        _ command: [String],
        environment: [String] = [],
        says: [String] = [],
        fields: [String: String] = [:],
        patience: PluginCheck.Patience = .init(),
        services: PluginServices = PluginServices()
    ) throws(ConfigurationProblem) {
        let configuration = Process.Configuration(command: command, env: environment)
        self.command = try ChildProcess.Command(configuration, services)
        self.config = .object([])
        self.says = says
        self.fields = fields
        self.patience = patience
    }

    /// - Parameters:
    ///   - process: The program of an entry, with the settings and variables that it has there.
    ///   - says: Further messages that it is asked.
    ///   - fields: Further fields of the actions that it is asked for.
    ///   - patience: How long it may take.
    package init(_ process: Process, says: [String], fields: [String: String], patience: PluginCheck.Patience) {
        (self.command, self.config) = (process.command, process.config)
        self.says = says
        self.fields = fields
        self.patience = patience
    }

    /// Runs all cases, each with a program of its own.
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
        for (name, run) in self.cases where name == "hello" || names?.contains(name) ?? true {
            do {
                let detail = try await ProcessPeer.run(self.command, self.config, self.patience) { peer, child in
                    try await run(peer, child, try await peer.hello(child))
                }
                report(.init(name: name, detail: detail))
            } catch {
                isFine = false
                let fault = error as? PluginCheck.Fault ?? PluginCheck.Fault("broken", "\(error)")
                report(.init(name: name, detail: "", fault: fault))
                // Without "ready" nothing else can be tried.
                if name == "hello" { break }
            }
        }
        return isFine
    }

    private typealias Case = @Sendable (ProcessPeer, ChildProcess, PluginReady) async throws -> String

    private var cases: [(name: String, run: Case)] {
        [
            ("hello", self.hello), ("ping", self.ping), ("turn", self.turn), ("stages", self.stages),
            ("unknown field", self.unknownField), ("unicode", self.unicode), ("16 KiB", self.long),
            ("two at once", self.twoAtOnce), ("stream", self.stream), ("cancel", self.cancel),
            ("unknown id", self.unknownID), ("bad JSON", self.badJSON), ("empty line", self.emptyLine),
            ("follow-up", self.followUp), ("actions", self.actions), ("many", self.many),
            ("idempotent", self.idempotent), ("end of input", self.endOfInput),
        ]
    }

    /// Asks one thing and checks the answer.
    @discardableResult
    private func ask(
        _ text: String,
        _ id: String,
        _ peer: ProcessPeer,
        _ child: ChildProcess,
        _ ready: PluginReady,
        stage: Stage? = nil,
        change: ([UInt8]) -> [UInt8] = { $0 }
    ) async throws -> Verdict {
        let stage =
            stage
            ?? (ready.stages.contains(.answer)
                ? .answer : Stage.allCases.first(where: ready.stages.contains) ?? .answer)
        let turn = PluginCheck.turn(text, stage: stage)
        peer.send(change(self.frame(id, turn).bytes), to: child)
        guard let answer = try await peer.verdicts(on: [id])[id] else { return .pass() }
        try PluginCheck.check(answer.verdict, in: stage)
        try PluginCheck.check(answer.deltas, answer.verdict, of: ready)
        return answer.verdict
    }
}

// MARK: What it is sent

extension ProcessCheck {
    private func frame(_ id: String, _ turn: Turn) -> HostFrame {
        let token = PluginCheck.token(in: turn.place.stage)
        return .turn(id: id, turn, limit: self.patience.answer, followUpToken: token)
    }
}

// MARK: The cases

extension ProcessCheck {
    @Sendable private func hello(_ peer: ProcessPeer, _ child: ChildProcess, _ ready: PluginReady) async throws
        -> String
    {
        try await peer.expectQuiet()
        let stages = Stage.allCases.filter(ready.stages.contains).map(\.rawValue).joined(separator: ", ")
        return "\(ready.name)\(ready.version.map { " \($0)" } ?? ""): \(stages); \(ready.maxConcurrency) at a time"
    }

    @Sendable private func ping(_ peer: ProcessPeer, _ child: ChildProcess, _ ready: PluginReady) async throws -> String
    {
        for number in [1, 2, 4_711] {
            peer.send(HostFrame.ping(number).bytes, to: child)
            let hint = "write {\"type\":\"pong\",\"n\":\(number)}"
            let frame = try await peer.frame("\"pong\"", within: self.patience.answer, code: "no-pong", hint: hint)
            guard frame == .pong(number) else {
                throw PluginCheck.Fault("wrong-pong", "no pong with n \(number)", hint: hint)
            }
        }
        return "3 of 3"
    }

    @Sendable private func turn(_ peer: ProcessPeer, _ child: ChildProcess, _ ready: PluginReady) async throws -> String
    {
        var words: [String] = []
        for (index, text) in (["hello"] + self.says).enumerated() {
            words.append(try await self.ask(text, "c\(index + 1)", peer, child, ready).word)
            try await peer.expectQuiet()
        }
        return words.joined(separator: ", ")
    }

    @Sendable private func stages(_ peer: ProcessPeer, _ child: ChildProcess, _ ready: PluginReady) async throws
        -> String
    {
        var words: [String] = []
        for stage in Stage.allCases where ready.stages.contains(stage) {
            let verdict = try await self.ask("hello", "c-\(stage)", peer, child, ready, stage: stage)
            words.append("\(stage) \(verdict.word)")
        }
        return words.joined(separator: ", ")
    }

    @Sendable private func unknownField(_ peer: ProcessPeer, _ child: ChildProcess, _ ready: PluginReady) async throws
        -> String
    {
        peer.send(Array(#"{"type":"addedLater","n":1}"#.utf8), to: child)
        try await peer.expectQuiet()
        try await self.ask("hello", "c1", peer, child, ready, change: PluginCheck.withUnknownFields)
        return "ignored"
    }

    @Sendable private func unicode(_ peer: ProcessPeer, _ child: ChildProcess, _ ready: PluginReady) async throws
        -> String
    {
        try await self.ask(PluginCheck.unicode, "c1", peer, child, ready).word
    }

    @Sendable private func long(_ peer: ProcessPeer, _ child: ChildProcess, _ ready: PluginReady) async throws -> String
    {
        try await self.ask(PluginCheck.long, "c1", peer, child, ready).word
    }

    @Sendable private func twoAtOnce(_ peer: ProcessPeer, _ child: ChildProcess, _ ready: PluginReady) async throws
        -> String
    {
        let count = min(max(ready.maxConcurrency, 2), 16)
        let ids = (1...count).map { "c\($0)" }
        for id in ids {
            let turn = PluginCheck.turn(
                "hello from \(id)",
                stage: Stage.allCases.first(where: ready.stages.contains) ?? .answer
            )
            peer.send(self.frame(id, turn).bytes, to: child)
        }
        _ = try await peer.verdicts(on: Set(ids))
        try await peer.expectQuiet()
        return "\(count) answers to \(count) turns"
    }

    @Sendable private func stream(_ peer: ProcessPeer, _ child: ChildProcess, _ ready: PluginReady) async throws
        -> String
    {
        guard ready.streams else { return "none declared" }
        for (index, text) in (["hello"] + self.says).enumerated() {
            try await self.ask(text, "c\(index + 1)", peer, child, ready)
        }
        return "in order"
    }

    @Sendable private func cancel(_ peer: ProcessPeer, _ child: ChildProcess, _ ready: PluginReady) async throws
        -> String
    {
        let stage = Stage.allCases.first(where: ready.stages.contains) ?? .answer
        peer.send(self.frame("c1", PluginCheck.turn("hello", stage: stage)).bytes, to: child)
        peer.send(HostFrame.cancel(id: "c1", reason: .deadline).bytes, to: child)
        peer.send(self.frame("c2", PluginCheck.turn("hello", stage: stage)).bytes, to: child)
        // The cancelled turn may be answered or not; the next one must be.
        var isLate = false
        while true {
            let hint = "go on with the next turn after a cancel"
            switch try await peer.frame("verdict on c2", within: self.patience.answer, code: "no-verdict", hint: hint) {
            case .verdict("c1", _): isLate = true
            case .verdict("c2", _): return isLate ? "answered all the same" : "not answered"
            case .delta: continue
            case .verdict(let id, _):
                throw PluginCheck.Fault("foreign-id", "an answer to \"\(id)\"", hint: "send back the id of the turn")
            default: throw PluginCheck.Fault("unasked", "a line that nobody asked for")
            }
        }
    }

    @Sendable private func unknownID(_ peer: ProcessPeer, _ child: ChildProcess, _ ready: PluginReady) async throws
        -> String
    {
        peer.send(HostFrame.cancel(id: "c999", reason: .stop).bytes, to: child)
        try await peer.expectQuiet()
        try await self.ask("hello", "c1", peer, child, ready)
        return "a cancel of nothing is ignored"
    }

    @Sendable private func badJSON(_ peer: ProcessPeer, _ child: ChildProcess, _ ready: PluginReady) async throws
        -> String
    {
        peer.send(Array(#"{"type":"turn","id":"c1","turn":{"#.utf8), to: child)
        try await peer.expectQuiet()
        try await self.ask("hello", "c2", peer, child, ready)
        return "ignored"
    }

    @Sendable private func emptyLine(_ peer: ProcessPeer, _ child: ChildProcess, _ ready: PluginReady) async throws
        -> String
    {
        peer.send([], to: child)
        try await self.ask("hello", "c1", peer, child, ready)
        return "ignored"
    }

    @Sendable private func followUp(_ peer: ProcessPeer, _ child: ChildProcess, _ ready: PluginReady) async throws
        -> String
    {
        var number = 0
        return try await PluginCheck.tryPromises(of: ready, ["hello"] + self.says) { text, stage in
            number += 1
            return try await self.ask(text, "c\(number)", peer, child, ready, stage: stage)
        }
    }

    @Sendable private func actions(_ peer: ProcessPeer, _ child: ChildProcess, _ ready: PluginReady) async throws
        -> String
    {
        var number = 0
        return try await PluginCheck.tryActions(of: ready, self.fields) { action in
            number += 1
            let id = "c\(number)"
            let turn = PluginCheck.turn("hello")
            peer.send(HostFrame.action(id: id, action, in: turn, limit: self.patience.answer).bytes, to: child)
            return try await peer.result(of: id)
        }
    }

    @Sendable private func many(_ peer: ProcessPeer, _ child: ChildProcess, _ ready: PluginReady) async throws -> String
    {
        for number in 1...50 { try await self.ask("message \(number)", "c\(number)", peer, child, ready) }
        return "50 of 50"
    }

    @Sendable private func idempotent(_ peer: ProcessPeer, _ child: ChildProcess, _ ready: PluginReady) async throws
        -> String
    {
        guard ready.isIdempotent else { return "not declared" }
        let first = try await self.ask("hello", "c1", peer, child, ready)
        guard try await self.ask("hello", "c2", peer, child, ready) == first else {
            let hint = "answer the same turn alike, or leave out \"idempotent\""
            throw PluginCheck.Fault("not-idempotent", "the same turn got another answer the second time", hint: hint)
        }
        return "the same answer"
    }

    @Sendable private func endOfInput(_ peer: ProcessPeer, _ child: ChildProcess, _ ready: PluginReady) async throws
        -> String
    {
        try await self.ask("hello", "c1", peer, child, ready)
        child.closeInput()
        let end = try await peer.end()
        guard end == .exited(0) else {
            throw PluginCheck.Fault("bad-exit", "\(end) after the input was closed", hint: "exit with status 0")
        }
        return "\(end)"
    }
}
