internal import ArgumentParser
internal import Diagnostics
internal import FoundationEssentials
internal import Rules

/// The command `claude-chat rules replay`.
struct RulesReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "See which old messages would be answered differently.",
        discussion: """
            Answers the visitors' messages of a transcript export or a store with two \
            versions of the rules, in order, and shows for each rule how many messages it \
            won before and after, gained from another rule, lost to another, and answers \
            with another text. The older version is a folder, or a revision of the git \
            repository that the folder is in; with a store it may be left out, and the \
            rules are those that decided then.

              claude-chat rules replay --log messages.jsonl --against HEAD
              claude-chat rules replay --store data/chat.db --since 30d
              claude-chat rules replay --log messages.jsonl --against /srv/rules \\
                --show gained,lost --fail-above 2%

            A line of the log is a stored frame, or written by hand:

              {"session":"s1","message":"the checkout hangs","page":"/shop/cart"}

            Exit status: 0 fine, 1 more messages than --fail-above changed their winner \
            or the rules have mistakes, 2 wrong usage, 130 ended by Ctrl+C.
            """
    )

    @OptionGroup var options: RulesOptions
    @OptionGroup var source: MessageSource
    @Option(help: ArgumentHelp("The older rules: a folder, or a git revision.", valueName: "rev-or-folder"))
    var against: String?
    @Option(
        help: ArgumentHelp("Print the messages, too: gained, lost, text, separated by commas.", valueName: "kinds"),
        transform: ReplayTable.Kind.list
    )
    var show: [ReplayTable.Kind] = []
    @Option(help: ArgumentHelp("How many messages of a kind are printed.", valueName: "n")) var limit = 50
    @Option(
        help: ArgumentHelp("Fail when more messages than this change their winner.", valueName: "percent"),
        transform: percent
    )
    var failAbove: Double?
    @Flag(help: "Also list the rules without a change.") var all = false

    func validate() throws {
        guard self.source.isGiven else { throw ValidationError("write --log or --store, the messages to answer") }
        if self.source.log != nil, self.against == nil {
            throw ValidationError("a log doesn't say which rules answered; write --against")
        }
    }

    func run() async throws {
        let (folder, against, asJSON) = (self.options.folder, self.against, self.options.json)
        async let after = RulesOptions.load(folder, or: Self.consequence, asJSON: asJSON)
        async let before = against.map { try Self.older($0, than: folder, asJSON: asJSON) }
        let (old, new) = try await (before?.set, after.set)
        let messages = try await self.source.messages(asJSON: self.options.json)
        // A gate that looked at nothing must not look passed.
        if messages.isEmpty, self.failAbove != nil { throw ValidationError("there is no message to answer") }
        let progress = ProgressLine("replaying", total: (old == nil ? 1 : 2) * messages.count)
        let report: ReplayReport
        if let old {
            report = await Replay(messages).compare(old, new) { progress.advance(by: $0) }
        } else {
            report = Replay(messages).compareWithRecord(new) { progress.advance(by: $0) }
        }
        progress.end()
        let table = ReplayTable(report, messages, kinds: self.show, limit: self.limit, showsAll: self.all)
        for line in self.options.json ? table.json.map(\.description) : table.lines { Terminal.current.write(line) }
        if let failAbove, 100 * report.changedShare > failAbove {
            let share = (1_000 * report.changedShare).rounded() / 10
            Terminal.current.complain(
                "\(share) % of the messages changed their winner; --fail-above allows \(failAbove) %"
            )
            throw ExitCode(ExitStatus.findings)
        }
    }

    /// What follows from mistakes in the rules.
    private static let consequence = "nothing was replayed"

    /// The rules as they were: those of a folder, or of a revision of the repository that `folder` is in.
    private static func older(_ against: String, than folder: String, asJSON: Bool) throws -> RuleBook {
        var isFolder = false
        if FileManager.default.fileExists(atPath: against, isDirectory: &isFolder), isFolder {
            return try RulesOptions.load(against, or: self.consequence, asJSON: asJSON)
        }
        do {
            return try GitRevision(against, of: folder).withFiles { copy in
                try self.load(copy: copy, of: against, folder, asJSON: asJSON)
            }
        } catch let failure as GitRevision.Failure {
            throw ValidationError(failure.problem)
        }
    }

    /// Reads a copy of older files; their mistakes name the revision, not the copy.
    private static func load(copy: String, of revision: String, _ folder: String, asJSON: Bool) throws -> RuleBook {
        do throws(Rejection) {
            return try RuleBook.load(folder: copy)
        } catch {
            let named = error.naming(revision, of: folder, copiedTo: copy)
            throw RulesOptions.rejected(named, self.consequence, asJSON: asJSON)
        }
    }
}

/// The messages of `--log`; where lines can't be read, says so and ends the command.
func readTranscript(_ file: String, asJSON: Bool) throws -> [LoggedMessage] {
    do throws(Rejection) {
        return try TranscriptReader.messages(of: file)
    } catch {
        throw RulesOptions.rejected(error, "no message was answered", asJSON: asJSON)
    }
}

/// `2%`, `0.5%`.
private func percent(_ text: String) throws -> Double {
    guard text.hasSuffix("%"), let number = Double(text.dropLast()), (0...100).contains(number) else {
        throw ValidationError("\"\(text)\" is no percentage like \"2%\"")
    }
    return number
}
