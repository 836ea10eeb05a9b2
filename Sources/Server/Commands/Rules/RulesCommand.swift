internal import ArgumentParser
internal import Diagnostics
internal import Rules

/// The command `claude-chat rules`.
struct RulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "Check, explain and try out rule files.",
        discussion: """
            Works on a folder of rule files, rules/ if not told otherwise, without a \
            server. Before a change goes live:

              claude-chat rules check
              claude-chat rules explain 'the checkout hangs, error 502'
              claude-chat rules replay --log messages.jsonl --against HEAD

            Exit status: 0 fine, 1 findings, 2 wrong usage.
            """,
        subcommands: [
            RulesCheckCommand.self, RulesTestCommand.self, RulesExplainCommand.self, RulesReplayCommand.self,
            RulesCoverageCommand.self, RulesUnansweredCommand.self, RulesFormatCommand.self, RulesSchemaCommand.self,
            RulesBenchCommand.self,
            RulesReloadCommand.self, RulesStatusCommand.self,
        ]
    )
}

/// The folder of rules and the form of the output.
struct RulesOptions: ParsableArguments {
    @Option(name: .customLong("rules"), help: ArgumentHelp("The folder of the rule files.", valueName: "folder"))
    var folder = "rules/"

    @Flag(help: "Print JSON, one object a line.") var json = false

    /// Reads the folder; where its files have mistakes, shows them to the person.
    ///
    /// - Parameter consequence: What follows from the mistakes, `there is nothing to explain`.
    /// - Returns: The folder's rules.
    /// - Throws: The exit status for findings, after the mistakes were shown.
    func load(or consequence: String) throws -> RuleBook {
        try Self.load(self.folder, or: consequence, asJSON: self.json)
    }

    /// The same for a folder that isn't that of the options.
    static func load(_ folder: String, or consequence: String, asJSON: Bool) throws -> RuleBook {
        let progress = ProgressLine("loading")
        defer { progress.end() }
        do throws(Rejection) {
            return try RuleBook.load(folder: folder) { progress.reach($0, of: $1) }
        } catch {
            progress.end()
            throw self.rejected(error, consequence, asJSON: asJSON)
        }
    }

    /// Shows mistakes in the form of the options and gives the error that ends the command.
    func rejected(_ rejection: Rejection, _ consequence: String) -> ExitCode {
        Self.rejected(rejection, consequence, asJSON: self.json)
    }

    /// Shows mistakes to the person, or as objects to a program, and gives the error that ends the command.
    static func rejected(_ rejection: Rejection, _ consequence: String, asJSON: Bool) -> ExitCode {
        let (terminal, diagnostics) = (Terminal.current, rejection.diagnostics)
        if asJSON {
            for diagnostic in diagnostics { terminal.write(diagnostic.json.description) }
            let errors = diagnostics.count { $0.severity == .error }
            let summary: JSONValue = .object([
                ("ok", .bool(false)), ("errors", .integer(errors)),
                ("warnings", .integer(diagnostics.count - errors)),
            ])
            terminal.write(summary.description)
        } else {
            let report = DiagnosticReport(diagnostics)
            terminal.complain(report.text)
            terminal.complain("\(report.count); \(consequence)")
        }
        return ExitCode(ExitStatus.findings)
    }
}
