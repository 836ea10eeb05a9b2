internal import ArgumentParser
internal import Foundation
internal import Messages

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
