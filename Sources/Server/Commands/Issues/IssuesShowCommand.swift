internal import ArgumentParser
internal import Messages
internal import Tracker

/// The command `claude-chat issues show`.
struct IssuesShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show an issue and what happened to it.",
        discussion: """
            What visitors wrote is shown without characters that a terminal would act on; \
            --json has the texts as they are.

              claude-chat issues show 12
              claude-chat issues show 12 --site shop --json

            Exit status: 0 shown, 1 there is no such issue or not possible, 2 wrong usage.
            """
    )

    @OptionGroup var access: IssueAccess
    @OptionGroup var named: IssueNumber
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let (named, json) = (self.named, self.json)
        try await self.access.work { tracker in
            let issue = try await named.issue(of: tracker)
            let report = IssueReport(issue: issue, events: try await tracker.events(of: issue))
            Terminal.current.write(json ? try report.jsonLine() : report.text)
            return ("issues-read", [("site", issue.site.rawValue), ("issue", "\(issue.number)")])
        }
    }
}

/// Which issue a command is about.
struct IssueNumber: ParsableArguments {
    @Argument(help: "The number of the issue.") var number: Int
    @Option(help: ArgumentHelp("Its site, where several have issues.", valueName: "name")) var site: String?

    func validate() throws {
        guard self.number > 0 else { throw ValidationError("numbers of issues begin at 1") }
        _ = try self.site.map { try siteID($0) }
    }

    /// - Throws: `unknown-issue`.
    func issue(of tracker: EmbeddedTracker) async throws -> Issue {
        let site = try await IssueAccess.site(self.site, of: tracker)
        guard let issue = try await tracker.issue(self.number, of: site) else {
            let problem = "there is no such issue of the site \"\(site)\"; claude-chat issues list shows all"
            throw TrackerError(.unknownIssue, "#\(self.number)", problem)
        }
        return issue
    }
}

/// An issue with what happened to it.
struct IssueReport: Encodable, Sendable {
    let issue: Issue
    let events: [IssueEvent]

    /// For people.
    var text: String {
        let issue = self.issue
        var table = TextTable()
        for (name, value) in [
            ("state", issue.phase.rawValue), ("site", issue.site.rawValue), ("kind", issue.kind),
            ("labels", issue.labels.isEmpty ? nil : issue.labels.joined(separator: ", ")),
            ("shown to", issue.isPublic ? "everybody" : "who reported it"), ("page", issue.page),
            ("reporter", issue.reporter), ("session", issue.session), ("created", issue.created.description),
        ] {
            if let value { table.append([name, printable(value, limit: 300)]) }
        }
        let head = "#\(issue.number)  \(issue.reference)  \(printable(issue.title, limit: 255))"
        let body = Self.shown(issue.body)
        return ([head] + table.lines + (body.isEmpty ? [] : ["", body]) + [""] + self.events.map(Self.line))
            .joined(separator: "\n")
    }

    private static func line(_ event: IssueEvent) -> String {
        let what =
            switch event.kind {
            case .created: "reported"
            case .state: "is \(event.state?.rawValue ?? "")"
            case .visibility: "is \(event.text ?? "")"
            case .comment: event.isPublic ? "comment, public" : "comment"
            }
        let head = "\(event.time)  \(printable(event.author))  \(what)"
        guard event.kind == .comment, let text = event.text else { return head }
        return "\(head)\n\(Self.shown(text))"
    }

    /// A stranger's text, indented, so that no line of it can be taken for one of ours.
    static func shown(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : "    \(printable(String($0), limit: 20_000))" }.joined(separator: "\n")
    }
}
