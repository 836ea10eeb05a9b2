import Diagnostics
import Foundation
import Testing

@testable import Rules

/// Rule files that a test writes, loaded the way that a server loads them.
enum RuleFixture {
    /// Loads files, given by their names in the folder; their own tests run, too.
    ///
    /// - Throws: A `Rejection` whose places have no folder in front.
    static func load(_ files: [String: String]) throws -> RuleSet {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("rules-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("local"),
            withIntermediateDirectories: true
        )
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files { try Data(text.utf8).write(to: folder.appendingPathComponent(name)) }
        do throws(Rejection) {
            return try RuleSet.load(folder: folder.path)
        } catch {
            throw Rejection(error.diagnostics.map { self.short($0, folder.path) })
        }
    }

    /// Loads one file, `a.yaml`, with these rules: a list as under `rules:`.
    static func load(_ rules: String) throws -> RuleSet { try self.load(["a.yaml": self.file(rules)]) }

    /// A whole file with these rules.
    static func file(_ rules: String) -> String {
        "version: 1\nrules:\n"
            + rules.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)\n" }.joined()
    }

    /// A file with one rule, `a/one`, whose keys are given.
    static func rule(_ keys: String) -> String {
        "version: 1\nrules:\n  - id: one\n" + keys.split(separator: "\n").map { "    \($0)\n" }.joined()
    }

    /// What is said about files: the errors, or the warnings where there is no error; places have no folder in front.
    static func diagnostics(_ files: [String: String]) throws -> [String] {
        do {
            return try self.load(files).warnings.map { self.short($0, nil).description }
        } catch let rejection as Rejection {
            return rejection.diagnostics.map(\.description)
        }
    }

    /// The same for one rule.
    static func diagnostics(ofRule keys: String) throws -> [String] {
        try self.diagnostics(["a.yaml": self.rule(keys)])
    }

    private static func short(_ diagnostic: Diagnostic, _ folder: String?) -> Diagnostic {
        var diagnostic = diagnostic
        let folder = folder ?? (diagnostic.place.file as NSString).deletingLastPathComponent
        func cut(_ text: String) -> String { text.replacingOccurrences(of: folder + "/", with: "") }
        diagnostic.place.file = cut(diagnostic.place.file)
        diagnostic.problem = cut(diagnostic.problem)
        diagnostic.hint = diagnostic.hint.map(cut)
        return diagnostic
    }
}

extension RuleSet {
    /// What the rules say to a message, on a machine that is as busy as it likes.
    func result(_ text: String, _ context: RuleContext = RuleContext()) -> RuleResult {
        var scanner = Rules.Scanner()
        return self.answer(to: text, in: context, within: .seconds(600), using: &scanner)
    }

    /// Which rule wins.
    func winner(_ text: String, _ context: RuleContext = RuleContext()) -> String? { self.result(text, context).rule }

    /// What became of each rule, on such a machine.
    func explanation(_ text: String, _ context: RuleContext = RuleContext()) -> RuleExplanation {
        self.explain(text, in: context, within: .seconds(600))
    }

    /// What became of a rule.
    func fate(of rule: String, _ text: String, _ context: RuleContext = RuleContext()) -> String? {
        self.explanation(text, context).entries.first { $0.rule == rule }?.fate.description
    }
}
