internal import ArgumentParser
internal import Diagnostics
internal import Rules

/// The command `claude-chat rules bench`.
struct RulesBenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure what the rules cost a message.",
        discussion: """
            Answers the sentences of all tests, or the messages of --log or --messages, \
            several times and takes the fastest time of each message. --rules may also \
            name a table of patterns, NAME.tsv: one rule a line, name, TAB, pattern, the \
            first line highest. --verify compares such a table with a plain scan of all \
            its patterns and counts the matches that the engine misses.

              claude-chat rules bench --log messages.jsonl
              claude-chat rules bench --rules rules-1000.tsv --messages messages.txt \\
                --verify --json

            Measure a release build on a quiet machine, and compare within one run.

            Exit status: 0 fine, 1 a match is missed or the rules have mistakes, 2 wrong \
            usage.
            """
    )

    @OptionGroup var options: RulesOptions
    @Option(help: ArgumentHelp("Messages of a transcript export, JSON lines.", valueName: "file")) var log: String?
    @Option(help: ArgumentHelp("Messages, one a line.", valueName: "file")) var messages: String?
    @Option(help: ArgumentHelp("How often each message is answered.", valueName: "n"))
    var runs = RuleBenchmark.defaultRunCount
    @Flag(help: "Count the matches of a table that the engine misses.") var verify = false

    func validate() throws {
        if self.log != nil, self.messages != nil { throw ValidationError("write one of --log and --messages") }
        if !(1...1_000).contains(self.runs) { throw ValidationError("write --runs from 1 to 1000") }
        if self.verify, !self.isTable { throw ValidationError("--verify needs a table, --rules NAME.tsv") }
        if self.isTable, self.log == nil, self.messages == nil {
            throw ValidationError("a table has no tests to answer; write --messages or --log")
        }
    }

    func run() async throws {
        let benchmark = try self.benchmark()
        let messages = try self.texts()
        if messages.isEmpty { throw ValidationError("there is no message to answer") }
        if benchmark.rules.ruleCount == 0 { throw ValidationError("there is no rule in \"\(self.options.folder)\"") }
        let progress = ShareLine("answering")
        var report = benchmark.measure(messages, runCount: self.runs, progress: progress.show)
        report.dearest = benchmark.dearestRules(messages, runCount: self.runs)
        progress.end()
        if self.verify {
            let progress = ShareLine("verifying")
            do throws(PatternProblem) {
                report.missed = try benchmark.missed(in: messages, progress: progress.show)
            } catch {
                throw ValidationError("\(self.options.folder): \(error)")
            }
            progress.end()
        }
        Terminal.current.write(self.options.json ? report.json.description : self.text(of: report))
        if !self.options.json { for line in Self.table(of: report.dearest) { Terminal.current.write(line) } }
        if let missed = report.missed, missed > 0 { throw ExitCode(ExitStatus.findings) }
    }

    /// A line for each of the dearest rules: its name, its place, microseconds a message, its share of all rules.
    private static func table(of costs: [RuleBenchmark.RuleCost]) -> [String] {
        guard !costs.isEmpty else { return [] }
        var table = TextTable(numeric: [2, 3])
        table.append(["dearest rules", "", "µs a message", "share"])
        for cost in costs {
            let share = "\(decimal(100 * cost.share)) %"
            table.append([cost.rule, "\(cost.file):\(cost.line)", decimal(cost.meanMicroseconds), share])
        }
        return table.lines
    }

    private var isTable: Bool { self.options.folder.hasSuffix(".tsv") }

    private func benchmark() throws -> RuleBenchmark {
        let path = self.options.folder
        let table = try self.isTable ? Self.text(of: path, "--rules") : nil
        do throws(Rejection) {
            guard let table else { return try RuleBenchmark { () throws(Rejection) in try RuleSet.load(folder: path) } }
            return try RuleBenchmark(table: table, file: path)
        } catch {
            throw self.options.rejected(error, "nothing was measured")
        }
    }

    /// The messages, or the sentences of all tests.
    private func texts() throws -> [String] {
        if let log { return try readTranscript(log, asJSON: self.options.json).map(\.text) }
        guard let messages else { return try self.options.load(or: "nothing was measured").sentences.map(\.text) }
        return try Self.text(of: messages, "--messages").split(whereSeparator: \.isNewline).map(String.init)
    }

    private static func text(of file: String, _ option: String) throws -> String {
        guard let bytes = inputBytes(of: file) else {
            throw ValidationError("\"\(file)\" can't be read; name another file with \(option)")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func text(of report: RuleBenchmark.Report) -> String {
        let times = [
            ("mean", report.meanMicroseconds), ("p50", report.medianMicroseconds), ("p99", report.p99Microseconds),
        ]
        let candidates = "\(decimal(report.meanCandidates)) candidates a message"
        let missed = report.missed.map { "; \(grouped($0)) missed" } ?? ""
        return """
            \(counted(report.rules, "rule")), \(counted(report.messages, "message")), the fastest of \
            \(counted(self.runs, "run")) of each
            \(times.map { "\($0.0) \(decimal($0.1)) µs" }.joined(separator: ", ")) a message; \(candidates)\(missed)
            loaded in \(decimal(report.loadMilliseconds)) ms; the process holds \(decimal(report.residentMegabytes)) MB
            """
    }
}

/// How far a measurement is, from 0 to 1, on one line that is written over; silent where no person looks.
private struct ShareLine {
    private let label: String
    private let terminal = Terminal.current

    init(_ label: String) { self.label = label }

    func show(_ share: Double) { self.terminal.progress?("\(self.label) \(Int(100 * share)) %") }

    func end() { self.terminal.progress?("") }
}

/// `2.4`, `13.8`, `1,034`: one decimal below a hundred.
private func decimal(_ number: Double) -> String {
    guard number < 100 else { return grouped(Int(number.rounded())) }
    let tenths = Int((10 * number).rounded())
    return "\(tenths / 10).\(tenths % 10)"
}

extension RuleBenchmark.Report {
    /// The object that `--json` prints.
    fileprivate var json: JSONValue {
        .object([
            ("rules", .integer(self.rules)), ("messages", .integer(self.messages)),
            ("mean_us", Self.rounded(self.meanMicroseconds)), ("p50_us", Self.rounded(self.medianMicroseconds)),
            ("p99_us", Self.rounded(self.p99Microseconds)), ("mean_candidates", Self.rounded(self.meanCandidates)),
            ("load_ms", Self.rounded(self.loadMilliseconds)), ("rss_mb", Self.rounded(self.residentMegabytes)),
            ("dearest", .array(self.dearest.map(\.json))), ("missed", self.missed.map { .integer($0) } ?? .null),
        ])
    }

    /// To thousandths: a nanosecond is the finest that a clock tells.
    fileprivate static func rounded(_ number: Double) -> JSONValue { .number((1_000 * number).rounded() / 1_000) }
}

extension RuleBenchmark.RuleCost {
    /// One of the list that `--json` prints.
    fileprivate var json: JSONValue {
        .object([
            ("rule", .text(self.rule)), ("file", .text(self.file)), ("line", .integer(self.line)),
            ("tried", .integer(self.triedCount)),
            ("mean_us", RuleBenchmark.Report.rounded(self.meanMicroseconds)),
            ("share", RuleBenchmark.Report.rounded(self.share)),
        ])
    }
}
