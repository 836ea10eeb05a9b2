import ClaudeStub
import Diagnostics
import Responders
import RespondersTesting
import Testing

@testable import Plugins

/// A chain with `claude` in front of a stub of the API, configured as an operator would.
struct ClaudeDesk {
    var desk: ChainDesk
    let stub: StubServer
    let incidents: IncidentLog

    static let key = "the-key-of-these-tests"

    /// Runs a stub and a chain, while `body` does.
    ///
    /// - Parameters:
    ///   - settings: Further lines of the entry's settings.
    ///   - entry: Further keys of the entry.
    ///   - others: A further entry behind it.
    ///   - plugins: Further plugins.
    ///   - options: How the stub is set up.
    ///   - files: Files that the settings name.
    ///   - clock: The clock of the chain and the plugin.
    ///   - body: The test.
    /// - Throws: What the test throws, or a `Rejection`.
    static func run(
        _ settings: String = "",
        entry: String = "",
        others: String = "",
        plugins: [any ResponderPlugin.Type] = [],
        stub options: StubServer.Options = .init(key: ClaudeDesk.key),
        files: [String: String] = [:],
        clock: TurnClock = .continuous,
        _ body: @escaping @Sendable (inout ClaudeDesk) async throws -> Void
    ) async throws {
        let server = try await StubServer.listening(options)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            defer { group.cancelAll() }
            let desk = try ClaudeDesk(settings, entry, others, plugins, server, files, clock)
            try await running(desk.desk.chain.runningResponders) {
                var desk = desk
                try await body(&desk)
            }
        }
    }

    private init(
        _ settings: String,
        _ entry: String,
        _ others: String,
        _ plugins: [any ResponderPlugin.Type],
        _ stub: StubServer,
        _ files: [String: String],
        _ clock: TurnClock
    ) throws {
        func indented(_ text: String, by spaces: Int) -> String {
            text.split(separator: "\n").map { String(repeating: " ", count: spaces) + $0 }.joined(separator: "\n")
        }
        // Whatever of these a test sets itself comes in its own place.
        let usual = ["first_chunk: 100s", "next_chunk: 100s", "system: prompt.md", "retries: 0"]
            .filter { line in
                !settings.split(separator: "\n").contains { $0.hasPrefix(line.prefix { $0 != ":" } + ":") }
            }
        let common = ["timeout: 100s", "first_chunk: 100s", "next_chunk: 100s"]
            .filter { line in !entry.split(separator: "\n").contains { $0.hasPrefix(line.prefix { $0 != ":" } + ":") } }
        let yaml = """
            deadline: 100s
            stream_deadline: 200s
            answer:
              - claude:
                  endpoint: http://127.0.0.1:\(stub.port)
                  key: {file: key}
                  model: test-model
            \(indented((usual + [settings]).joined(separator: "\n"), by: 6))
            \(indented((common + [entry]).joined(separator: "\n"), by: 4))
            \(indented(others, by: 2))
            fallback:
              - fallback: {text: From the fallback.}
            """
        let incidents = IncidentLog()
        self.incidents = incidents
        self.stub = stub
        var registry = try PluginRegistry.builtin()
        for plugin in plugins { try registry.register(plugin) }
        let given = ["key": Self.key, "prompt.md": "You help the visitors of {{site}}."]
        self.desk = try ChainDesk(
            yaml,
            plugins: registry,
            files: given.merging(files) { $1 },
            clock: clock,
            report: { incidents.record($0) }
        )
    }

    /// The plugin.
    var claude: Claude {
        get throws { try #require(self.desk.chain.entries.first?.responder as? Claude) }
    }

    /// What the stub got last.
    func lastRequest() throws -> JSONValue { try #require(self.stub.received.last?["body"]) }

    /// Everything that `explain` shows of the last turn.
    static func trace(_ result: ChainResult) -> String {
        result.steps.first { $0.responder == "claude" }?.explanation?.lines.joined(separator: "\n") ?? ""
    }
}
