internal import ArgumentParser
internal import Diagnostics
internal import Rules

/// The command `claude-chat rules test`.
struct RulesTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Run the tests in the rule files.",
        discussion: """
            Every say, not and lose is run against the whole set, as before a reload. \
            What fails is shown with its line and what happened instead.

              claude-chat rules test --rule error-code
              claude-chat rules test --file bugs.yaml

            Exit status: 0 all hold, 1 one fails, there is none, or the files have \
            mistakes, 2 wrong usage.
            """
    )

    @OptionGroup var options: RulesOptions
    @Option(help: ArgumentHelp("Only this rule's, error-code or bugs/error-code.", valueName: "id")) var rule: String?
    @Option(help: ArgumentHelp("Only those of the rules of this file.", valueName: "file")) var file: String?

    func run() async throws {
        let book = try self.options.load(or: "no test was run")
        try self.demandChoice(in: book)
        let run: RuleTestRun
        do throws(Rejection) {
            run = try RuleTestRun(folder: self.options.folder, where: self.isChosen)
        } catch {
            throw self.options.rejected(error, "no test was run")
        }
        if self.options.json {
            for result in run.results { Terminal.current.write(result.json.description) }
        } else {
            Self.show(run)
        }
        if !run.failures.isEmpty || run.results.isEmpty { throw ExitCode(ExitStatus.findings) }
    }

    private func isChosen(_ rule: RuleBook.Rule) -> Bool {
        let isNamed = self.rule.map { rule.name == $0 || rule.name.hasSuffix("/\($0)") } ?? true
        let isInFile = self.file.map { rule.place.file == $0 || rule.place.file.hasSuffix("/\($0)") } ?? true
        return isNamed && isInFile
    }

    /// A misspelt name must not look like tests that hold.
    private func demandChoice(in book: RuleBook) throws {
        if let name = self.rule, !book.rules.contains(where: { $0.name == name || $0.name.hasSuffix("/\(name)") }) {
            let known = book.rules.map { name.contains("/") ? $0.name : String($0.name.split(separator: "/")[1]) }
            throw ValidationError("there is no rule \"\(name)\"; \(suggestion(for: name, among: known))")
        }
        let files = Set(book.rules.map(\.place.file))
        if let file = self.file, !files.contains(where: { $0 == file || $0.hasSuffix("/\(file)") }) {
            throw ValidationError("no rule is in a file \"\(file)\"; \(suggestion(for: file, among: files))")
        }
    }

    private static func show(_ run: RuleTestRun) {
        let failures = run.failures
        if !failures.isEmpty { Terminal.current.write(DiagnosticReport(failures.flatMap(\.problems)).text) }
        let tests = counted(run.results.count, "test")
        let rules = counted(run.ruleCount, "rule")
        switch (run.results.count, failures.count) {
        case (0, _): Terminal.current.write("there is no test")
        case (let count, 0): Terminal.current.write("\(tests) of \(rules) \(count == 1 ? "holds" : "hold")")
        case (_, let failed): Terminal.current.write("\(grouped(failed)) of \(tests) of \(rules) failed")
        }
    }
}
