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
            abstract: "Try a plugin: a program or a service against the protocol, one of this server by its examples.",
            discussion: """
                Starts the program once for each case, or asks the service, and says what it \
                did wrong: what was sent, what came back, what to write. The command stands \
                behind two dashes; the secret of a service is in a variable. An entry of the \
                configuration is tried with its own settings, variables and secret. A plugin \
                that is compiled in is named: its sample has to be a configuration, and its \
                examples have to hold.

                  claude-chat plugins check -- python3 plugins/returns.py
                  claude-chat plugins check --entry orders
                  claude-chat plugins check away-notice
                  claude-chat plugins check --url http://127.0.0.1:9000/chat --secret-env ORDERS_SECRET

                Exit status: 0 all cases are fine, 1 some are not, 2 wrong usage.
                """
        )

        @Argument(help: "A plugin of this server.") var name: String?
        @Argument(parsing: .postTerminator, help: "The program and its arguments.") var command: [String] = []
        @Option(help: ArgumentHelp("The service, in place of a program.", valueName: "url")) var url: String?
        @Option(help: ArgumentHelp("The program or service of an entry of a chain.", valueName: "name"))
        var entry: String?
        @Option(help: ArgumentHelp("A variable that the program gets, once for each.", valueName: "name"))
        var env: [String] = []
        @Option(help: ArgumentHelp("The variable with the service's secret.", valueName: "name")) var secretEnv: String?
        @Option(help: ArgumentHelp("A message to ask besides \"hello\", once for each.", valueName: "text"))
        var say: [String] = []
        @Option(help: ArgumentHelp("A field of the actions that it is asked for.", valueName: "name=value"))
        var field: [String] = []
        @Option(help: ArgumentHelp("Times as much time for everything, on a slow machine.", valueName: "factor"))
        var patience = 1
        @OptionGroup var options: ConfigurationOptions

        func validate() throws {
            let ways = [self.name != nil, !self.command.isEmpty, self.url != nil, self.entry != nil].count { $0 }
            if ways != 1 {
                let hint = "the service behind --url, an entry behind --entry, or the name of a plugin"
                throw ValidationError("write the program behind --, \(hint)")
            }
            if !self.env.isEmpty, self.command.isEmpty { throw ValidationError("--env is for a program behind --") }
            if self.url != nil, self.secretEnv == nil { throw ValidationError("--url needs --secret-env NAME") }
            if self.field.contains(where: { !$0.contains("=") }) { throw ValidationError("write --field name=value") }
            if !(1...100).contains(self.patience) { throw ValidationError("--patience takes 1 to 100") }
        }

        func run() async throws {
            let isFine = if let name { try await self.checkSample(of: name) } else { try await self.checkProtocol() }
            if !isFine { throw ExitCode(ExitStatus.findings) }
        }

        /// Tries a plugin that is compiled in.
        private func checkSample(of name: String) async throws -> Bool {
            let terminal = Terminal.current
            guard let manifest = terminal.registry.manifest(named: name) else {
                let hint = suggestion(for: name, among: terminal.registry.names)
                throw ValidationError("unknown plugin \"\(name)\"; \(hint)")
            }
            let check = SampleCheck(manifest, of: terminal.registry)
            let isFine = try await check.run { terminal.write($0.lines.joined(separator: "\n")) }
            terminal.write(isFine ? "all cases are fine" : "the plugin doesn't do what it says")
            return isFine
        }

        /// Tries a program or a service.
        private func checkProtocol() async throws -> Bool {
            var patience = PluginCheck.Patience()
            patience.start *= self.patience
            patience.answer *= self.patience
            patience.end *= self.patience
            let fields = Dictionary(
                self.field.map { field in
                    let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                    return (String(parts[0]), String(parts[1]))
                }
            ) { $1 }
            let terminal = Terminal.current
            let report: @Sendable (PluginCheck.Outcome) -> Void = { terminal.write($0.lines.joined(separator: "\n")) }
            let isFine: Bool
            do throws(ConfigurationProblem) {
                if let entry {
                    isFine = try await self.check(entry: entry, fields, patience, report)
                } else if let url {
                    let services = PluginServices()
                    let secret = try services.secret(.environment(self.secretEnv ?? ""), key: "secret-env")
                    let check = try WebhookCheck(
                        url: url,
                        secret: secret,
                        says: self.say,
                        fields: fields,
                        patience: patience
                    )
                    isFine = await check.run(report)
                } else {
                    let check = try ProcessCheck(
                        self.command,
                        environment: self.env,
                        says: self.say,
                        fields: fields,
                        patience: patience
                    )
                    isFine = await check.run(report)
                }
            } catch {
                guard error.findings.isEmpty else {
                    terminal.complain(DiagnosticReport(error.findings).text)
                    throw ExitCode(ExitStatus.findings)
                }
                throw ValidationError("\(error.problem)\(error.hint.map { "; \($0)" } ?? "") [\(error.code)]")
            }
            terminal.write(isFine ? "all cases are fine" : "the plugin breaks the protocol")
            return isFine
        }

        /// Tries what an entry of the configuration names.
        private func check(
            entry name: String,
            _ fields: [String: String],
            _ patience: PluginCheck.Patience,
            _ report: @Sendable (PluginCheck.Outcome) -> Void
        ) async throws(ConfigurationProblem) -> Bool {
            let configuration: Configuration
            do throws(Rejection) { configuration = try self.options.load() } catch {
                throw ConfigurationProblem(key: "entry", in: error)
            }
            let entries = configuration.chains.sorted { $0.key < $1.key }.flatMap(\.value.entries)
            let others = entries.filter { $0.responder is Process || $0.responder is Webhook }
            switch entries.first(where: { $0.name == name })?.responder {
            case let process as Process:
                return await ProcessCheck(process, says: self.say, fields: fields, patience: patience).run(report)
            case let webhook as Webhook:
                return await WebhookCheck(webhook, says: self.say, fields: fields, patience: patience).run(report)
            case nil:
                let hint = suggestion(for: name, among: Set(others.map(\.name)))
                throw ConfigurationProblem(
                    "unknown-entry",
                    key: "entry",
                    "no chain has an entry \"\(name)\"",
                    hint: hint
                )
            default:
                let hint = "name a process or a webhook, or write plugins check and the plugin's name"
                throw ConfigurationProblem("wrong-value", key: "entry", "\"\(name)\" is compiled in", hint: hint)
            }
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
        if let complaint = fault.complaint { lines.append("      stderr    \(complaint)") }
        return lines
    }
}
