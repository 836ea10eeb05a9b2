internal import ArgumentParser
internal import FoundationEssentials
internal import Rules

/// The command `claude-chat rules unanswered`.
struct RulesUnansweredCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unanswered",
        abstract: "Group the messages that no rule answers.",
        discussion: """
            Answers the visitors' messages of a transcript export or a store with the \
            rules on disk; those of a store that somebody else had an answer to are left \
            out. Groups those that are left by the rare words that they share, the largest \
            group first. --skeletons prints a rule file with a rule and its tests for each \
            group; they are off, and the replies are yours to write. A shell's > into the \
            folder would make an empty rule file before the rules are read: use --output.

              claude-chat rules unanswered --log messages.jsonl
              claude-chat rules unanswered --store data/chat.db --since 7d --site shop
              claude-chat rules unanswered --log messages.jsonl --skeletons \\
                --output rules/local/new.yaml

            Exit status: 0 fine, 1 the files have mistakes, 2 wrong usage, \
            130 ended by Ctrl+C.
            """
    )

    @OptionGroup var options: RulesOptions
    @OptionGroup var source: MessageSource
    @Option(help: ArgumentHelp("How many groups are shown.", valueName: "n")) var limit = 20
    @Flag(help: "Print a rule file to start from.") var skeletons = false
    @Option(help: ArgumentHelp("With --skeletons: a new file to write it to.", valueName: "file"))
    var output: String?

    func validate() throws {
        guard self.source.isGiven else { throw ValidationError("write --log or --store, the messages to answer") }
        if self.limit < 1 { throw ValidationError("write --limit 1 or more") }
        if self.skeletons, self.options.json { throw ValidationError("write one of --json and --skeletons") }
        guard let output else { return }
        if !self.skeletons { throw ValidationError("--output needs --skeletons") }
        if FileManager.default.fileExists(atPath: output) {
            throw ValidationError("\"\(output)\" is there already; name a new file")
        }
    }

    func run() async throws {
        let book = try self.options.load(or: "no message was answered")
        let messages = try await self.source.messages(asJSON: self.options.json)
        let progress = ProgressLine("answering", total: messages.count)
        let found = UnansweredGroups(of: book.set, on: messages, limit: self.limit) { progress.advance(by: $0) }
        progress.end()
        if self.skeletons {
            try self.write(found)
        } else {
            for line in self.options.json ? Self.json(found) : Self.report(found) { Terminal.current.write(line) }
        }
    }

    private func write(_ found: UnansweredGroups) throws {
        guard let output else { return Terminal.current.write(found.skeletons) }
        guard !found.groups.isEmpty else { return Terminal.current.write("no group, so nothing was written") }
        do {
            try Data("\(found.skeletons)\n".utf8).write(to: URL(fileURLWithPath: output), options: .atomic)
        } catch {
            throw ValidationError("\"\(output)\" can't be written; name a file in a folder that is there")
        }
        let rules = counted(found.groups.count, "rule")
        Terminal.current.write("\(output): \(rules), each off until you write its reply and remove enabled: false")
    }

    private static func report(_ found: UnansweredGroups) -> [String] {
        var table = TextTable(numeric: [0])
        for group in found.groups {
            let examples = group.texts.prefix(3).map { "\"\(printable($0.text, limit: 60))\"" }
            let more = group.texts.count > 3 ? ", ..." : ""
            let words = group.words.map { printable($0, limit: 40) }.joined(separator: ", ")
            table.append([grouped(group.count), words, examples.joined(separator: ", ") + more])
        }
        let rest = found.unansweredCount - found.groups.reduce(0) { $0 + $1.count }
        let elsewhere = found.answeredElsewhereCount
        return table.lines + [
            "no rule answers \(grouped(found.unansweredCount)) of \(counted(found.messageCount, "message")); "
                + "\(counted(found.groups.count, "group")), \(counted(rest, "message")) in none"
                + (elsewhere > 0 ? "; others answered \(grouped(elsewhere)) more" : "")
        ]
    }

    private static func json(_ found: UnansweredGroups) -> [String] {
        let groups = found.groups.map { group -> JSONValue in
            .object([
                ("words", .array(group.words.map { .text($0) })), ("count", .integer(group.count)),
                ("messages", .array(group.texts.prefix(10).map { .text($0.text) })),
            ])
        }
        let elsewhere = found.answeredElsewhereCount
        let summary: JSONValue = .compact([
            ("messages", .integer(found.messageCount)), ("unanswered", .integer(found.unansweredCount)),
            ("answeredElsewhere", elsewhere > 0 ? .integer(elsewhere) : .null),
        ])
        return (groups + [summary]).map(\.description)
    }
}
