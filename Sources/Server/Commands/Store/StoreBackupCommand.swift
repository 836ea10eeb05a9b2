internal import ArgumentParser
internal import Rules
internal import Store

/// The command `claude-chat store backup`.
struct StoreBackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the store as it is at this moment, also beside a running server.",
        discussion: """
            The copy is checked, and appears under its name when it is whole. What is \
            encrypted stays so: keep its keys elsewhere. It can be restored, verified and \
            searched where nothing can be written. A store of an earlier version is copied \
            as it is: do so before a server updates it, since there is no way back.

              claude-chat store backup /backups/chat-$(date +%F).db

            Exit status: 0 copied, 1 not possible, 2 wrong usage, 130 ended by Ctrl+C: then \
            there is no file.
            """
    )

    @OptionGroup var access: StoreAccess
    @Argument(help: "A file that doesn't exist.") var file: String
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let settings = try self.access.settings()
        let file = self.file
        let act = AuditedAct("backed-up", begun: "backup-begun", [("file", file)])
        let count = try await StoreAccess.work(
            on: settings,
            as: .copier,
            noting: act,
            "copying",
            stopped: "no file was written"
        ) { store, report in
            try await store.backup(to: file, progress: report)
        }
        try StoreAccess.note(act.done, act.details + [("messages", "\(count)")], on: settings)
        let json = JSONValue.object([("file", .text(file)), ("messages", .integer(count))])
        let text = "\(file): a copy of \(settings.options.path), \(counted(count, "message"))"
        Terminal.current.write(self.json ? json.description : text)
    }
}
