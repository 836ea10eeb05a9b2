import Diagnostics
import Foundation
import Rules

/// Prints how long it takes from rule files to rules that answer, and what the worst message costs.
///
/// ```text
/// LoadTimes FOLDER...                      loads, cold and after an edit
/// LoadTimes --worst FOLDER                 the dearest messages of 4,000 characters
/// LoadTimes --first FOLDER                 the first messages of a process
/// LoadTimes --make RULES.tsv MESSAGES.txt FOLDER   writes a table of rules as a folder of files with inline tests
/// ```
@main
enum LoadTimes {
    static func main() throws {
        do {
            try self.run()
        } catch let rejection as Rejection {
            print(rejection)
            exit(1)
        }
    }

    private static func run() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch (arguments.first, arguments.count) {
        case ("--once", 2): print(try ColdLoad.milliseconds(of: arguments[1]))
        case ("--worst", 2): try WorstMessage.report(on: arguments[1])
        case ("--first", 2): try ColdLoad.reportFirstAnswers(of: arguments[1])
        case ("--make", 4):
            try GeneratedFolder.write(table: arguments[1], messages: arguments[2], to: arguments[3])
        case (let first?, _) where !first.hasPrefix("--"):
            print("| rules | files | tests | cold ms | unchanged | reply edited | pattern edited | words edited |")
            print("| --- | --- | --- | --- | --- | --- | --- | --- |")
            for folder in arguments { try Self.measure(folder) }
        default:
            print("usage: LoadTimes FOLDER... | --worst FOLDER | --first FOLDER | --make RULES.tsv MESSAGES.txt FOLDER")
            exit(2)
        }
    }

    private static func measure(_ folder: String) throws {
        let cold = try median((0..<5).map { _ in try ColdLoad.inNewProcess(folder) })
        let reload = try Reloads(of: folder)
        let figures = [
            cold, try reload.milliseconds(editing: nil), try reload.milliseconds(editing: .reply),
            try reload.milliseconds(editing: .pattern), try reload.milliseconds(editing: .words),
        ]
        let cells = figures.map { $0.isNaN ? "-" : String(format: $0 < 100 ? "%.1f" : "%.0f", $0) }
        let set = reload.first
        print("| \(set.ruleCount) | \(set.fileCount) | \(set.testCount) | \(cells.joined(separator: " | ")) |")
    }
}

/// The median; not a number where there is none.
func median(_ values: [Double]) -> Double { values.isEmpty ? .nan : values.sorted()[values.count / 2] }

/// How long `work` takes.
func timed(_ work: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try work()
    return (ContinuousClock.now - start) / .milliseconds(1)
}
