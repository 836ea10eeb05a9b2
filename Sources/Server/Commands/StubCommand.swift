internal import ArgumentParser
internal import ClaudeStub
internal import Diagnostics
internal import NIOCore
internal import Plugins
internal import Responders

/// The command `claude-chat stub`.
struct StubCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stub",
        abstract: "Serve the Messages API on this machine, without an account.",
        discussion: """
            Answers as the API of Claude does, from a script or by saying back what was \
            said: streamed, with tools, with the figures of a cache, and with every failure \
            that a client must survive. Point "claude: {endpoint: …}" at it. Only programs of \
            this machine reach it, and any key is right.

              claude-chat stub
              claude-chat stub --listen 127.0.0.1:9000 --script stub/answers.yaml

            Exit status: 0 stopped, 1 the port is taken or the script has mistakes, 2 wrong \
            usage.
            """
    )

    @Option(help: ArgumentHelp("Where it listens; port 0 is any that is free.", valueName: "host:port"))
    var listen = "127.0.0.1:8081"

    @Option(help: ArgumentHelp("Canned answers, as of the plugin claude-stub.", valueName: "file"))
    var script: String?

    @Option(help: ArgumentHelp("What the numbers in ids begin behind.", valueName: "n"))
    var seed = 0

    func validate() throws {
        guard let address = ListenAddress(self.listen) else {
            throw ValidationError("\"\(self.listen)\" is no address; write 127.0.0.1:PORT")
        }
        guard address.host == "127.0.0.1" || address.host == "localhost" else {
            throw ValidationError("\(address): the stub listens on this machine alone; write 127.0.0.1:\(address.port)")
        }
    }

    func run() async throws {
        let terminal = Terminal.current
        var options = StubServer.Options(port: ListenAddress(self.listen)?.port ?? 0, seed: self.seed)
        options.script = try self.readScript(terminal)
        let interruptions = await terminal.interruptions()
        let server: StubServer
        do {
            server = try await StubServer.listening(options, clock: terminal.clock)
        } catch let error as IOError {
            terminal.complain("\(self.listen): \(error.description); choose another port with --listen [cannot-listen]")
            throw ExitCode(ExitStatus.findings)
        }
        terminal.write("The Messages API on http://127.0.0.1:\(server.port), with any key  (Ctrl+C stops)")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask { for await _ in interruptions { return } }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func readScript(_ terminal: Terminal) throws -> AnswerScript? {
        guard let script else { return nil }
        do {
            return try AnswerScript(PluginServices().text(ofFile: script, key: "script"), file: script)
        } catch let rejection as Rejection {
            terminal.complain(DiagnosticReport(rejection.diagnostics).text)
        } catch let problem as ConfigurationProblem {
            terminal.complain("\(problem.problem) [\(problem.code)]")
        }
        throw ExitCode(ExitStatus.findings)
    }
}
