internal import ArgumentParser

/// The command `claude-chat store`.
struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Look at the messages that are kept, take them along, take them away.",
        discussion: """
            Works on the store that claude-chat.yaml names, or on --store FILE. Where the \
            store is encrypted its keys come from the configuration: name it with --config.

              claude-chat store stats
              claude-chat store search 'refund' --site shop --since 7d
              claude-chat store backup /backups/chat.db

            A server may go on running beside all of them but import and restore. What was \
            read, written or removed is noted in the audit log beside the store.

            Exit status: 0 done, 1 findings or not possible, 2 wrong usage, 130 ended by \
            Ctrl+C after a whole step.
            """,
        subcommands: [
            StoreStatsCommand.self, StoreSearchCommand.self, StoreExportCommand.self, StoreImportCommand.self,
            StoreEraseCommand.self, StorePruneCommand.self, StoreBackupCommand.self, StoreRestoreCommand.self,
            StoreVerifyCommand.self, StoreRekeyCommand.self,
        ]
    )
}
