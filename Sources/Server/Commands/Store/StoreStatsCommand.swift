internal import Messages
internal import ArgumentParser
internal import Rules
internal import Store

/// The command `claude-chat store stats`.
struct StoreStatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Show how much a store holds.",
        discussion: """
            Counts what is on the disk at this moment, and says which keys are to be \
            replaced. While some records are older than the last change of keys it reads \
            all of them, to say how many are plain or under which key.

              claude-chat store stats --store data/chat.db --json

            Exit status: 0 shown, 1 not possible, 2 wrong usage.
            """
    )

    @OptionGroup var access: StoreAccess
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let settings = try self.access.settings()
        let found = try await StoreAccess.work(on: settings, as: .reader, "counting") { store, _ in
            try await store.statistics()
        }
        let path = settings.options.path
        let lines = self.json ? [Self.json(found, path).description] : Self.table(found, path)
        for line in lines { Terminal.current.write(line) }
    }

    private static func table(_ found: StoreStatistics, _ path: String) -> [String] {
        var table = TextTable()
        let times = [found.oldest, found.newest].compactMap { $0?.description }
        let free = found.freeBytes > 0 ? ", \(ByteSize.shown(found.freeBytes)) of it free" : ""
        table.append(["store", path])
        table.append(["messages", "\(grouped(found.messages)) in \(counted(found.rooms, "session"))"])
        table.append(["turns", "\(grouped(found.turns)), \(grouped(found.unfinishedTurns)) of them not ended"])
        if !times.isEmpty { table.append(["from, to", times.joined(separator: "  ")]) }
        table.append(["size", ByteSize.shown(found.bytes) + free])
        table.append(["tables", "version \(found.version)"])
        for key in found.keys {
            let due = key.isDue && key.isActive ? "; replace it" : ""
            let left = key.left.map { ", \(grouped($0)) of them left" } ?? ""
            table.append(["key \(key.id)", "since \(key.since), \(counted(key.records, "record"))\(left)\(due)"])
        }
        if found.plainRecords > 0 {
            let what = "\(counted(found.plainRecords, "record")), readable by whoever has the file"
            table.append(["plain", "\(what); claude-chat store rekey encrypts them"])
        }
        if found.keys.isEmpty { table.append(["keys", "none: texts can be read by whoever has the file"]) }
        return table.lines
    }

    private static func json(_ found: StoreStatistics, _ path: String) -> JSONValue {
        .object([
            ("store", .text(path)), ("messages", .integer(found.messages)), ("sessions", .integer(found.rooms)),
            ("turns", .integer(found.turns)), ("unfinishedTurns", .integer(found.unfinishedTurns)),
            ("oldest", .text(found.oldest?.description)), ("newest", .text(found.newest?.description)),
            ("bytes", .integer(found.bytes)), ("freeBytes", .integer(found.freeBytes)),
            ("version", .integer(found.version)), ("plainRecords", .integer(found.plainRecords)),
            (
                "keys",
                .array(
                    found.keys.map { key in
                        .object([
                            ("id", .text(key.id)), ("since", .text(key.since.description)),
                            ("records", .integer(key.records)), ("left", key.left.map { .integer($0) } ?? .null),
                            ("isActive", .bool(key.isActive)), ("isDue", .bool(key.isDue)),
                        ])
                    }
                )
            ),
        ])
    }
}
