internal import ArgumentParser
internal import Messages
internal import Rules
internal import Store

/// Where a command takes old messages from: a transcript export, or a store.
struct MessageSource: ParsableArguments {
    @Option(help: ArgumentHelp("The messages, one JSON object a line; - for a pipe.", valueName: "file")) var log:
        String?
    @OptionGroup var access: StoreAccess
    @Option(name: .customLong("site"), help: ArgumentHelp("Those of one site of the store.", valueName: "name"))
    var site: String?
    @OptionGroup var times: TimeOptions

    /// Whether a store was named, by itself or by its configuration.
    var isStore: Bool { self.access.store != nil || self.access.config != nil }
    var isGiven: Bool { self.log != nil || self.isStore }

    func validate() throws {
        if self.log != nil, self.isStore { throw ValidationError("write one of --log and --store") }
        let isNarrowed = self.site != nil || self.times.since != nil || self.times.until != nil
        if isNarrowed, !self.isStore { throw ValidationError("--site, --since and --until need --store") }
        _ = try self.filter(at: Timestamp(milliseconds: 0))
    }

    /// The messages, in the order in which they came.
    ///
    /// - Parameter asJSON: Whether lines that can't be read are shown as objects.
    /// - Returns: None where neither a log nor a store was named.
    /// - Throws: The exit status, after what is wrong was shown.
    func messages(asJSON: Bool = false) async throws -> [LoggedMessage] {
        if let log { return try readTranscript(log, asJSON: asJSON) }
        guard self.isStore else { return [] }
        let settings = try self.access.settings()
        let filter = try self.filter(at: SystemClocks().timestamp())
        let (messages, damaged) = try await StoreAccess.work(on: settings, as: .reader, "reading") { store, progress in
            var reader = TranscriptReader(file: settings.options.path)
            try await store.forEach(filter, progress: progress.report) { found in
                for message in found { reader.take(message) }
            }
            return (reader.messages, store.health.damagedRecords)
        }
        let counts = [("messages", "\(messages.count)")]
        try StoreAccess.note("transcripts-read", filter.audited + counts, on: settings)
        if damaged > 0 {
            Terminal.current.complain(
                "\(settings.options.path): \(counted(damaged, "record")) left out, damaged [store-corrupt]"
            )
        }
        return messages
    }

    private func filter(at now: Timestamp) throws -> StoreFilter {
        StoreFilter(
            site: try self.site.map { try siteID($0) },
            from: try self.times.since(now),
            until: try self.times.until(now)
        )
    }
}
