internal import ArgumentParser
internal import Diagnostics
internal import Rules

/// The command `claude-chat rules check`.
struct RulesCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Find every mistake in the rule files.",
        discussion: """
            Does everything that a reload does: reads all files, compiles every pattern \
            and runs every test. Each mistake is one line, file:line:column and what to \
            write instead, with the line of the file under it. Then come the changes \
            that local/ makes to shipped rules.

              claude-chat rules check --strict --sarif > rules.sarif

            Exit status: 0 where the rules would go live (perhaps with warnings), 1 where \
            they would not, 2 wrong usage.
            """
    )

    @OptionGroup var options: RulesOptions
    @Flag(help: "A shipped rule without a say or a not is a mistake.") var strict = false
    @Flag(help: "Print a SARIF 2.1.0 log, for code hosts.") var sarif = false
    @Flag(help: "Print the digest of the rules, as a server that has them live shows it.") var digest = false

    func validate() throws {
        guard [self.options.json, self.sarif, self.digest].count(where: \.self) > 1 else { return }
        throw ValidationError("write one of --json, --sarif and --digest")
    }

    func run() async throws {
        let progress = ProgressLine("checking")
        let check = RuleCheck(folder: self.options.folder, isStrict: self.strict) { progress.reach($0, of: $1) }
        progress.end()
        if self.sarif {
            let log = SARIFLog(check.diagnostics, toolVersion: ClaudeChatCommand.configuration.version)
            Terminal.current.write(log.description)
        } else if self.options.json {
            self.printJSON(check)
        } else if let book = check.book {
            self.printFine(book, check)
        } else {
            let report = DiagnosticReport(check.diagnostics)
            // With --digest a script reads the output, and a mistake is no digest.
            let show = self.digest ? Terminal.current.complain : Terminal.current.write
            show(report.text)
            Self.show(check.localChanges, show)
            show("\(report.count); nothing would change")
        }
        if !check.isFine { throw ExitCode(ExitStatus.findings) }
    }

    private static func show(_ changes: [LocalChange], _ show: (String) -> Void) {
        for change in changes { show("\(change.place.file):\(change.place.line) changes \(change.rule)") }
    }

    private func printFine(_ book: RuleBook, _ check: RuleCheck) {
        let warnings = check.diagnostics
        guard !self.digest else { return Terminal.current.write(book.set.digest) }
        let report = DiagnosticReport(warnings)
        if !warnings.isEmpty { Terminal.current.write(report.text) }
        let with = warnings.isEmpty ? "" : ", with \(report.count)"
        let parts = [
            counted(book.set.fileCount, "file"), counted(book.set.ruleCount, "rule"),
            counted(book.set.testCount, "test"),
        ]
        Terminal.current.write(
            "\(self.options.folder) is fine\(with): \(parts.joined(separator: ", ")); digest \(book.set.digest)"
        )
        Self.show(check.localChanges, Terminal.current.write)
    }

    /// The diagnostics, then one object about the whole.
    private func printJSON(_ check: RuleCheck) {
        for diagnostic in check.diagnostics { Terminal.current.write(diagnostic.json.description) }
        let errors = check.diagnostics.count { $0.severity == .error }
        let changes = check.localChanges.map { change -> JSONValue in
            .object([
                ("rule", .text(change.rule)), ("file", .text(change.place.file)), ("line", .integer(change.place.line)),
            ])
        }
        let set = check.book?.set
        let summary: JSONValue = .compact([
            ("ok", .bool(check.isFine)), ("errors", .integer(errors)),
            ("warnings", .integer(check.diagnostics.count - errors)),
            ("files", set.map { .integer($0.fileCount) } ?? .null),
            ("rules", set.map { .integer($0.ruleCount) } ?? .null),
            ("tests", set.map { .integer($0.testCount) } ?? .null), ("digest", .text(set?.digest)),
            ("changes", .array(changes)),
        ])
        Terminal.current.write(summary.description)
    }
}
