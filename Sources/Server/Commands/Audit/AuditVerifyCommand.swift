internal import ArgumentParser
internal import Rules
internal import Store

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
