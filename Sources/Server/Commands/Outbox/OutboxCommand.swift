internal import ArgumentParser
internal import Tracker

/// The command `claude-chat outbox`.
struct OutboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outbox",
        abstract: "Look after reports that are on their way to a tracker on another machine.",
        discussion: """
            Works on the file that the plugin issues of claude-chat.yaml names, or on --file \
            FILE; a server may go on running beside it. An entry is named by its number, or \
            by the reference that the visitor was told.

              claude-chat outbox list
              claude-chat outbox show R-7K2M
              claude-chat outbox retry 12
              claude-chat outbox preview

            Exit status: 0 done, 1 not possible, 2 wrong usage, 130 ended by Ctrl+C.
            """,
        subcommands: [
            OutboxListCommand.self, OutboxShowCommand.self, OutboxRetryCommand.self, OutboxExportCommand.self,
            OutboxDropCommand.self, OutboxMoveCommand.self, OutboxPreviewCommand.self,
        ]
    )
}

/// Which entry a command is about.
struct OutboxName: ParsableArguments {
    @Argument(help: "The number of the entry, or its reference.") var entry: String
}
