internal import ArgumentParser
internal import Diagnostics
internal import FoundationEssentials
internal import Plugins
internal import Responders

extension PluginsCommand {
    /// The command `claude-chat plugins check`.
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Try a plugin in another language against the protocol.",
            discussion: """
                Starts the program once for each case, or asks the service, and says what it \
                did wrong: what was sent, what came back, what to write. The command stands \
                behind two dashes; the secret of a service is in a variable.

                  claude-chat plugins check -- python3 plugins/returns.py
                  claude-chat plugins check --url http://127.0.0.1:9000/chat --secret-env ORDERS_SECRET

                Exit status: 0 all cases are fine, 1 some are not, 2 wrong usage.
                """
        )

        @Argument(parsing: .postTerminator, help: "The program and its arguments.") var command: [String] = []
        @Option(help: ArgumentHelp("The service, in place of a program.", valueName: "url")) var url: String?
        @Option(help: ArgumentHelp("The variable with the service's secret.", valueName: "name")) var secretEnv: String?
        @Option(help: ArgumentHelp("A message to ask besides \"hello\", once for each.", valueName: "text"))
        var say: [String] = []
        @Option(help: ArgumentHelp("Times as much time for everything, on a slow machine.", valueName: "factor"))
        var patience = 1

        func validate() throws {
            if self.command.isEmpty == (self.url == nil) {
                throw ValidationError("write the program behind --, or the service behind --url")
            }
            if self.url != nil, self.secretEnv == nil { throw ValidationError("--url needs --secret-env NAME") }
            if !(1...100).contains(self.patience) { throw ValidationError("--patience takes 1 to 100") }
        }

        func run() async throws {
            var patience = PluginCheck.Patience()
            patience.start *= self.patience
            patience.answer *= self.patience
            patience.end *= self.patience
            let terminal = Terminal.current
            let report: @Sendable (PluginCheck.Outcome) -> Void = { terminal.write($0.lines.joined(separator: "\n")) }
            let isFine: Bool
            do throws(ConfigurationProblem) {
                if let url {
                    let services = PluginServices()
                    let secret = try services.secret(.environment(self.secretEnv ?? ""), key: "secret-env")
                    let check = try WebhookCheck(url: url, secret: secret, says: self.say, patience: patience)
                    isFine = await check.run(report)
                } else {
                    let check = try ProcessCheck(self.command, says: self.say, patience: patience)
                    isFine = await check.run(report)
                }
            } catch {
                throw ValidationError("\(error.problem)\(error.hint.map { "; \($0)" } ?? "") [\(error.code)]")
            }
            terminal.write(isFine ? "all cases are fine" : "the plugin breaks the protocol")
            if !isFine { throw ExitCode(ExitStatus.findings) }
        }
    }
}

extension PluginCheck.Outcome {
    /// One line, or more about what went wrong.
    fileprivate var lines: [String] {
        let name = self.name.padding(to: 15)
        guard let fault = self.fault else { return ["ok    \(name)  \(self.detail)"] }
        var lines = ["FAIL  \(self.name): \(fault.problem)"]
        if let sent = fault.sent { lines.append("      sent      \(sent)") }
        if let received = fault.received { lines.append("      received  \(received)") }
        return lines
    }
}
