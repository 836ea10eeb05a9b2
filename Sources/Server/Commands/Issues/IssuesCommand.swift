internal import ArgumentParser

/// The command `claude-chat issues`.
struct IssuesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "issues",
        abstract: "Work on the issues that visitors have reported to the embedded tracker.",
        discussion: """
            Works on the file that the plugin issues of claude-chat.yaml names, or on --file \
            FILE; a server may go on running beside it. Whoever reported an issue is told of \
            its new state and of public comments, in the chat.

              claude-chat issues list --state open
              claude-chat issues show 12
              claude-chat issues set 12 --state resolved
              claude-chat issues comment 12 'It is fixed since noon.' --public

            Exit status: 0 done, 1 not possible, 2 wrong usage, 130 ended by Ctrl+C.
            """,
        subcommands: [
            IssuesListCommand.self, IssuesShowCommand.self, IssuesSetCommand.self, IssuesCommentCommand.self,
            IssuesExportCommand.self,
        ]
    )
}
