internal import ArgumentParser
internal import Messages
internal import Tracker

/// The command `claude-chat issues set`.
struct IssuesSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Change the state of an issue, or who may be told of it.",
        discussion: """
            Whoever reported it, or said that it is the same, is told of the new state in \
            the chat. A public issue is offered to visitors who are about to report the \
            same; its title is shown to them.

              claude-chat issues set 12 --state in_progress
              claude-chat issues set 12 --public

            Exit status: 0 changed, or it was so already, 1 not possible, 2 wrong usage.
            """
    )

    @OptionGroup var access: IssueAccess
    @OptionGroup var named: IssueNumber
    @Option(help: ArgumentHelp("open, in_progress, resolved or closed.", valueName: "word")) var state: String?
    @Flag(inversion: .prefixedNo, help: "Whether visitors other than the reporter may be told of it.")
    var `public`: Bool?
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard self.state != nil || self.public != nil else {
            throw ValidationError("nothing to change; add --state or --public")
        }
        _ = try self.state.map { try issuePhase($0) }
    }

    func run() async throws {
        let (named, json, isPublic) = (self.named, self.json, self.public)
        let phase = try self.state.map { try issuePhase($0) }
        let author = operatorName
        try await self.access.work { tracker in
            let found = try await named.issue(of: tracker)
            let issue = try await tracker.change(
                found.number,
                of: found.site,
                to: phase,
                isPublic: isPublic,
                by: author
            )
            let shown = "#\(issue.number): \(issue.phase.rawValue), \(issue.isPublic ? "public" : "private")"
            Terminal.current.write(json ? try issue.jsonLine() : shown)
            return (
                "issue-set",
                [
                    ("site", issue.site.rawValue), ("issue", "\(issue.number)"), ("state", phase?.rawValue),
                    ("public", isPublic.map { "\($0)" }),
                ]
            )
        }
    }
}
