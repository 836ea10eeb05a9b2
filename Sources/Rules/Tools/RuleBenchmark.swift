#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif
public import Diagnostics

/// Measures what rules cost a message, and counts what the engine misses.
///
/// ```swift
/// let benchmark = try RuleBenchmark(table: text, file: "rules-1000.tsv")
/// var report = benchmark.measure(messages)
/// report.missed = try benchmark.missed(in: messages)
/// ```
///
/// A folder of rules is measured the same way: `RuleBenchmark(loading: { try RuleSet.load(folder: path) })`.
public struct RuleBenchmark: Sendable {
    /// What was measured.
    ///
    /// Encoded, it is the object that `rules bench --json` prints, with keys such as `mean_us`.
    public struct Report: Sendable, Encodable {
        /// How many rules and messages there were.
        public var rules: Int
        public var messages: Int
        /// Microseconds a message from the text to the result, captures included: of each message the fastest of
        /// several runs, then the mean, the median and the 99th percentile of all messages.
        public var meanMicroseconds: Double
        public var medianMicroseconds: Double
        public var p99Microseconds: Double
        /// How many rules a message were left after the search for required texts, on average.
        public var meanCandidates: Double
        /// From the text of the rules to a set that answers, in milliseconds.
        public var loadMilliseconds: Double
        /// The memory that the whole process holds after the measurement, in MB of 1,000,000 bytes.
        public var residentMegabytes: Double
        /// How many pairs of rule and message a plain scan matches and the engine doesn't; nothing where it wasn't
        /// asked for.
        public var missed: Int?
        /// The rules that cost most, the dearest first; empty where nobody asked for them.
        ///
        /// See ``RuleBenchmark/dearestRules(_:runCount:limit:)``.
        public var dearest: [RuleCost] = []

        private enum CodingKeys: String, CodingKey {
            case rules, messages
            case meanMicroseconds = "mean_us"
            case medianMicroseconds = "p50_us"
            case p99Microseconds = "p99_us"
            case meanCandidates = "mean_candidates"
            case loadMilliseconds = "load_ms"
            case residentMegabytes = "rss_mb"
            case missed, dearest
        }
    }

    /// How often each message is answered; the fastest time counts.
    public static let defaultRunCount = 7

    /// The rules that are measured.
    public let rules: RuleSet
    /// What the rules were compiled from, where that was a table.
    public let table: RuleTable?
    private let loadTime: Duration

    /// Compiles a table of rules and notes how long that took.
    ///
    /// - Parameters:
    ///   - text: The table, as ``RuleTable`` reads it.
    ///   - file: What its diagnostics call it.
    /// - Throws: What is wrong with the table, or with any of its patterns.
    public init(table text: String, file: String) throws(Rejection) {
        let start = ContinuousClock.now
        let table = try RuleTable(text, file: file)
        self.rules = try table.compile()
        self.loadTime = ContinuousClock.now - start
        self.table = table
    }

    /// Loads rules and notes how long that took.
    public init(loading load: () throws(Rejection) -> RuleSet) throws(Rejection) {
        let start = ContinuousClock.now
        self.rules = try load()
        self.loadTime = ContinuousClock.now - start
        self.table = nil
    }

    /// Answers all messages, `runCount` times.
    ///
    /// - Parameters:
    ///   - messages: What is answered, in this order.
    ///   - runCount: How often each message is answered; its fastest time counts.
    ///   - progress: Called after each run with the share that is done, for long work that a person looks at.
    /// - Returns: The figures, all 0 where there is no message. ``Report/missed`` is left open.
    public func measure(
        _ messages: [String],
        runCount: Int = Self.defaultRunCount,
        progress: (Double) -> Void = { _ in }
    ) -> Report {
        var scanner = Scanner()
        let context = RuleContext()
        var fastest = [Duration](repeating: .seconds(1_000_000), count: messages.count)
        for run in 0..<runCount {
            for (index, message) in messages.enumerated() {
                let start = ContinuousClock.now
                _ = self.rules.answer(to: message, in: context, using: &scanner)
                fastest[index] = min(fastest[index], ContinuousClock.now - start)
            }
            progress(Double(run + 1) / Double(runCount))
        }
        let candidates = messages.reduce(0) { $0 + self.rules.candidates(in: $1, using: &scanner).count }
        let times = fastest.map { $0 / .microseconds(1) }.sorted()
        return Report(
            rules: self.rules.ruleCount,
            messages: messages.count,
            meanMicroseconds: times.reduce(0, +) / Double(max(1, times.count)),
            medianMicroseconds: Self.percentile(0.5, of: times),
            p99Microseconds: Self.percentile(0.99, of: times),
            meanCandidates: Double(candidates) / Double(max(1, messages.count)),
            loadMilliseconds: self.loadTime / .milliseconds(1),
            residentMegabytes: Self.residentMegabytes(),
            missed: nil
        )
    }

    private static func percentile(_ share: Double, of sorted: [Double]) -> Double {
        guard !sorted.isEmpty else { return 0 }
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }

    /// How many pairs of a rule and a message a plain scan of all patterns finds and the engine doesn't, be it that
    /// the search for required texts left the rule out, or that the rule hit a limit.
    ///
    /// - Parameters:
    ///   - messages: What is searched.
    ///   - progress: Called now and then with the share that is done.
    /// - Returns: The count; anything but 0 is a mistake of the engine or a rule that needs too many steps. Nothing
    ///   where the rules come from a folder.
    /// - Throws: What PCRE2 says to a pattern that it doesn't compile.
    public func missed(
        in messages: [String],
        progress: (Double) -> Void = { _ in }
    ) throws(PatternProblem) -> Int? {
        guard let table = self.table else { return nil }
        let scan = try LinearScan(table.patterns)
        var scanner = Scanner()
        var missed = 0
        for (index, message) in messages.enumerated() {
            let found = Set(self.rules.matches(message, in: RuleContext(), using: &scanner))
            missed += scan.matches(in: RuleSet.readable(message).text).count { !found.contains($0) }
            if index % 64 == 63 { progress(Double(index + 1) / Double(messages.count)) }
        }
        return missed
    }

    /// What the system says that this process holds in memory.
    private static func residentMegabytes() -> Double {
        #if os(Linux)
            guard let file = fopen("/proc/self/statm", "r") else { return 0 }
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 256)
            guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
            let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                .split(separator: " ")
            guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
            return Double(pages * sysconf(Int32(_SC_PAGESIZE))) / 1_000_000
        #else
            var usage = rusage()
            getrusage(RUSAGE_SELF, &usage)
            return Double(usage.ru_maxrss) / 1_000_000
        #endif
    }
}
