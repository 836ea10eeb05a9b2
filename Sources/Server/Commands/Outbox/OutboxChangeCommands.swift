internal import ArgumentParser
internal import Tracker

/// The command `claude-chat outbox retry`.
struct OutboxRetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Have an entry tried again, and for another 7 days.",
        discussion: """
            It goes out with the next look of its tracker: within five minutes where that was out of reach, and up to \
            an hour later where it asked for as much. What may have arrived before it got stuck is looked for first.

              claude-chat outbox retry R-7K2M

            Exit status: 0 it is tried, 1 there is no such entry or not possible, 2 wrong usage.
            """
    )

    @OptionGroup var access: IssueAccess
    @OptionGroup var name: OutboxName

    func run() async throws {
        let name = self.name.entry
        try await self.access.work(on: .outbox) { file in
            let entry = try await file.outboxEntry(name)
            try await file.retry(entry)
            Terminal.current.write("entry \(entry.number): is tried again")
            return ("outbox-retried", [("entry", "\(entry.number)"), ("reference", entry.reference)])
        }
    }
}

/// The command `claude-chat outbox drop`.
struct OutboxDropCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drop",
        abstract: "Remove an entry that isn't done, for good.",
        discussion: """
            Whoever reported it isn't told. The server itself never removes one.

              claude-chat outbox show R-7K2M
              claude-chat outbox drop R-7K2M

            Exit status: 0 removed, 1 there is no such entry or not possible, 2 wrong usage.
            """
    )

    @OptionGroup var access: IssueAccess
    @OptionGroup var name: OutboxName

    func run() async throws {
        let name = self.name.entry
        try await self.access.work(on: .outbox) { file in
            let entry = try await file.outboxEntry(name)
            try await file.drop(entry)
            Terminal.current.write("entry \(entry.number): removed")
            return ("outbox-dropped", [("entry", "\(entry.number)"), ("reference", entry.reference)])
        }
    }
}

/// The command `claude-chat outbox move`.
struct OutboxMoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move",
        abstract: "Have another tracker get the reports that wait for one.",
        discussion: """
            The names are those of "instance" in the configuration. Comments stay, since \
            their issues are in the old tracker, and so does what may have arrived there.

              claude-chat outbox move github gitlab

            Exit status: 0 moved, 1 not possible, 2 wrong usage.
            """
    )

    @OptionGroup var access: IssueAccess
    @Argument(help: "The tracker that was to get them.") var from: String
    @Argument(help: "The tracker that gets them.") var to: String

    func run() async throws {
        let (from, to) = (self.from, self.to)
        try await self.access.work(on: .outbox) { file in
            let count = try await file.moveOutbox(from: from, to: to)
            Terminal.current.write("\(count == 1 ? "1 entry" : "\(count) entries") moved to \(printable(to))")
            return ("outbox-moved", [("entries", "\(count)"), ("from", from), ("to", to)])
        }
    }
}
