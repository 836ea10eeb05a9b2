internal import ArgumentParser
internal import Diagnostics
internal import Messages
internal import Responders
internal import Store

/// Which messages of a store a command is about.
struct StoreFilterOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Those of one site.", valueName: "name")) var site: String?
    @Option(help: ArgumentHelp("Those of one session.", valueName: "id")) var session: String?
    @Option(help: ArgumentHelp("Those written on pages that begin so.", valueName: "path")) var page: String?
    @Option(help: ArgumentHelp("Those that a rule decided about.", valueName: "file/id")) var rule: String?
    @Option(help: ArgumentHelp("Those whose turn ended so, such as fell-back.", valueName: "word")) var outcome: String?
    @OptionGroup var times: TimeOptions

    func validate() throws { _ = try self.filter(at: Timestamp(milliseconds: 0)) }

    /// The same for the store.
    ///
    /// - Parameter now: The time, for spans like `7d`.
    /// - Returns: The filter.
    /// - Throws: What is wrong with an option.
    func filter(at now: Timestamp) throws -> StoreFilter {
        if let outcome, !Self.outcomes.contains(outcome) {
            let hint = suggestion(for: outcome, among: Self.outcomes)
            throw ValidationError("\"\(printable(outcome))\" is no outcome; \(hint)")
        }
        return StoreFilter(
            site: try self.site.map { try siteID($0) },
            session: try self.session.map { try sessionID($0) },
            page: self.page,
            rule: self.rule,
            outcome: self.outcome,
            from: try self.times.since(now),
            until: try self.times.until(now)
        )
    }

    /// Those of the chain, and that of a turn that was given up after a restart.
    static let outcomes = Outcome.allCases.map(\.rawValue) + ["abandoned"]
}

/// From when to when.
struct TimeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("From then on: 2026-11-24, 2026-11-24T05:29:13Z, or 7d ago.", valueName: "time"))
    var since: String?
    @Option(help: ArgumentHelp("Before then, in the same forms.", valueName: "time")) var until: String?

    func since(_ now: Timestamp) throws -> Timestamp? { try self.since.map { try Self.moment($0, now) } }

    func until(_ now: Timestamp) throws -> Timestamp? { try self.until.map { try Self.moment($0, now) } }

    /// Reads a day or a moment in UTC, or how long ago.
    static func moment(_ text: String, _ now: Timestamp) throws -> Timestamp {
        if let ago = Duration(written: text) { return Timestamp(milliseconds: now.milliseconds - ago.milliseconds) }
        let isDay = text.utf8.count == 10
        guard let moment = Duration(rfc3339: isDay ? text + "T00:00:00Z" : text) else {
            throw ValidationError("\"\(printable(text))\" is no time; write 2026-11-24, 2026-11-24T05:29:13Z or 7d")
        }
        return Timestamp(milliseconds: moment.milliseconds)
    }
}

func siteID(_ text: String) throws -> SiteID {
    guard let site = SiteID(text) else {
        throw ValidationError("\"\(printable(text))\" is no name of a site; use 1 to 64 of a-z 0-9 -")
    }
    return site
}

func sessionID(_ text: String) throws -> SessionID {
    guard let session = SessionID(text) else {
        throw ValidationError("\"\(printable(text))\" is no session; use 1 to 64 of A-Z a-z 0-9 _ -")
    }
    return session
}
