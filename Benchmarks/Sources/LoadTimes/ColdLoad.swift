import Foundation
import Rules

/// The first load of a process, when nothing is known of any pattern.
enum ColdLoad {
    /// In this process, which must not have loaded anything.
    static func milliseconds(of folder: String) throws -> Double {
        try timed { _ = try RuleSet.load(folder: folder) }
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
