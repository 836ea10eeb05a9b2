internal import ArgumentParser
internal import Diagnostics
internal import Messages
internal import Rules
internal import Store

/// The command `claude-chat store prune`.
struct StorePruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Remove messages that are old, or more than there is to be.",
        discussion: """
            By store: {retention: …} of the configuration, which a running server does by \
            itself each hour, or by the options. What goes is overwritten where it lies; \
            that nothing is left in any part of a page is promised by erase alone.

              claude-chat store prune --older-than 365d
              claude-chat store prune --max-size 10GiB

            Exit status: 0 done, 1 not possible, 2 wrong usage, 130 ended by Ctrl+C: what \
            went stays gone.
            """
    )

    @OptionGroup var access: StoreAccess
    @Option(help: ArgumentHelp("What is older than that goes: 30d.", valueName: "days")) var olderThan: String?
    @Option(help: ArgumentHelp("The oldest go until the file is smaller: 10GiB.", valueName: "size"))
    var maxSize: String?
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
        if let olderThan, Duration(written: olderThan)?.days == nil {
            throw ValidationError("\"\(printable(olderThan))\" is no number of days; write 30d")
        }
        if let maxSize, ByteSize(written: maxSize) == nil {
            throw ValidationError("\"\(printable(maxSize))\" is no size; write 500MiB or 10GiB")
        }
    }

    func run() async throws {
        let settings = try self.access.settings()
        let policy = try self.policy(settings)
        let act = AuditedAct("pruned", begun: "prune-begun", policy.audited)
        let result = try await StoreAccess.work(on: settings, noting: act, "removing", stopped: "what went stays gone")
        {
            store,
            report in
            try await store.retain(policy, progress: report)
        }
        try StoreAccess.note(act.done, act.details + result.audited, on: settings)
        let traces = result.traces > 0 ? ", \(counted(result.traces, "trace"))" : ""
        let text =
            "\(counted(result.messages, "message")) removed and \(counted(result.rooms, "empty session"))\(traces); "
            + "\(ByteSize.shown(result.freedBytes)) given back"
        let json = JSONValue.object([
            ("messages", .integer(result.messages)), ("sessions", .integer(result.rooms)),
            ("traces", .integer(result.traces)), ("freedBytes", .integer(result.freedBytes)),
        ])
        Terminal.current.write(self.json ? json.description : text)
    }

    /// What is to go: as the options say, or without them as the configuration does.
    private func policy(_ settings: StoreSettings) throws -> RetentionPolicy {
        let days = self.olderThan.flatMap { Duration(written: $0)?.days }
        let bytes = self.maxSize.flatMap { ByteSize(written: $0)?.bytes }
        if days != nil || bytes != nil { return RetentionPolicy(days: days, maximumBytes: bytes) }
        guard let policy = settings.retention else {
            Terminal.current.complain(
                "\(self.access.configurationFile): nothing says what is to go; write --older-than or --max-size, or "
                    + "store: {retention: {older_than: 365d}} [nothing-to-prune]"
            )
            throw ExitCode(ExitStatus.wrongUsage)
        }
        return policy
    }
}

extension RetentionPolicy {
    /// What is noted of it.
    var audited: [(String, String?)] {
        let sites = self.daysOfSites.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key)=\($0.value)d" }
        return [
            ("olderThan", self.days.map { "\($0)d" }), ("maxBytes", self.maximumBytes.map { "\($0)" }),
            ("sites", sites.isEmpty ? nil : sites.joined(separator: ",")),
            ("tracesOlderThan", self.traceDays.map { "\($0)d" }),
        ]
    }
}

extension RetentionResult {
    /// What is noted of it.
    var audited: [(String, String?)] {
        [("messages", "\(self.messages)"), ("sessions", "\(self.rooms)"), ("traces", "\(self.traces)")]
    }
}
