internal import Diagnostics
internal import Messages
internal import Responders
internal import Rules
internal import Store

/// What a server works by and what of newer files was rejected: for its health, and for the people who run it.
struct LiveState: Sendable {
    let contents: ContentReloader
    let responders: ResponderHealth
    /// Nothing where the configuration stays what it is.
    var configuration: ConfigurationReloader?

    /// Reads everything anew.
    func reload() async throws {
        guard let configuration else {
            _ = try await self.contents.reload()
            return
        }
        await configuration.reload()
    }

    /// The health of the server for everybody who can reach it: where newer files are wrong, but not what stands there,
    /// which responders don't work, and why the store can't be written.
    ///
    /// It is `degraded` where visitors get other answers than they should, or none; the process is never down because of
    /// that.
    ///
    /// - Parameter store: How the store is; nothing for a server without one.
    /// - Returns: A JSON object.
    func health(of store: StoreHealth? = nil) -> String {
        let ailing = self.responders.ailing
        let report = self.configuration?.report
        let reports = self.contents.reports
        let isRejected = report?.rejection != nil || reports.contains { $0.rejectedAt != nil }
        let outboxes = self.responders.outboxes
        let isDelivering = !outboxes.contains { $0.report.isOverfull }
        let isWell = ailing.isEmpty && !isRejected && isDelivering && store?.isDurable ?? true
        return JSONValue.object(
            [("status", .text(isWell ? "ok" : "degraded"))]
                + (report.map { [("configuration", $0.json(isPublic: true))] } ?? [])
                + [
                    ("content", .array(reports.map { $0.json(isPublic: true) })), ("responders", .array(ailing)),
                    ("store", store?.json ?? .null),
                ] + (outboxes.isEmpty ? [] : [("outboxes", .array(outboxes.map(\.json)))])
        ).description
    }

    /// What is live and what was rejected, for the people who run the server.
    var status: String {
        let configuration = self.configuration?.report.json(isPublic: false)
        return JSONValue.object(
            (configuration.map { [("configuration", $0)] } ?? [])
                + [("content", .array(self.contents.reports.map { $0.json(isPublic: false) }))]
        ).description
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

extension ConfigurationReloader.Report {
    fileprivate func json(isPublic: Bool) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("generation", .integer(self.generation)), ("digest", .text(self.digest)),
            ("loadedAt", .text(self.loadedAt.description)),
            ("rejected", .rejected(self.rejection?.diagnostics ?? [], at: self.rejectedAt, isPublic: isPublic)),
        ]
        if !isPublic { members.append(("warnings", .array(self.warnings.map { .text("\($0)") }))) }
        return .object(members)
    }
}

extension ContentReloader.Report {
    fileprivate func json(isPublic: Bool) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("responder", .text(self.responder)), ("generation", .integer(self.content.generation)),
            ("digest", .text(self.content.digest)), ("summary", .text(self.content.summary)),
            ("loadedAt", .text(self.loadedAt.description)),
            ("loadMs", .number(self.content.loadTime / .milliseconds(1))),
            ("rejected", .rejected(self.content.rejected, at: self.rejectedAt, isPublic: isPublic)),
        ]
        // That a rule is out tells its attacker that the attack works.
        if !isPublic { members.append(("suspended", .array(self.content.suspended.map { .text($0) }))) }
        return .object(members)
    }
}

extension JSONValue {
    /// What is wrong with newer files; null where nothing is.
    fileprivate static func rejected(_ found: [Diagnostic], at time: Timestamp?, isPublic: Bool) -> JSONValue {
        let errors = found.filter { $0.severity == .error }
        guard let time, let first = errors.first else { return .null }
        return .object([
            ("at", .text(time.description)), ("errors", .integer(errors.count)),
            ("first", .text("\(first.place) [\(first.code)]")),
            (isPublic ? "more" : "report", isPublic ? .bool(errors.count > 1) : .text(DiagnosticReport(errors).text)),
        ])
    }
}
