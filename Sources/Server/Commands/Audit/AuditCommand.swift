internal import ArgumentParser
internal import Foundation
internal import Store

/// The command `claude-chat audit`.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Read and check the log of what was done to the server and its store.",
        discussion: """
            The log is beside the store, FILE.audit.jsonl: one JSON object a line, each \
            bound to the one before it. With store: audit_key in the configuration nobody \
            without the key can make a sound one.

              claude-chat audit verify
              claude-chat audit list --action erased

            Exit status: 0 fine, 1 findings, 2 wrong usage.
            """,
        subcommands: [AuditVerifyCommand.self, AuditListCommand.self]
    )
}

/// Which audit log a command reads.
struct AuditAccess: ParsableArguments {
    @OptionGroup var store: StoreAccess
    @Option(help: ArgumentHelp("The log, in place of the one beside the store.", valueName: "file")) var log: String?

    /// The file, which is there, and its key.
    func file() throws -> (path: String, key: StoreKey?) {
        let settings: StoreSettings
        if let log, self.store.config == nil {
            settings = StoreSettings(options: StoreOptions(path: log))
        } else {
            settings = try self.store.settings()
        }
        let path = self.log ?? settings.auditPath
        guard FileManager.default.fileExists(atPath: path) else {
            Terminal.current.complain(
                "\(path): there is no audit log; a server writes it beside its store, so it was moved, or removed "
                    + "[no-audit-log]"
            )
            throw ExitCode(ExitStatus.findings)
        }
        return (path, settings.auditKey)
    }
}
