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
            encrypted stays so: keep its keys elsewhere.

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
        let count = try await StoreAccess.work(on: settings, "copying", stopped: "no file was written") {
            store,
            progress in
            try await store.backup(to: file, progress: progress.report)
            return try await store.statistics().messages
        }
        try StoreAccess.note("backed-up", [("file", file)], on: settings)
        let json = JSONValue.object([("file", .text(file)), ("messages", .integer(count))])
        let text = "\(file): a copy of \(settings.options.path), \(counted(count, "message"))"
        Terminal.current.write(self.json ? json.description : text)
    }
}
