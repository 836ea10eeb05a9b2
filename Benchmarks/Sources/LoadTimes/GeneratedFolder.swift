import Diagnostics
import Foundation
import Rules

/// A table of rules as a folder of rule files: 50 rules a file, each with a reply and with inline tests.
///
/// What the language refuses of a generated table is left out.
enum GeneratedFolder {
    private static let rulesOfFile = 50
    private static let attemptCount = 4

    static func write(table: String, messages: String, to folder: String) throws {
        let text = try String(contentsOfFile: table, encoding: .utf8)
        // Near the limit of what a pattern may cost, one run would refuse what another one takes.
        var patterns = try RuleTable(text, file: table).patterns.map { $0.replacing(".*", with: ".{0,80}") }
        for _ in 0..<Self.attemptCount {
            do throws(Rejection) {
                let set = try Self.load(patterns, [:], folder)
                let lines = (try? String(contentsOfFile: messages, encoding: .utf8))?.split(separator: "\n") ?? []
                _ = try Self.load(patterns, Self.winners(among: lines.map(String.init), set), folder)
                return
            } catch {
                let broken = error.diagnostics.filter { $0.severity == .error }.map { Self.rule(at: $0.place) }
                patterns = patterns.enumerated().filter { !broken.contains($0.offset) }.map(\.element)
            }
        }
        print("the rules of \(table) still have mistakes")
        exit(1)
    }

    private static func load(
        _ patterns: [String],
        _ said: [String: String],
        _ folder: String
    ) throws(Rejection) -> RuleSet {
        let url = URL(fileURLWithPath: folder)
        try? FileManager.default.removeItem(at: url)
        try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        for start in stride(from: 0, to: patterns.count, by: Self.rulesOfFile) {
            let rules = (start..<min(start + Self.rulesOfFile, patterns.count)).map {
                Self.rule($0, patterns[$0], said)
            }
            let text = "version: 1\nrules:\n" + rules.joined()
            try? text.write(to: url.appendingPathComponent(Self.file(start)), atomically: true, encoding: .utf8)
        }
        return try RuleSet.load(folder: folder)
    }

    private static func file(_ rule: Int) -> String { String(format: "part-%04d.yaml", rule / Self.rulesOfFile) }

    /// The number of the rule that stands there: each takes as many lines.
    private static func rule(at place: Place) -> Int {
        let name = place.file.split(separator: "/").last.map(String.init) ?? ""
        let part = Int(name.dropFirst("part-".count).dropLast(".yaml".count)) ?? 0
        return part * Self.rulesOfFile + (place.line - 3) / Self.linesOfRule
    }

    private static let linesOfRule = 7

    private static func rule(_ index: Int, _ pattern: String, _ said: [String: String]) -> String {
        let id = "rule-\(index)"
        let test = said["\(Self.file(index).dropLast(".yaml".count))/\(id)"].map { "say: \(Self.quoted($0))" }
        return """
              - id: \(id)
                about: Rule \(index) of a generated table
                match: \(Self.quoted(pattern))
                reply: 'Answer \(index)'
                tests:
                  - \(test ?? "not: 'nothing of that kind'")
                  - not: 'thank you'

            """
    }

    /// For each rule a message that it wins, where there is one.
    private static func winners(among messages: [String], _ set: RuleSet) -> [String: String] {
        var scanner = Rules.Scanner()
        var winners: [String: String] = [:]
        for message in messages {
            let rule = set.answer(to: message, in: RuleContext(), using: &scanner).rule
            if let rule, winners[rule] == nil { winners[rule] = message }
        }
        return winners
    }

    private static func quoted(_ text: String) -> String { "'\(text.replacingOccurrences(of: "'", with: "''"))'" }
}
