import Foundation
import Testing

/// Who may know whom.
///
/// The compiler checks this in a clean build only; here it is checked every time.
@Suite("architecture")
struct ImportTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// For each target the siblings that it may import.
    private static let arrows: [String: Set<String>] = [
        "Diagnostics": [],
        "Messages": [],
        "Observability": [],
        "Hub": ["Messages"],
        "Access": ["Messages"],
        "Store": ["Messages"],
        "Tracker": ["Messages", "Store"],
        "Indexing": [],
        "Secrets": [],
        "Documents": ["Indexing"],
        "SourceCode": ["Indexing", "Secrets"],
        "Transport": ["Messages", "Observability", "Access", "Hub"],
        "Responders": ["Messages", "Diagnostics"],
        "RespondersTesting": ["Messages", "Diagnostics", "Responders"],
        "CPCRE2": [],
        "Rules": ["CPCRE2", "Diagnostics"],
        "CProcessLimits": [],
        "Plugins": [
            "CProcessLimits", "Messages", "Diagnostics", "Responders", "Rules", "Tracker", "Indexing", "Secrets",
            "Documents",
            "SourceCode",
        ],
        "ClaudeStub": ["Plugins", "Responders"],
        "Server": [
            "Messages", "Observability", "Access", "Diagnostics", "Hub", "Transport", "Responders", "Rules", "Plugins",
            "ClaudeStub", "Store", "Tracker", "Indexing", "Documents", "SourceCode",
        ],
        "claude-chat": ["Server", "Plugins", "Responders"],
    ]

    /// For some targets everything else that they may import.
    private static let outside: [String: Set<String>] = [
        "Messages": ["FoundationEssentials"],
        "Hub": ["Synchronization"],
        "Observability": ["CoreMetrics", "Synchronization", "Glibc", "Musl"],
        "Access": ["Crypto", "FoundationEssentials", "JWTKit", "Synchronization"],
        "Store": [
            "Crypto", "FoundationEssentials", "GRDB", "GRDBSQLite", "Synchronization", "Glibc", "Musl", "Darwin",
        ],
        "Tracker": ["FoundationEssentials", "GRDB", "Synchronization"],
        "Indexing": ["FoundationEssentials", "GRDB", "Glibc", "Musl", "Darwin"],
        "Secrets": [],
        "Documents": ["FoundationEssentials", "GRDB", "Synchronization", "Glibc", "Musl", "Darwin"],
        "SourceCode": ["FoundationEssentials", "GRDB", "Synchronization", "Glibc", "Musl", "Darwin"],
        "Responders": ["FoundationEssentials", "Synchronization", "Glibc", "Musl", "Darwin"],
        "Plugins": [
            "AsyncHTTPClient", "Crypto", "FoundationEssentials", "NIOCore", "NIOHTTP1", "NIOPosix", "Subprocess",
            "Synchronization", "System", "SystemPackage", "Glibc", "Musl", "Darwin",
        ],
        "ClaudeStub": ["NIOCore", "NIOHTTP1", "NIOPosix", "Synchronization", "Glibc", "Musl", "Darwin"],
        "Diagnostics": ["FoundationEssentials", "Yams"],
    ]

    private static func sources(of folder: String) throws -> [(path: String, text: String)] {
        let base = self.root.appendingPathComponent(folder)
        let paths = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
        return try paths.filter { $0.hasSuffix(".swift") }.sorted().map { path in
            ("\(folder)/\(path)", try String(contentsOf: base.appendingPathComponent(path), encoding: .utf8))
        }
    }

    private static func imports(in text: String) -> [String] {
        // What stands in a text of several lines is some other language's.
        let text = text.split(separator: "\"\"\"", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset.isMultiple(of: 2) }.map(\.element).joined(separator: "\n")
        return text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard let index = words.firstIndex(of: "import"), index + 1 < words.count else { return nil }
            let isImport = words[..<index].allSatisfy {
                $0.hasPrefix("@") || $0 == "public" || $0 == "internal" || $0 == "private"
            }
            return isImport ? words[words.count - 1].split(separator: ".").first.map(String.init) : nil
        }
    }

    @Test("a target imports only what its arrows allow", arguments: ImportTests.arrows.keys.sorted())
    func importsOf(target: String) throws {
        for (path, text) in try Self.sources(of: "Sources/\(target)") {
            for module in Self.imports(in: text) {
                if Self.arrows.keys.contains(module) {
                    #expect(Self.arrows[target]?.contains(module) == true, "\(path) imports \(module)")
                } else if let outside = Self.outside[target] {
                    #expect(outside.contains(module), "\(path) imports \(module)")
                }
            }
        }
    }

    @Test("every folder of Sources is a target of the table")
    func table() throws {
        let sources = Self.root.appendingPathComponent("Sources").path
        let folders = try FileManager.default.contentsOfDirectory(atPath: sources).filter { !$0.hasPrefix(".") }
        #expect(Set(folders) == Set(Self.arrows.keys))
    }

    @Test(
        "the layout is the one that people know",
        arguments: [
            "Package.swift", "README.md", "Sources/Hub", "Sources/Responders", "Sources/Plugins", "rules", "Tests",
        ]
    )
    func layout(path: String) {
        #expect(FileManager.default.fileExists(atPath: Self.root.appendingPathComponent(path).path))
    }

    @Test("no task is detached, and no test sleeps")
    func tasks() throws {
        for (path, text) in try Self.sources(of: "Sources") { #expect(!text.contains("Task.detached"), "\(path)") }
        let sleep = "Task." + "sleep"
        for (path, text) in try Self.sources(of: "Tests") { #expect(!text.contains(sleep), "\(path)") }
    }

    @Test("whatever is unchecked says right above what guards it")
    func guards() throws {
        for (path, text) in try Self.sources(of: "Sources") {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
                $0.trimmingPrefix { $0 == " " }
            }
            for (index, line) in lines.enumerated() where Self.isUnchecked(line) {
                let above = lines[..<index].reversed().prefix { $0.hasPrefix("//") || $0.hasPrefix("@") }
                #expect(above.contains { $0.lowercased().contains("guard") }, "\(path):\(index + 1)")
            }
        }
    }

    private static func isUnchecked(_ line: some StringProtocol) -> Bool {
        !line.hasPrefix("//") && (line.contains("@unchecked Sendable") || line.contains("nonisolated(unsafe)"))
    }

    @Test("the executable is a few lines")
    func executable() throws {
        let lines = try Self.sources(of: "Sources/claude-chat").flatMap { $0.text.split(separator: "\n") }
        #expect(lines.count <= 20)
    }
}
