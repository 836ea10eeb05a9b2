internal import ArgumentParser
internal import Diagnostics
internal import Rules

/// The command `claude-chat rules coverage`.
struct RulesCoverageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coverage",
        abstract: "Find rules that never fire, and messages that no rule answers.",
        discussion: """
            Runs the sentences of all tests, and the visitors' messages of a transcript \
            export or a store, and lists the rules that nothing fired, the rules that always lost \
            to the same other one, greetings that answered a longer message, and how \
            many messages no rule answered. All of it is observed, nothing is proved.

              claude-chat rules coverage --log messages.jsonl
              claude-chat rules coverage --store data/chat.db --since 30d

            Exit status: 0 every rule fires, 1 some never do or the files have mistakes, \
            2 wrong usage, 130 ended by Ctrl+C.
            """
    )

    @OptionGroup var options: RulesOptions
    @OptionGroup var source: MessageSource
    @Flag(help: "List every rule with what it won.") var all = false

    func run() async throws {
        let book = try self.options.load(or: "there is nothing to measure")
        let messages = try await self.source.messages(asJSON: self.options.json)
        let progress = ProgressLine("answering", total: messages.count)
        let coverage = RuleCoverage(of: book, on: messages) { progress.advance(by: $0) }
        progress.end()
        let lines = self.options.json ? Self.json(coverage) : self.report(coverage)
        for line in lines { Terminal.current.write(line) }
        if !(coverage.idle.isEmpty && coverage.shadowed.isEmpty) { throw ExitCode(ExitStatus.findings) }
    }

    private func report(_ coverage: RuleCoverage) -> [String] {
        var lines: [String] = []
        if self.all {
            var table = TextTable(numeric: [1, 2, 3])
            table.append(["rule", "messages", "tests", "lost"])
            for row in coverage.rows {
                let lost = row.lostTo.values.reduce(0, +)
                table.append([row.rule] + [row.messages, row.tests, lost].map(grouped))
            }
            lines += table.lines + [""]
        }
        lines += Self.section("never fires", coverage.idle.map { [$0.rule, "\($0.place.file):\($0.place.line)"] })
        lines += Self.section(
            "always loses",
            coverage.shadowed.map { row in
                let times = row.lostTo.values.reduce(0, +)
                return [
                    row.rule, "\(row.place.file):\(row.place.line)", "\(counted(times, "time")) to \(row.shadow ?? "")",
                ]
            }
        )
        lines += Self.section(
            "hits a limit",
            coverage.limited.map { [$0.rule, "\($0.place.file):\($0.place.line)", counted($0.limits, "message")] }
        )
        lines += Self.section("greets more than four words", Self.greetings(coverage))
        return lines + Self.summary(coverage)
    }

    /// A heading and its rows; nothing where there are none.
    private static func section(_ heading: String, _ rows: [[String]]) -> [String] {
        guard !rows.isEmpty else { return [] }
        var table = TextTable()
        for row in rows { table.append(["  \(row[0])"] + row.dropFirst()) }
        return [heading] + table.lines + [""]
    }

    /// For each greeting how many long messages it answered, and one of them.
    private static func greetings(_ coverage: RuleCoverage) -> [[String]] {
        let rules = Dictionary(grouping: coverage.longGreetings, by: \.rule)
        return rules.sorted { $0.key < $1.key }.map { rule, greetings in
            [rule, counted(greetings.count, "message"), "\"\(printable(greetings[0].text))\""]
        }
    }

    private static func summary(_ coverage: RuleCoverage) -> [String] {
        let byMessage = coverage.rows.count { $0.messages > 0 }
        let byTest = coverage.rows.count { $0.messages == 0 && $0.tests > 0 }
        let never = coverage.rows.count - byMessage - byTest
        let rules = "\(counted(coverage.rows.count, "rule")): "
        guard coverage.messageCount > 0 else {
            return ["\(rules)\(grouped(byTest)) win a test's sentence, \(grouped(never)) nothing"]
        }
        let words = coverage.frequentWords.prefix(10).map { "\(printable($0.word, limit: 40)) \(grouped($0.count))" }
        let most = words.isEmpty ? "" : "; their words: \(words.joined(separator: ", "))"
        return [
            "\(rules)\(grouped(byMessage)) win a message, \(grouped(byTest)) only a test's sentence, "
                + "\(grouped(never)) nothing",
            "no rule answers \(grouped(coverage.unansweredCount)) of \(counted(coverage.messageCount, "message"))\(most)",
        ]
    }

    private static func json(_ coverage: RuleCoverage) -> [String] {
        let rows = coverage.rows.map { row -> JSONValue in
            let lost = row.lostTo.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.integer($0.value)) }
            return .compact([
                ("rule", .text(row.rule)), ("file", .text(row.place.file)), ("line", .integer(row.place.line)),
                ("messages", .integer(row.messages)), ("tests", .integer(row.tests)), ("lostTo", .object(lost)),
                ("shadow", .text(row.shadow)), ("limits", row.limits > 0 ? .integer(row.limits) : .null),
            ])
        }
        let words = coverage.frequentWords.map { ($0.word, JSONValue.integer($0.count)) }
        let greetings = coverage.longGreetings.map { greeting -> JSONValue in
            .object([("rule", .text(greeting.rule)), ("message", .text(greeting.text))])
        }
        let summary: JSONValue = .object([
            ("messages", .integer(coverage.messageCount)), ("unanswered", .integer(coverage.unansweredCount)),
            ("words", .object(words)), ("longGreetings", .array(greetings)),
        ])
        return (rows + [summary]).map(\.description)
    }
}
