internal import Diagnostics
internal import Messages
internal import Responders
internal import Rules
internal import Store

extension ContentReloader {
    /// The health of the server for everybody who can reach it: where newer files are wrong, but not what stands there,
    /// which responders don't work, and why the store can't be written.
    ///
    /// It is `degraded` where visitors get other answers than they should, or none; the process is never down because of
    /// that.
    ///
    /// - Parameters:
    ///   - responders: Those that are asked.
    ///   - store: How the store is; nothing for a server without one.
    /// - Returns: A JSON object.
    func health(_ responders: ResponderHealth, _ store: StoreHealth? = nil) -> String {
        let ailing = responders.ailing
        let isWell = ailing.isEmpty && store?.isDurable ?? true
        return JSONValue.object([
            ("status", .text(isWell ? "ok" : "degraded")),
            ("content", .array(self.reports.map { $0.json(isPublic: true) })),
            ("responders", .array(ailing)),
            ("store", store?.json ?? .null),
        ]).description
    }

    /// What is live and what was rejected, for the people who run the server.
    var status: String {
        JSONValue.object([("content", .array(self.reports.map { $0.json(isPublic: false) }))]).description
    }
}

extension StoreHealth {
    /// Without the path of the file, which is nobody's business.
    fileprivate var json: JSONValue {
        let (state, error): (String, StoreError?) =
            switch self.state {
            case .healthy: ("ok", nil)
            case .failing(let error): ("failing", error)
            case .memoryOnly(let error): ("memory-only", error)
            case .stopped: ("stopped", nil)
            }
        return .object([
            ("state", .text(state)), ("reason", .text(error?.code.rawValue)), ("since", .text(self.since.description)),
            ("queued", .integer(self.queuedEntries)), ("notStored", .integer(self.memoryOnlyEntries)),
        ])
    }
}

extension ContentReloader.Report {
    fileprivate func json(isPublic: Bool) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("responder", .text(self.responder)), ("generation", .integer(self.content.generation)),
            ("digest", .text(self.content.digest)), ("summary", .text(self.content.summary)),
            ("loadedAt", .text(self.loadedAt.description)),
            ("loadMs", .number(self.content.loadTime / .milliseconds(1))),
            ("rejected", self.rejected(isPublic: isPublic)),
        ]
        // That a rule is out tells its attacker that the attack works.
        if !isPublic { members.append(("suspended", .array(self.content.suspended.map { .text($0) }))) }
        return .object(members)
    }

    private func rejected(isPublic: Bool) -> JSONValue {
        let errors = self.content.rejected.filter { $0.severity == .error }
        guard let rejectedAt, let first = errors.first else { return .null }
        return .object([
            ("at", .text(rejectedAt.description)), ("errors", .integer(errors.count)),
            ("first", .text("\(first.place) [\(first.code)]")),
            (isPublic ? "more" : "report", isPublic ? .bool(errors.count > 1) : .text(DiagnosticReport(errors).text)),
        ])
    }
}
