import Foundation
import Rules

/// Loads of a folder in a process that has loaded it before, each after somebody has saved a file.
final class Reloads {
    /// What somebody has changed.
    enum Edit {
        /// The first text of a reply.
        case reply
        /// The first pattern of a rule.
        case pattern
        /// The first entry of a word list, which changes every pattern that uses it.
        case words
    }

    private static let runCount = 9

    /// What the folder held at first.
    let first: RuleSet
    private let copy: URL
    private let cache = RuleCache()

    /// Copies the folder, so that nothing in it is changed, and loads it.
    init(of folder: String) throws {
        self.copy = FileManager.default.temporaryDirectory.appendingPathComponent("load-times-\(UUID().uuidString)")
        try FileManager.default.copyItem(at: URL(fileURLWithPath: folder), to: self.copy)
        self.first = try RuleSet.load(folder: self.copy.path, cache: self.cache)
    }

    deinit { try? FileManager.default.removeItem(at: self.copy) }

    /// The median of several loads, each after such an edit; not a number where nothing can be edited so.
    func milliseconds(editing edit: Edit?) throws -> Double {
        guard let edit else { return try median((0..<Self.runCount).map { _ in try self.load() }) }
        guard let (file, text, range) = try self.target(of: edit) else { return .nan }
        defer { try? text.write(to: file, atomically: true, encoding: .utf8) }
        let times = try (0..<Self.runCount).map { run in
            let edited = text.replacingCharacters(in: range, with: "\(text[range])\(Self.addition(edit, run))")
            try edited.write(to: file, atomically: true, encoding: .utf8)
            return try self.load()
        }
        return median(times)
    }

    private func load() throws -> Double {
        try timed { _ = try RuleSet.load(folder: self.copy.path, cache: self.cache) }
    }

    /// What is put behind the place of the edit; each time something that was never there.
    private static func addition(_ edit: Edit, _ run: Int) -> String {
        switch edit {
        case .reply: " (\(run))"
        case .pattern: "\\bnever\(run)\\b|"
        case .words: "never said\(run), "
        }
    }

    /// The first place that can be edited so: behind it something may be added.
    private func target(of edit: Edit) throws -> (file: URL, text: String, range: Range<String.Index>)? {
        let pattern =
            switch edit {
            case .reply: #"(?m)(?<=^          - text: |^    reply: )'[^'\n]+(?=')"#
            case .pattern: #"(?m)^    match: '"#
            case .words: #"(?m)^  [a-z-]+: (?:\{list: )?\["#
            }
        let files = try FileManager.default.contentsOfDirectory(at: self.copy, includingPropertiesForKeys: nil)
        for file in files.sorted(by: { $0.path < $1.path }) where file.pathExtension == "yaml" {
            let text = try String(contentsOf: file, encoding: .utf8)
            if edit == .words, !text.contains("\nwords:") { continue }
            if let range = text.range(of: pattern, options: .regularExpression) { return (file, text, range) }
        }
        return nil
    }
}
