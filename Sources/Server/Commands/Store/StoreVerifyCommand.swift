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
            Says where something isn't what was written: messages, traces of turns, states \
            of conversations, comments, pages. A backup can be checked, too, also where \
            nothing can be written, and stays as it is.

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
        let report = try await StoreAccess.work(on: settings, as: .reader, "reading") { store, progress in
            try await store.verify(progress: progress.report)
        }
        let path = settings.options.path
        for line in self.json ? [Self.json(report).description] : Self.lines(report, path) {
            Terminal.current.write(line)
        }
        if !report.isSound { throw ExitCode(ExitStatus.findings) }
    }

    private static func lines(_ report: StoreReport, _ path: String) -> [String] {
        let plain =
            report.plainRecords == 0
            ? []
            : [
                "\(path): \(counted(report.plainRecords, "record")) plain, from before there were keys; "
                    + "claude-chat store rekey encrypts them"
            ]
        guard !report.isSound else {
            return ["\(path): \(counted(report.messages, "message")) read, everything is sound"] + plain
        }
        var lines = report.damaged.map { record in
            let number = record.seq.map { " \($0)" } ?? ""
            let place = printable("\(record.site)/\(record.session)", limit: 200)
            return "\(path): \(record.kind.rawValue)\(number) of \(place) is damaged [store-corrupt]"
        }
        lines += report.problems.map { "\(path): SQLite: \(printable($0, limit: 200)) [store-corrupt]" }
        if report.orphans > 0 {
            lines.append("\(path): \(counted(report.orphans, "row")) of no session [store-corrupt]")
        }
        let count = "\(counted(report.damagedRecords, "record")) of \(counted(report.messages, "message")) damaged"
        return lines + plain + ["\(count); restore a backup to have them again, or erase their sessions"]
    }

    private static func json(_ report: StoreReport) -> JSONValue {
        .object([
            ("isSound", .bool(report.isSound)), ("messages", .integer(report.messages)),
            ("damagedRecords", .integer(report.damagedRecords)), ("orphans", .integer(report.orphans)),
            ("plainRecords", .integer(report.plainRecords)),
            (
                "damaged",
                .array(
                    report.damaged.map { record in
                        .object([
                            ("record", .text(record.kind.rawValue)), ("site", .text(record.site)),
                            ("session", .text(record.session)), ("seq", record.seq.map { .integer($0) } ?? .null),
                        ])
                    }
                )
            ), ("problems", .array(report.problems.map { .text($0) })),
        ])
    }
}
