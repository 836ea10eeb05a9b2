internal import ArgumentParser
internal import Messages
internal import Tracker

/// The command `claude-chat outbox show`.
struct OutboxShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show what an entry sends, and what went wrong.",
        discussion: """
            What visitors wrote is shown without characters that a terminal would act on; \
            --json has the texts as they are. Once it is done its words are gone from the file.

              claude-chat outbox show R-7K2M

            Exit status: 0 shown, 1 there is no such entry or not possible, 2 wrong usage.
            """
    )

    @OptionGroup var access: IssueAccess
    @OptionGroup var name: OutboxName
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let (name, json) = (self.name.entry, self.json)
        try await self.access.work(on: .outbox) { file in
            let entry = try await file.outboxEntry(name)
            Terminal.current.write(json ? try entry.jsonLine() : Self.text(of: entry))
            return ("outbox-read", [("entry", "\(entry.number)")])
        }
    }

    private static func text(of entry: OutboxEntry) -> String {
        var table = TextTable()
        for (name, value) in [
            ("state", entry.state.rawValue), ("tracker", entry.tracker), ("reference", entry.reference),
            ("issue", entry.ref.map { [$0.shownNumber, $0.url].compactMap { $0 }.joined(separator: "  ") }),
            ("site", entry.site.rawValue), ("session", entry.session?.rawValue), ("key", entry.key.rawValue),
            ("attempts", "\(entry.attempts)"), ("last problem", entry.lastCode),
            ("maybe twice", entry.maybeTwice ? "yes, look into the tracker" : nil),
            ("created", entry.created.description),
            (entry.state == .done ? "done" : "next", entry.state == .stuck ? nil : entry.nextAt.description),
        ] {
            if let value { table.append([name, printable(value, limit: 300)]) }
        }
        let words: (title: String, body: String) =
            switch entry.payload {
            case .create(let draft): (draft.title, draft.body)
            case .comment(let ref, let text): ("comment on \(ref.shownNumber)", text)
            case nil: ("", "")
            }
        let head = "\(entry.number)  \(entry.kind.rawValue)  \(printable(words.title, limit: 255))"
        return ([head] + table.lines + (words.body.isEmpty ? [] : ["", IssueReport.shown(words.body)]))
            .joined(separator: "\n")
    }
}
