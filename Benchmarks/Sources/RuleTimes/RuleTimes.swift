import AllocationCount
import Foundation
import Rules

/// Prints what a message costs at several numbers of rules, and beside it what PCRE2 alone needs for the same rules
/// and messages in the same run.
///
/// `RuleTimes MESSAGES.txt RULES.tsv...`
@main
enum RuleTimes {
    /// Messages that are enough for the plain scan of the largest set.
    private static let linearMessageCount = 400
    private static let head = [
        "rules", "mean us", "p50", "p99", "plain scan, mean", "p50", "p99", "times faster", "tried", "allocations",
        "load ms", "RSS MB", "missed",
    ]

    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let messageFile = arguments.first, arguments.count > 1 else {
            print("usage: RuleTimes MESSAGES.txt RULES.tsv...")
            exit(2)
        }
        let messages = try Self.text(of: messageFile).split(separator: "\n").map(String.init)
        print("| \(Self.head.joined(separator: " | ")) |")
        print("|\(String(repeating: " --- |", count: Self.head.count))")
        for file in arguments.dropFirst() { try Self.measure(file, messages) }
    }

    private static func measure(_ file: String, _ messages: [String]) throws {
        let benchmark = try RuleBenchmark(table: Self.text(of: file), file: file)
        let report = benchmark.measure(messages)
        let allocations = Self.allocations(of: benchmark.rules, messages)
        let linear = try Self.linear(benchmark.table?.patterns ?? [], Array(messages.prefix(Self.linearMessageCount)))
        let figures = [
            report.meanMicroseconds, report.medianMicroseconds, report.p99Microseconds,
            linear.mean, linear.median, linear.p99, linear.mean / report.meanMicroseconds,
            report.meanCandidates, allocations, report.loadMilliseconds, report.residentMegabytes,
        ]
        let missed = try benchmark.missed(in: messages) ?? 0
        let cells = figures.map { String(format: $0 < 100 ? "%.2f" : "%.0f", $0) }
        print("| \(report.rules) | \(cells.joined(separator: " | ")) | \(missed) |")
    }

    /// How often a message asks for memory, on average, once everything is warm.
    private static func allocations(of rules: RuleSet, _ messages: [String]) -> Double {
        var scanner = Rules.Scanner()
        let context = RuleContext()
        for message in messages { _ = rules.answer(to: message, in: context, using: &scanner) }
        let start = allocation_count()
        for message in messages { _ = rules.answer(to: message, in: context, using: &scanner) }
        return Double(allocation_count() - start) / Double(messages.count)
    }

    /// Microseconds a message of the plain scan up to the first match: the fastest of three runs.
    private static func linear(
        _ patterns: [String],
        _ messages: [String]
    ) throws -> (mean: Double, median: Double, p99: Double) {
        let scan = try LinearScan(patterns)
        var fastest = [Double](repeating: .infinity, count: messages.count)
        for _ in 0..<3 {
            for (index, message) in messages.enumerated() {
                let start = ContinuousClock.now
                _ = scan.firstMatch(in: message)
                fastest[index] = min(fastest[index], (ContinuousClock.now - start) / .microseconds(1))
            }
        }
        fastest.sort()
        let count = fastest.count
        return (fastest.reduce(0, +) / Double(count), fastest[count / 2], fastest[count * 99 / 100])
    }

    private static func text(of file: String) throws -> String { try String(contentsOfFile: file, encoding: .utf8) }
}
