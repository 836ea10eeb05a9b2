internal import ArgumentParser
internal import Messages
internal import Store

/// The command `claude-chat compare`.
struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compare a shadow, a canary or a chain beside with what visitors were shown.",
        discussion: """
            Reads the records of turns in the store and counts for an entry of a chain, or \
            for a chain that was run with --shadow-chain: how often it was asked, how often \
            it had an answer, how often that was the text that the visitor was shown, how \
            long it took, and how often it failed. Then come turns whose texts differ, for \
            claude-chat trace.

              claude-chat compare --entry claude-next --since 7d
              claude-chat compare --chain support-next --site shop

            Exit status: 0 shown, 1 the store can't be read or has no such turn, 2 wrong \
            usage.
            """
    )

    @OptionGroup var access: StoreAccess
    @Option(help: ArgumentHelp("An entry of a chain, by its name there.", valueName: "name")) var entry: String?
    @Option(help: ArgumentHelp("A chain that was run beside.", valueName: "name")) var chain: String?
    @Option(help: ArgumentHelp("Of one site alone.", valueName: "name")) var site: String?
    @OptionGroup var times: TimeOptions
    @Option(help: ArgumentHelp("How many turns with another text are named.", valueName: "n")) var limit = 10

    func validate() throws {
        guard (self.entry == nil) != (self.chain == nil) else {
            throw ValidationError("write one of --entry and --chain")
        }
        guard 0...1_000 ~= self.limit else { throw ValidationError("--limit takes 0 to 1000") }
    }

    func run() async throws {
        let now = SystemClocks().timestamp()
        let filter = StoreFilter(
            site: try self.site.map { try siteID($0) },
            from: try self.times.since(now),
            until: try self.times.until(now)
        )
        let settings = try self.access.settings()
        let (entry, chain, limit) = (self.entry, self.chain, self.limit)
        let comparison = try await StoreAccess.work(on: settings, "reading") { store, progress in
            var comparison = Comparison(entry: entry, chain: chain, turnLimit: limit)
            try await store.forEach(filter, progress: progress.report) { found in
                for message in found {
                    guard let trace = message.trace, let record = try? TraceRecord(json: trace) else { continue }
                    comparison.take(record)
                }
            }
            return comparison
        }
        guard comparison.turns > 0 else {
            let name = entry.map { "entry \"\(printable($0))\"" } ?? "chain \"\(printable(chain ?? ""))\" beside"
            Terminal.current.complain("\(settings.options.path): no turn has the \(name) [no-turn]")
            throw ExitCode(ExitStatus.findings)
        }
        Terminal.current.write(comparison.lines.joined(separator: "\n"))
    }
}

/// What one entry, or one chain, said in many turns.
struct Comparison: Sendable {
    private let entry: String?
    private let chain: String?
    private let turnLimit: Int
    /// Turns that knew of it.
    private(set) var turns = 0
    private var asked = 0
    private var answered = 0
    private var same = 0
    private var others: [String] = []
    private var otherCount = 0
    private var failures = 0
    private var microseconds: [Int] = []

    init(entry: String?, chain: String?, turnLimit: Int) {
        self.entry = entry
        self.chain = chain
        self.turnLimit = turnLimit
    }

    mutating func take(_ record: TraceRecord) {
        if let chain {
            guard let shadow = record.shadow, shadow.chain == chain else { return }
            let isAnswered = shadow.outcome == "answered"
            self.count(
                record,
                isAnswered: isAnswered,
                isSame: shadow.same,
                us: shadow.us,
                isFailed: shadow.outcome == "failed-and-told"
            )
            return
        }
        guard let step = record.steps?.first(where: { $0.responder == self.entry }) else { return }
        guard let verdict = step.verdict else { return self.turns += 1 }
        // One that answers is what the visitor was shown.
        let isSame = step.mode == "shadow" ? step.same ?? false : step.elected == true
        let isAnswered = ["reply", "stream"].contains(verdict)
        self.count(record, isAnswered: isAnswered, isSame: isSame, us: step.us ?? 0, isFailed: verdict == "fail")
    }

    private mutating func count(_ record: TraceRecord, isAnswered: Bool, isSame: Bool, us: Int, isFailed: Bool) {
        self.turns += 1
        self.asked += 1
        self.microseconds.append(us)
        if isFailed { self.failures += 1 }
        guard isAnswered else { return }
        self.answered += 1
        if isSame { return self.same += 1 }
        self.otherCount += 1
        if self.others.count < self.turnLimit, let turn = record.turn { self.others.append(turn) }
    }

    /// The smallest time that so many of a hundred did not pass.
    private func percentile(_ share: Int) -> String {
        let sorted = self.microseconds.sorted()
        guard !sorted.isEmpty else { return "–" }
        let rank = max(1, (sorted.count * share + 99) / 100)
        return TraceReport.short(microseconds: sorted[rank - 1])
    }

    /// A table, and the turns whose texts differ.
    var lines: [String] {
        var table = TextTable(numeric: [1, 2, 3, 4, 5, 6, 7, 8])
        table.append(["", "turns", "asked", "answered", "same text", "other text", "p50", "p99", "failures"])
        table.append(
            [self.entry ?? self.chain ?? ""]
                + [self.turns, self.asked, self.answered, self.same, self.otherCount].map { grouped($0) }
                + [self.percentile(50), self.percentile(99), grouped(self.failures)]
        )
        guard !self.others.isEmpty else { return table.lines }
        return table.lines + ["", "other text:"] + self.others.map { "  claude-chat trace \($0)" }
    }
}
