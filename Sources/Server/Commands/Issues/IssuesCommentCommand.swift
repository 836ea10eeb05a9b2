internal import ArgumentParser
internal import FoundationEssentials
internal import Rules
internal import Messages
internal import Tracker

/// The command `claude-chat issues comment`.
struct IssuesCommentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "comment",
        abstract: "Add a note for colleagues, or with --public a comment for who reported it.",
        discussion: """
              claude-chat issues comment 12 'Same cause as #7.'
              claude-chat issues comment 12 'It is fixed since noon.' --public

            Exit status: 0 added, 1 not possible, 2 wrong usage.
            """
    )

    @OptionGroup var access: IssueAccess
    @OptionGroup var named: IssueNumber
    @Argument(help: "The text, at most 16,384 bytes.") var text: String
    @Flag(help: "Tell whoever reported it, in the chat.") var `public` = false
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        guard 1...IssueDraft.maximumBodyBytes ~= self.text.utf8.count else {
            throw ValidationError("a comment has 1 to 16384 bytes")
        }
    }

    func run() async throws {
        let (named, text, isPublic, json) = (self.named, self.text, self.public, self.json)
        let author = operatorName
        try await self.access.work { tracker in
            let issue = try await named.issue(of: tracker)
            try await tracker.comment(issue.number, of: issue.site, text, isPublic: isPublic, by: author)
            let told = isPublic ? "public, whoever reported it is told" : "for colleagues alone"
            let result = JSONValue.object([
                ("issue", .integer(issue.number)), ("site", .text(issue.site.rawValue)), ("isPublic", .bool(isPublic)),
            ])
            Terminal.current.write(json ? result.description : "#\(issue.number): comment added, \(told)")
            return (
                "issue-comment",
                [("site", issue.site.rawValue), ("issue", "\(issue.number)"), ("public", "\(isPublic)")]
            )
        }
    }
}

/// Who works with commands: the user of the process.
var operatorName: String { "operator:\(ProcessInfo.processInfo.userName.prefix(200))" }
