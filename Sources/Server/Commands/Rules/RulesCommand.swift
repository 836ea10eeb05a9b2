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
    func load(or consequence: String) throws -> RuleBook { try Self.load(self.folder, or: consequence) }

    /// The same for a folder that isn't that of the options.
    static func load(_ folder: String, or consequence: String) throws -> RuleBook {
        do throws(Rejection) {
            return try RuleBook.load(folder: folder)
        } catch {
            throw self.rejected(error, consequence)
        }
    }

    /// Shows the mistakes of rule files to the person and gives the error that ends the command.
    static func rejected(_ rejection: Rejection, _ consequence: String) -> ExitCode {
        let report = DiagnosticReport(rejection.diagnostics)
        Terminal.current.complain(report.text)
        Terminal.current.complain("\(report.count); \(consequence)")
        return ExitCode(ExitStatus.findings)
    }
}
