internal import Messages
internal import ArgumentParser
internal import Rules
internal import Store

/// The command `claude-chat store verify`.
struct StoreVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read every record and every page of the store.",
        discussion: """
            Says where something isn't what was written. A backup can be checked, too.

              claude-chat store verify
              claude-chat store verify --store /backups/chat.db

            Exit status: 0 everything is sound, 1 something is damaged or not possible, \
            2 wrong usage, 130 ended by Ctrl+C.
            """
    )

    @OptionGroup var access: StoreAccess
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let settings = try self.access.settings()
        let report = try await StoreAccess.work(on: settings, "reading") { store, progress in
            try await store.verify(progress: progress.report)
        }
        let path = settings.options.path
        for line in self.json ? [Self.json(report).description] : Self.lines(report, path) {
            Terminal.current.write(line)
        }
        if !report.isSound { throw ExitCode(ExitStatus.findings) }
    }

    private static func lines(_ report: StoreReport, _ path: String) -> [String] {
        guard !report.isSound else {
            return ["\(path): \(counted(report.messages, "message")) read, everything is sound"]
        }
        var lines = report.damaged.map { position in
            "\(path): message \(position.seq) of \(position.site)/\(position.session) is damaged [store-corrupt]"
        }
        lines += report.problems.map { "\(path): SQLite: \(printable($0, limit: 200)) [store-corrupt]" }
        if report.orphans > 0 {
            lines.append("\(path): \(counted(report.orphans, "row")) of no session [store-corrupt]")
        }
        let count = "\(counted(report.damagedRecords, "record")) of \(counted(report.messages, "message")) damaged"
        return lines + ["\(count); restore a backup to have them again, or erase their sessions"]
    }

    private static func json(_ report: StoreReport) -> JSONValue {
        .object([
            ("isSound", .bool(report.isSound)), ("messages", .integer(report.messages)),
            ("damagedRecords", .integer(report.damagedRecords)), ("orphans", .integer(report.orphans)),
            (
                "damaged",
                .array(
                    report.damaged.map { position in
                        .object([
                            ("site", .text(position.site.rawValue)), ("session", .text(position.session.rawValue)),
                            ("seq", .integer(position.seq)),
                        ])
                    }
                )
            ), ("problems", .array(report.problems.map { .text($0) })),
        ])
    }
}

/// The command `claude-chat store rekey`.
struct StoreRekeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rekey",
        abstract: "Encrypt everything with the first key of the configuration.",
        discussion: """
            First start the server with the new key as the first one and the old ones \
            beside it. Then this goes on beside traffic, in small steps, and ends with \
            writing the file anew; when it is done, take the old keys out.

              store: {keys: {s2: {env: CHAT_STORE_KEY_2}, s1: {env: CHAT_STORE_KEY}}}
              systemctl restart claude-chat && claude-chat store rekey

            Exit status: 0 done, 1 not possible, 2 wrong usage, 130 ended by Ctrl+C: call it \
            again to go on.
            """
    )

    @OptionGroup var access: StoreAccess
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let settings = try self.access.settings()
        let stopped = "what was encrypted so far stays so, and all keys are needed still; begin again to go on"
        let key = settings.options.keys?.active.id
        let count = try await StoreAccess.work(on: settings, "encrypting", stopped: stopped) { store, progress in
            try await store.rekey(progress: progress.report)
        }
        try StoreAccess.note("rekeyed", [("key", key), ("records", "\(count)")], on: settings)
        let json = JSONValue.object([("key", .text(key)), ("records", .integer(count))])
        let text =
            "\(counted(count, "record")) encrypted anew; everything is encrypted with \(key ?? ""), "
            + "and no other key is needed"
        Terminal.current.write(self.json ? json.description : text)
    }
}
