internal import Diagnostics
internal import ArgumentParser
internal import Foundation
internal import Hub
internal import Logging
internal import Messages
internal import NIOPosix
internal import Observability
internal import Responders
internal import Store
internal import Transport

/// Notes in the audit log what the server does, and those who run it.
///
/// The chat goes on where that fails: it is logged and counted then.
struct AuditWriter: Sendable {
    let trail: AuditTrail
    private let failures: Counter
    private let logger: Logger
    /// Who shows the admin token, or reaches a server that asks for none.
    private let admin: String

    init(_ trail: AuditTrail, isDevelopment: Bool, metrics: MetricsRegistry, logger: Logger) {
        self.trail = trail
        self.logger = logger
        self.admin = isDevelopment ? "development" : "admin-token"
        self.failures = metrics.counter(
            "chat_audit_failures_total",
            help: "Entries of the audit log that could not be written."
        )
    }

    /// Appends an entry; reads and writes the disk.
    func note(_ action: String, _ details: [(String, String?)] = [], by actor: String? = nil) {
        self.trying { try self.trail.note(action, details, by: actor) }
    }

    /// The same for those who must not wait for the disk.
    func noteAside(_ action: String, _ details: [(String, String?)] = []) async {
        _ = try? await NIOThreadPool.singleton.runIfActive { self.note(action, details) }
    }

    /// Appends what somebody with the admin token has done.
    func note(_ act: AdminAct) async {
        let names = act.names.map { ($0.key, self.trail.digest(of: $0.value) as String?) }
        let details = act.details.map { ($0.key, $0.value as String?) } + names
        _ = try? await NIOThreadPool.singleton.runIfActive { self.note(act.action, details, by: self.admin) }
    }

    /// Appends what an agent has done in a room.
    func note(_ act: AgentAct, by agent: String?, in room: RoomKey) async {
        let isSignIn = act == .signedIn
        let details: [(String, String?)] = [
            ("site", room.site.rawValue),
            ("session", isSignIn ? nil : self.trail.digest(of: room.session.rawValue)),
        ]
        let actor = agent.map { "agent:\($0)" } ?? "agent"
        _ = try? await NIOThreadPool.singleton.runIfActive { self.note(act.rawValue, details, by: actor) }
    }

    /// Counts an entry that nobody could take.
    func lost() { self.failures.increment() }

    /// Appends an erasure.
    func note(_ report: ErasureReport) async {
        _ = try? await NIOThreadPool.singleton.runIfActive {
            self.trying { try self.trail.noteErasure(report, by: self.admin) }
        }
    }

    /// Appends that an erasure begins.
    ///
    /// - Throws: A ``StoreError`` where that can't be written.
    func begin(erasing subject: ErasureSubject, at site: SiteID) async throws {
        let details = self.trail.details(of: subject, at: site)
        try await NIOThreadPool.singleton.runIfActive {
            do { _ = try self.trail.note("erase-begun", details, by: self.admin) } catch {
                self.failures.increment()
                throw error
            }
        }
    }

    /// Appends an erasure that wasn't done to its end.
    func note(_ subject: ErasureSubject, at site: SiteID, _ ending: [(String, String?)]) async {
        let details = self.trail.details(of: subject, at: site) + ending
        _ = try? await NIOThreadPool.singleton.runIfActive { self.note("erased", details, by: self.admin) }
    }

    /// Appends that other files have become live, or that some were refused.
    func note(_ after: ContentReloader.Report, before: ContentState) {
        let rejected = after.content.rejected.count { $0.severity == .error }
        if after.content.generation != before.generation {
            self.note(
                "content-live",
                [
                    ("responder", after.responder), ("generation", "\(after.content.generation)"),
                    ("digest", after.content.digest), ("before", before.digest),
                ]
            )
        } else if rejected > 0 {
            self.note("content-rejected", [("responder", after.responder), ("errors", "\(rejected)")])
        }
    }

    /// Appends that another configuration has become live, or that one was refused.
    func note(_ after: ConfigurationReloader.Report, before: ConfigurationReloader.Report) {
        if after.generation != before.generation {
            let details = [("generation", "\(after.generation)"), ("digest", after.digest), ("before", before.digest)]
            self.note("configuration-live", details)
        } else if let rejection = after.rejection {
            let errors = rejection.diagnostics.count { $0.severity == .error }
            self.note("configuration-rejected", [("generation", "\(after.generation)"), ("errors", "\(errors)")])
        }
    }

    /// Appends that the server starts, and with what.
    ///
    /// - Parameters:
    ///   - configuration: Its configuration.
    ///   - mode: The mode that holds, which an option may have set.
    ///   - contents: What answers.
    ///   - newKey: The key with which records are made from now on, where that is another one than before.
    func noteStart(
        _ configuration: Configuration,
        in mode: Configuration.Mode,
        _ contents: [ContentReloader.Report],
        newKey: String?
    ) {
        let digests = contents.prefix(8).map { ("content.\($0.responder.prefix(80))", $0.content.digest as String?) }
        self.note(
            "server-started",
            [
                ("version", ClaudeChatCommand.configuration.version), ("mode", mode.rawValue),
                ("configuration", configuration.digest), ("key", configuration.storage.options.keys?.active.id),
            ] + digests
        )
        if let newKey { self.note("key-begun", [("key", newKey)]) }
    }

    /// Appends that the server stops, and logs where the log ends: what comes next is of commands alone.
    func noteStop() {
        self.trying {
            let head = try self.trail.note("server-stopped")
            self.logger.notice("Audit log ends here", metadata: ["audit.head": "\(head.count):\(head.code)"])
        }
    }

    private func trying(_ body: () throws -> Void) {
        do { try body() } catch {
            self.failures.increment()
            self.logger.error("Audit entry not written", metadata: ["audit.error": "\(error)"])
        }
    }
}
