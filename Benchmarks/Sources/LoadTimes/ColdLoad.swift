import Foundation
import Rules

/// The first load of a process, when nothing is known of any pattern.
enum ColdLoad {
    /// In this process, which must not have loaded anything.
    static func milliseconds(of folder: String) throws -> Double {
        try timed { _ = try RuleSet.load(folder: folder) }
    }

    /// Prints what the first messages of a process wait for, while machine code is made: each sentence of the inline tests,
    /// answered once, and then all of them again.
    static func reportFirstAnswers(of folder: String) throws {
        let book = try RuleBook.load(folder: folder)
        var scanner = Rules.Scanner()
        for name in ["first", "second"] {
            let times = book.sentences.map { sentence in
                timed { _ = book.set.answer(to: sentence.text, in: RuleContext(), using: &scanner) }
            }
            let figures = [times.first ?? 0, median(times), times.max() ?? 0, times.reduce(0, +)]
            let cells = figures.map { String(format: "%.3f", $0) }.joined(separator: " | ")
            print("\(times.count) answers, the \(name) time: first | median | dearest | sum in ms: \(cells)")
        }
    }

    /// In a process of its own.
    static func inNewProcess(_ folder: String) throws -> Double {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
        process.arguments = ["--once", folder]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Double(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? .nan
    }
}
