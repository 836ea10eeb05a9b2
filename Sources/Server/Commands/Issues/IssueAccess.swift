internal import ArgumentParser
internal import Diagnostics
internal import FoundationEssentials
internal import Messages
internal import Store
internal import Tracker

/// Which issues a command works on.
struct IssueAccess: ParsableArguments {
    @Option(help: ArgumentHelp("The configuration, which says where the issues are.", valueName: "file"))
    var config: String?
    @Option(help: ArgumentHelp("The file with the issues, in place of the configuration's.", valueName: "file"))
    var file: String?

    /// What a command did, for the audit log.
    typealias Act = (action: String, details: [(String, String?)])

    /// Works on the embedded tracker, as ``work(on:stopped:_:)`` does.
    func work(
        stopped: String = "nothing was changed",
        _ body: @escaping @Sendable (EmbeddedTracker) async throws -> Act
    ) async throws {
        try await self.work(on: .issues, stopped: stopped) { try await body(EmbeddedTracker($0)) }
    }

    /// Opens a file while `body` works on it, for as long as nobody interrupts.
    ///
    /// - Parameters:
    ///   - kind: Which file.
    ///   - stopped: What follows from ending before it is done.
    ///   - body: The work; what it returns goes into the audit log.
    /// - Throws: The exit status, after what is wrong was shown.
    func work(
        on kind: Configuration.IssueFiles,
        stopped: String = "nothing was changed",
        _ body: @escaping @Sendable (IssueFile) async throws -> Act
    ) async throws {
        let path = try self.path(of: kind)
        let settings = try self.auditSettings(path)
        let act: Act
        do {
            let file = try IssueFile.open(path, as: .tool) { SystemClocks().timestamp() }
            defer { file.close() }
            act = try await interruptible { try await body(file) }
        } catch let error as TrackerError where error.code.rawValue == "cancelled" {
            Terminal.current.complain("\(error.place): ended before it was done; \(stopped) [cancelled]")
            throw ExitCode(ExitStatus.interrupted)
        } catch let error as TrackerError {
            Terminal.current.complain("\(error)")
            throw ExitCode(ExitStatus.findings)
        } catch {
            throw StoreAccess.failure(error, stopped: stopped)
        }
        try StoreAccess.note(act.action, act.details, on: settings)
    }

    /// The site that was named, or the only one.
    static func site(_ written: String?, of tracker: EmbeddedTracker) async throws -> SiteID {
        if let written { return try siteID(written) }
        let sites = try await tracker.sites()
        guard sites.count > 1 else { return sites.first ?? .default }
        let names = sites.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("several sites have issues; add --site with one of \(names)")
    }

    /// Where the file is.
    private func path(of kind: Configuration.IssueFiles) throws -> String {
        if let file { return file }
        let configuration = self.config ?? "claude-chat.yaml"
        do throws(Rejection) {
            let files = try Configuration.issueFiles(kind, file: configuration)
            if files.count == 1 { return files[0] }
            let problem =
                switch (files.isEmpty, kind) {
                case (true, .issues): "no chain has the plugin issues; add it, or name its file with --file [no-issues]"
                case (true, .outbox):
                    "no chain sends reports to another machine; add it, or name its file with --file [no-outbox]"
                case (false, _):
                    "several files have issues: \(files.joined(separator: ", ")); name one with --file [several-files]"
                }
            Terminal.current.complain("\(configuration): \(problem)")
        } catch {
            Terminal.current.complain(DiagnosticReport(error.diagnostics).text)
        }
        throw ExitCode(ExitStatus.findings)
    }

    /// The audit log: that of the configuration, or one beside the file where there is none.
    private func auditSettings(_ path: String) throws -> StoreSettings {
        if self.config == nil, self.file != nil { return StoreSettings(options: StoreOptions(path: path)) }
        do throws(Rejection) { return try Configuration.store(file: self.config ?? "claude-chat.yaml") } catch {
            Terminal.current.complain(DiagnosticReport(error.diagnostics).text)
            throw ExitCode(ExitStatus.findings)
        }
    }
}

/// A state as people write it, by every command in the same words.
func issuePhase(_ text: String) throws -> IssueState.Phase {
    guard let phase = IssueState.Phase(rawValue: text) else {
        let hint = suggestion(for: text, among: IssueState.Phase.allCases.map(\.rawValue))
        throw ValidationError("\"\(printable(text))\" is no state; \(hint)")
    }
    return phase
}

extension Encodable {
    /// The value as JSON on one line, its members in the order of their names.
    func jsonLine() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
