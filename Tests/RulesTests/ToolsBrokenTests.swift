import Diagnostics
import Foundation
import Rules
import Testing

/// Broken rule files, each beside exactly what its author is told.
///
/// A case is `Broken/NAME.yaml`, or the files of the folder `Broken/NAME`; what is said about it stands in `NAME.txt`,
/// as `claude-chat rules check` prints it. To add one, write the rules, run the tests with `RECORD_BROKEN=1`, and read the
/// new text as somebody who has just made that mistake.
@Suite("broken rule files")
struct ToolsBrokenTests {
    private static let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Broken")

    private static let names: [String] = {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: Self.corpus.path)) ?? []
        let names = entries.filter { !$0.hasSuffix(".txt") && !$0.hasPrefix(".") }
        return names.map { $0.hasSuffix(".yaml") ? String($0.dropLast(5)) : $0 }.sorted()
    }()

    /// What a check of a case prints, with the files' paths from the case's folder on.
    private static func report(on name: String) throws -> String {
        let copy = FileManager.default.temporaryDirectory.appendingPathComponent("broken-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: copy) }
        let folder = Self.corpus.appendingPathComponent(name)
        if FileManager.default.fileExists(atPath: folder.path) {
            try FileManager.default.copyItem(at: folder, to: copy)
        } else {
            try FileManager.default.createDirectory(at: copy, withIntermediateDirectories: true)
            let file = Self.corpus.appendingPathComponent("\(name).yaml")
            try FileManager.default.copyItem(at: file, to: copy.appendingPathComponent("\(name).yaml"))
        }
        let report = DiagnosticReport(RuleCheck(folder: copy.path).diagnostics)
        let text = "\(report.text)\n\(report.count)\n"
        return text.replacingOccurrences(of: copy.path + "/", with: "").replacingOccurrences(of: copy.path, with: ".")
    }

    @Test("are explained to their author word by word", arguments: ToolsBrokenTests.names)
    func message(name: String) throws {
        let file = Self.corpus.appendingPathComponent("\(name).txt")
        let report = try Self.report(on: name)
        if ProcessInfo.processInfo.environment["RECORD_BROKEN"] != nil { try Data(report.utf8).write(to: file) }
        let expected = try? String(contentsOf: file, encoding: .utf8)
        #expect(report == expected)
    }

    @Test("are put into form like all others, as far as they are YAML; what they mean stays", arguments: names)
    func form(name: String) throws {
        let file = Self.corpus.appendingPathComponent("\(name).yaml")
        guard let text = try? String(contentsOf: file, encoding: .utf8),
            let once = try? RuleFormat.formatted(text, file: "a.yaml")
        else { return }
        #expect(try RuleFormat.formatted(once, file: "a.yaml") == once)
        #expect(once.split(separator: "\n").count == text.split(separator: "\n").count)
    }

    @Test("are many, and no text is left without its rules")
    func corpus() throws {
        #expect(Self.names.count >= 60)
        let entries = try FileManager.default.contentsOfDirectory(atPath: Self.corpus.path)
        let texts = entries.filter { $0.hasSuffix(".txt") }.map { String($0.dropLast(4)) }
        #expect(texts.sorted() == Self.names)
    }
}
