import Foundation
import Testing

@testable import Server

@Suite("claude-chat docs")
struct DocsCommandTests {
    private static let files = [
        "claude-chat.yaml": """
        version: 1
        default_chain: demo
        server: {listen: '127.0.0.1:8080', mode: development}
        chains:
          demo:
            answer:
              - docs: {index: data/docs.sqlite, sources: [{path: docs/, url: /help/, links: html}]}
            fallback: [fallback]
        """,
        "docs/returns.md": "# Returns\n\nGoods <b onclick=x>can</b> be \\<i> sent back within 14 days.",
        "docs/broken.md": "\u{FFFD}",
    ]

    private func run(_ arguments: [String], files: [String: String] = files) async throws -> CommandRun {
        try await CommandRun(arguments, files: files)
    }

    @Test("index says what it has read, and names what it can't read")
    func index() async throws {
        let run = try await self.run(["docs", "index", "--full"])
        #expect(run.status == 0)
        #expect(run.output.hasSuffix("docs.sqlite: 2 documents, 2 sections; 2 read, 0 removed\n"))
    }

    @Test("try says what would be answered, with the time")
    func tryDocs() async throws {
        let run = try await self.run(["try", "docs", "send goods back"])
        #expect(run.status == 0)
        #expect(run.output.contains("docs.sqlite: reply after 0 ms"))
        #expect(run.output.contains("Returns: Goods can be <i> sent back within 14 days."))
        #expect(run.output.contains("  Returns  /help/returns.html#returns"))
        let other = try await self.run(["try", "docs", "weather"])
        #expect(other.output.hasSuffix("docs.sqlite: pass after 0 ms\n  no-document\n"))
    }

    @Test("explain asks the documents with --live, and says that it doesn't without")
    func explain() async throws {
        let live = try await self.run(["explain", "send goods back", "--live"])
        #expect(live.output.contains("answered by docs"), "\(live.output)")
        let offline = try await self.run(["explain", "send goods back"])
        #expect(offline.output.contains("not asked (offline)"), "\(offline.output)")
    }

    @Test("check counts the sources, and warns of one that isn't there")
    func check() async throws {
        var files = Self.files
        files["docs/returns.md"] = nil
        files["docs/broken.md"] = nil
        let run = try await self.run(["check"], files: files)
        #expect(
            (run.output + run.complaint).contains("there is no such file or folder"),
            "\(run.output + run.complaint)"
        )
    }

    @Test("a configuration without the plugin is told what is missing")
    func none() async throws {
        let yaml =
            "version: 1\ndefault_chain: demo\nserver: {listen: '127.0.0.1:8080', mode: development}\nchains: {demo: {fallback: [fallback]}}"
        let run = try await self.run(["docs", "search", "x"], files: ["claude-chat.yaml": yaml])
        #expect(run.status == 1)
        #expect(run.complaint.contains("no chain has the plugin docs; add it [no-docs]"))
    }
}
