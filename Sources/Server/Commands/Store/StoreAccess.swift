internal import ArgumentParser
internal import Diagnostics
internal import Store

/// Which store a command works on.
struct StoreAccess: ParsableArguments {
    @Option(help: ArgumentHelp("The configuration, which says where the store and its keys are.", valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "The store, in place of the configuration's; without --config also without its keys.",
            valueName: "file"
        )
    )
    var store: String?

    /// The configuration's file, whether it was named or not.
    var configurationFile: String { self.config ?? "claude-chat.yaml" }

    /// What the section `store` of the configuration says, or what follows from `--store` alone.
    ///
    /// - Throws: The exit status, after what is wrong was shown.
    func settings() throws -> StoreSettings {
        if let store, self.config == nil { return StoreSettings(options: StoreOptions(path: store)) }
        do throws(Rejection) {
            var settings = try Configuration.store(file: self.configurationFile)
            if let store { settings.options.path = store }
            return settings
        } catch {
            Terminal.current.complain(DiagnosticReport(error.diagnostics).text)
            throw ExitCode(ExitStatus.findings)
        }
    }

    /// Opens the store while `body` works on it, for as long as nobody interrupts.
    ///
    /// - Parameters:
    ///   - settings: Where it is.
    ///   - role: Whether a server may have it meanwhile.
    ///   - label: What is done, for the line that shows how far it is.
    ///   - stopped: What follows from ending before it is done.
    ///   - body: The work.
    /// - Returns: What `body` returns.
    /// - Throws: The exit status, after what is wrong was shown.
    static func work<T: Sendable>(
        on settings: StoreSettings,
        as role: StoreRole = .tool,
        _ label: String,
        stopped: String = "nothing was changed",
        _ body: @escaping @Sendable (MessageStore, ProgressLine) async throws -> T
    ) async throws -> T {
        let progress = ProgressLine(label)
        do {
            let store = try MessageStore.open(settings.options, as: role, time: .system)
            defer { store.close() }
            defer { progress.end() }
            return try await interruptible { try await body(store, progress) }
        } catch {
            throw Self.failure(error, stopped: stopped)
        }
    }

    /// Does work that is noted in the audit log: before it begins, so that nobody ends it unseen, and with what was done so
    /// far if it fails or is ended.
    ///
    /// Whoever can't be noted doesn't get to begin. What the work has done in the end is noted by ``note(_:_:on:)``.
    ///
    /// - Parameters:
    ///   - settings: Where the store is.
    ///   - role: Whether a server may have it meanwhile.
    ///   - act: How the work is noted.
    ///   - label: What is done, for the line that shows how far it is.
    ///   - stopped: What follows from ending before it is done.
    ///   - body: The work, which reports its progress.
    /// - Returns: What `body` returns.
    /// - Throws: The exit status, after what is wrong was shown.
    static func work<T: Sendable>(
        on settings: StoreSettings,
        as role: StoreRole = .tool,
        noting act: AuditedAct,
        _ label: String,
        stopped: String,
        _ body: @escaping @Sendable (MessageStore, @escaping StoreProgress.Report) async throws -> T
    ) async throws -> T {
        let trail = AuditTrail(settings)
        return try await Self.work(on: settings, as: role, label, stopped: stopped) { store, progress in
            try await act.noted(in: trail, progress) { report in try await body(store, report) }
        }
    }

    /// Notes in the audit log what was done.
    ///
    /// - Throws: The exit status, after it was said that it can't be noted.
    static func note(_ action: String, _ details: [(String, String?)], on settings: StoreSettings) throws {
        do { try AuditTrail(settings).note(action, details) } catch {
            throw Self.failure(error, stopped: "it is done, and not noted")
        }
    }

    /// Says what is wrong and gives the exit status.
    static func failure(_ error: any Error, stopped: String) -> any Error {
        let terminal = Terminal.current
        switch error {
        case let error as StoreError where error.code == .cancelled:
            terminal.complain("\(error.place): ended before it was done; \(stopped) [cancelled]")
            return ExitCode(ExitStatus.interrupted)
        case let error as StoreError: terminal.complain("\(error)")
        case let error as FileProblem: terminal.complain("\(error)")
        default: return error
        }
        return ExitCode(ExitStatus.findings)
    }
}

extension ProgressLine {
    /// Shows how far work on a store has come.
    var report: StoreProgress.Report { { self.reach($0.done, of: $0.total) } }
}

/// Why a file that a command was told to read or write can't be.
struct FileProblem: Error, CustomStringConvertible {
    var code: String
    var path: String
    var problem: String

    var description: String { "\(self.path): \(self.problem) [\(self.code)]" }
}
