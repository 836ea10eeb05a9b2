internal import Messages
internal import ArgumentParser
internal import Foundation
internal import Rules
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

/// The command `claude-chat audit verify`.
struct AuditVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Find the first entry that was deleted, moved, changed or cut off.",
        discussion: """
            A server that runs writes where the log ends into its own log; whoever takes \
            away both the log and the .head beside it is found out by --head.

              claude-chat audit verify
              claude-chat audit verify --head 12:5f0c…

            Exit status: 0 sound, 1 broken or not possible, 2 wrong usage.
            """
    )

    @OptionGroup var access: AuditAccess
    @Option(help: ArgumentHelp("Where it ended once, as it was kept elsewhere.", valueName: "count:code"))
    var head: String?
    @Flag(help: "Print JSON.") var json = false

    func validate() throws { _ = try self.known() }

    private func known() throws -> AuditHead? {
        guard let head else { return nil }
        let parts = head.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let count = Int(parts[0]), count > 0, parts[1].utf8.count == 64 else {
            throw ValidationError("\"\(printable(head))\" is no end of a log; write the number, a colon and 64 digits")
        }
        return AuditHead(count: count, code: String(parts[1]))
    }

    func run() async throws {
        let (path, key) = try self.access.file()
        let verdict: AuditVerdict
        do { verdict = try AuditLog.verify(path, key: key, against: try self.known()) } catch {
            throw StoreAccess.failure(error, stopped: "")
        }
        let json: JSONValue
        switch verdict {
        case .sound(let head):
            json = .object([
                ("isSound", .bool(true)), ("entries", .integer(head.count)), ("code", .text(head.code)),
            ])
            let what = key == nil ? "; without a key that means accidents alone" : ""
            let text = "\(path): \(head.count == 1 ? "1 entry" : "\(grouped(head.count)) entries"), sound\(what)"
            Terminal.current.write(self.json ? json.description : "\(text)\nends with \(head.count):\(head.code)")
        case .broken(let line, let flaw):
            json = .object([("isSound", .bool(false)), ("line", .integer(line)), ("flaw", .text(flaw.description))])
            Terminal.current.write(self.json ? json.description : "\(path):\(line): \(flaw) [audit-broken]")
            throw ExitCode(ExitStatus.findings)
        }
    }
}

/// The command `claude-chat audit list`.
struct AuditListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Show what was done, and by whom.",
        discussion: """
            The oldest entries come first; nothing is checked. Sessions and visitors are \
            named by 8 digits, the same for the same one.

              claude-chat audit list --since 7d
              claude-chat audit list --action erased --json

            Exit status: 0 shown, 1 not possible or lines are no entries, 2 wrong usage.
            """
    )

    private struct Entry: Decodable {
        var n: Int
        var time: String
        var action: String
        var actor: String
        var details: [String: String]
    }

    @OptionGroup var access: AuditAccess
    @OptionGroup var times: TimeOptions
    @Option(help: ArgumentHelp("Entries of one kind.", valueName: "word")) var action: String?
    @Flag(help: "Print the lines as they are, JSON.") var json = false

    func validate() throws {
        let now = SystemClocks().timestamp()
        _ = (try self.times.since(now), try self.times.until(now))
    }

    func run() async throws {
        let (path, _) = try self.access.file()
        let now = SystemClocks().timestamp()
        let (since, until) = (try self.times.since(now)?.description, try self.times.until(now)?.description)
        var table = TextTable(numeric: [0])
        var (count, unreadable) = (0, 0)
        do {
            for try await line in try FileLines(of: path) {
                guard let entry = try? JSONDecoder().decode(Entry.self, from: Data(line)) else {
                    unreadable += 1
                    continue
                }
                // Times of one form are in the order of their letters.
                let isWanted =
                    self.action.map { $0 == entry.action } ?? true && since.map { entry.time >= $0 } ?? true
                    && until.map { entry.time < $0 } ?? true
                guard isWanted else { continue }
                count += 1
                if self.json {
                    Terminal.current.write(String(decoding: line, as: UTF8.self))
                } else {
                    let details = entry.details.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                    table.append([
                        "\(entry.n)", printable(entry.time), printable(entry.action), printable(entry.actor),
                        printable(details.joined(separator: " "), limit: 300),
                    ])
                }
            }
        } catch {
            throw StoreAccess.failure(error, stopped: "")
        }
        if !self.json {
            let lines = table.lines + [count == 1 ? "1 entry" : "\(grouped(count)) entries"]
            for line in lines { Terminal.current.write(line) }
        }
        guard unreadable > 0 else { return }
        Terminal.current.complain("\(path): \(counted(unreadable, "line")) no entry; verify it [audit-broken]")
        throw ExitCode(ExitStatus.findings)
    }
}
