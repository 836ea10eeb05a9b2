internal import ArgumentParser
internal import Foundation
internal import Messages
internal import NIOHTTP1
internal import Store

/// The command `claude-chat store erase`.
struct StoreEraseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase",
        abstract: "Remove everything of a session, or of all sessions of a visitor.",
        discussion: """
            Messages, turns, feedback, tokens and the words in the index; then the file is \
            written anew, so that nothing is left of it in there. A server that has the \
            store does it, with server.admin_token: it ends the session first. Backups, \
            exports and issues aren't touched; the certificate names those beside the store.

              claude-chat store erase --site shop --session s_8QmZ…
              claude-chat store erase --site shop --visitor 4711 --yes \\
                --certificate erased-4711.json

            Exit status: 0 erased, 1 nothing is there or not possible, 2 wrong usage, 130 \
            ended by Ctrl+C: what is gone stays gone; call it again, and the certificate \
            counts all of it.
            """
    )

    @OptionGroup var access: StoreAccess
    @Option(help: ArgumentHelp("The site.", valueName: "name")) var site: String
    @Option(help: ArgumentHelp("The session.", valueName: "id")) var session: String?
    @Option(help: ArgumentHelp("The visitor's id, as the site vouched for it.", valueName: "id")) var visitor: String?
    @Flag(help: "Don't ask; needed where nobody can answer.") var yes = false
    @Option(help: ArgumentHelp("A new file for the certificate, JSON.", valueName: "file")) var certificate: String?
    @Option(help: ArgumentHelp("Where the server listens, in place of the configuration's.", valueName: "host:port"))
    var listen: String?
    @Flag(help: "Print the certificate as JSON.") var json = false

    func validate() throws {
        _ = (try siteID(self.site), try self.subject())
        guard self.yes || Terminal.current.ask != nil else {
            throw ValidationError("nobody can be asked here; add --yes to erase")
        }
        if let listen, ListenAddress(listen) == nil {
            throw ValidationError("\"\(listen)\" is no address; write HOST:PORT, such as 127.0.0.1:8080")
        }
    }

    private func subject() throws -> ErasureSubject {
        switch (self.session, self.visitor) {
        case (let session?, nil): return .session(try sessionID(session))
        case (nil, let visitor?):
            let id = visitor.hasPrefix("user:") ? String(visitor.dropFirst(5)) : visitor
            guard 1...200 ~= id.utf8.count else { throw ValidationError("a visitor's id has 1 to 200 bytes") }
            return .visitor(id)
        default: throw ValidationError("name one of --session and --visitor")
        }
    }

    func run() async throws {
        let settings = try self.access.settings()
        let (site, subject) = (try siteID(self.site), try self.subject())
        let found = try await StoreAccess.work(on: settings, "looking") { store, _ in
            try await Self.scope(subject, site, store)
        }
        try self.confirm(found)
        let file: OutputFile?
        do { file = try self.certificate.map { try OutputFile($0) } } catch {
            throw StoreAccess.failure(error, stopped: "")
        }
        let (report, isOurs): (ErasureReport, Bool)
        do { (report, isOurs) = try await self.erase(subject, site, settings) } catch {
            file?.discard()
            throw StoreAccess.failure(error, stopped: "what is gone stays gone; begin again to go on")
        }
        // Shown first: nobody can have it once more, whatever fails from here on.
        Terminal.current.write(self.json ? report.json : Self.text(report))
        do {
            try file?.write(Array("\(report.json)\n".utf8))
            try file?.finish()
        } catch {
            file?.discard()
            if !self.json { Terminal.current.write(report.json) }
            if isOurs { try? AuditTrail(settings).noteErasure(report) }
            throw StoreAccess.failure(error, stopped: "")
        }
        if isOurs {
            do { try AuditTrail(settings).noteErasure(report) } catch {
                let status = StoreAccess.failure(error, stopped: "")
                Terminal.current.complain("\(settings.options.path): it is erased, and that isn't noted [not-noted]")
                throw status
            }
        }
        guard report.sessions.isEmpty else { return }
        Terminal.current.complain("\(settings.options.path): there is nothing of it [nothing-found]")
        throw ExitCode(ExitStatus.findings)
    }

    /// What there is to erase.
    private static func scope(
        _ subject: ErasureSubject,
        _ site: SiteID,
        _ store: MessageStore
    ) async throws -> (sessions: Int, messages: Int) {
        let sessions: [SessionID] =
            switch subject {
            case .session(let session): [session]
            case .visitor(let visitor): try await store.sessions(of: visitor, at: site)
            }
        var found = (sessions: 0, messages: 0)
        for session in sessions {
            guard let count = try await store.messageCount(of: session, at: site) else { continue }
            found = (found.sessions + 1, found.messages + count)
        }
        return found
    }

    private func confirm(_ found: (sessions: Int, messages: Int)) throws {
        guard !self.yes, let ask = Terminal.current.ask else { return }
        let what = "\(counted(found.messages, "message")) of \(counted(found.sessions, "session")) of \(self.site)"
        let answer = ask("Erase \(what)? Nothing brings them back. [y/N] ")?.lowercased()
        guard answer == "y" || answer == "yes" else {
            Terminal.current.complain("nothing was erased")
            throw ExitCode(ExitStatus.findings)
        }
    }

    /// - Returns: The certificate, and whether this process has erased, which is then to be noted.
    private func erase(
        _ subject: ErasureSubject,
        _ site: SiteID,
        _ settings: StoreSettings
    ) async throws -> (ErasureReport, isOurs: Bool) {
        let progress = ProgressLine("erasing")
        do {
            let store = try MessageStore.open(settings.options, as: .maintenance, time: .system)
            defer { store.close() }
            defer { progress.end() }
            let trail = AuditTrail(settings)
            let act = AuditedAct("erased", begun: "erase-begun", trail.details(of: subject, at: site))
            let report = try await interruptible {
                try await act.noted(in: trail, progress) { report in
                    try await store.erase(subject, of: site, progress: report)
                }
            }
            return (report, true)
        } catch let error as StoreError where error.code == .inUse {
            return (try await self.askServer(subject, settings), false)
        }
    }

    /// Has the server erase that has the store: what it has in memory has to go, too.
    private func askServer(_ subject: ErasureSubject, _ settings: StoreSettings) async throws -> ErasureReport {
        var (session, visitor): (String?, String?)
        switch subject {
        case .session(let id): session = id.rawValue
        case .visitor(let id): visitor = id
        }
        let body = JSONText.object([
            ("site", self.site), ("session", session), ("visitor", visitor),
            ("store", Self.identity(of: settings.options.path)),
        ])
        let answer = try await RunningServerOptions.ask(
            .POST,
            "/api/admin/erase",
            body: body,
            of: self.access.configurationFile,
            at: self.listen
        )
        return try ErasureReport(json: answer)
    }

    /// Names a store whatever folder a process is in.
    static func identity(of path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }

    private static func text(_ report: ErasureReport) -> String {
        var table = TextTable()
        table.append(["erased", report.time])
        table.append(["site", report.site])
        if let visitor = report.visitor { table.append(["visitor", printable(visitor)]) }
        table.append(["sessions", report.sessions.isEmpty ? "none" : report.sessions.joined(separator: " ")])
        let feedback = report.feedback == 1 ? "1 opinion" : "\(grouped(report.feedback)) opinions"
        table.append([
            "removed", "\(counted(report.messages, "message")), \(counted(report.turns, "turn")), \(feedback)",
        ])
        table.append(["store", "\(report.store), written anew"])
        for path in report.untouched { table.append(["not touched", path]) }
        table.append(["not touched", "backups, exports and issues elsewhere; the process log has no text of visitors"])
        return table.lines.joined(separator: "\n")
    }
}
