internal import ArgumentParser
internal import Messages
internal import Rules
internal import Tracker

/// The command `claude-chat issues list`.
struct IssuesListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List issues, the newest first.",
        discussion: """
            All words of --search must occur in the title or the text, without regard to \
            case and accents. That somebody has read is noted in the audit log.

              claude-chat issues list --state open --state in_progress
              claude-chat issues list --search 'checkout 502' --json

            Exit status: 0 listed, 1 not possible, 2 wrong usage.
            """
    )

    @OptionGroup var access: IssueAccess
    @Option(help: ArgumentHelp("Those of one site.", valueName: "name")) var site: String?
    @Option(help: ArgumentHelp("Those in a state: open, in_progress, resolved, closed.", valueName: "word"))
    var state: [String] = []
    @Option(help: ArgumentHelp("Those with these words.", valueName: "words")) var search = ""
    @Option(help: ArgumentHelp("How many at most, 1 to 1000.", valueName: "n")) var limit = 50
    @Option(help: ArgumentHelp("Go on where the last page ended.", valueName: "number")) var before: Int?
    @Flag(help: "Print JSON, one object a line.") var json = false

    func validate() throws {
        guard 1...1_000 ~= self.limit else { throw ValidationError("--limit takes 1 to 1000") }
        _ = try self.filter()
    }

    private func filter() throws -> IssueFilter {
        IssueFilter(
            site: try self.site.map { try siteID($0) },
            phases: Set(try self.state.map { try issuePhase($0) }),
            words: self.search,
            limit: self.limit,
            before: self.before
        )
    }

    func run() async throws {
        let (filter, json) = (try self.filter(), self.json)
        try await self.access.work { tracker in
            let page = try await tracker.issues(filter)
            for line in json ? try Self.json(page) : Self.table(page) { Terminal.current.write(line) }
            let scope = filter.site?.rawValue
            return ("issues-read", [("site", scope), ("issues", "\(page.issues.count)")])
        }
    }

    private static func table(_ page: IssuePage) -> [String] {
        var table = TextTable(numeric: [1])
        for issue in page.issues {
            table.append([
                issue.site.rawValue, "\(issue.number)", issue.reference, issue.phase.rawValue,
                issue.created.description, printable(issue.title),
            ])
        }
        let count = counted(page.issues.count, "issue")
        return table.lines + [count + (page.next.map { "; the next ones: --before \($0)" } ?? "")]
    }

    private static func json(_ page: IssuePage) throws -> [String] {
        let summary = JSONValue.object([
            ("issues", .integer(page.issues.count)), ("next", page.next.map { .integer($0) } ?? .null),
        ])
        return try page.issues.map { try $0.jsonLine() } + [summary.description]
    }
}
