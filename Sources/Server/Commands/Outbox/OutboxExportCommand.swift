internal import ArgumentParser
internal import Rules
internal import Tracker

/// The command `claude-chat outbox export`.
struct OutboxExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write entries as JSON lines.",
        discussion: """
            One entry a line, the oldest first; without --state what isn't done. A file can \
            be read by its owner alone, and appears when it is whole.

              claude-chat outbox export --state stuck --output stuck.jsonl

            Exit status: 0 written, 1 not possible, 2 wrong usage, 130 ended by Ctrl+C: \
            then there is no file.
            """
    )

    @OptionGroup var access: IssueAccess
    @Option(help: ArgumentHelp("Those in a state: waiting, sending, stuck, done.", valueName: "word"))
    var state: [String] = []
    @Option(help: ArgumentHelp("A new file.", valueName: "file")) var output: String
    @Flag(help: "Print JSON.") var json = false

    func validate() throws { _ = try outboxStates(self.state) }

    func run() async throws {
        let (output, json) = (self.output, self.json)
        let states = try outboxStates(self.state)
        try await self.access.work(on: .outbox, stopped: "no file was written") { outbox in
            let file = try OutputFile(output)
            var count = 0
            do {
                var last = 0
                while true {
                    let entries = try await outbox.outbox(in: states, after: last, limit: 200)
                    guard let end = entries.last else { break }
                    for entry in entries { try file.write(Array((try entry.jsonLine() + "\n").utf8)) }
                    count += entries.count
                    last = end.number
                    guard !Task.isCancelled else { throw CancellationError() }
                }
                try file.finish()
            } catch {
                file.discard()
                throw error
            }
            let result = JSONValue.object([("file", .text(output)), ("entries", .integer(count))])
            let text = "\(output): \(count == 1 ? "1 entry" : "\(count) entries")"
            Terminal.current.write(json ? result.description : text)
            return ("outbox-exported", [("entries", "\(count)"), ("file", output)])
        }
    }
}
