import Foundation
import Testing

@testable import Server

@Suite("claude-chat code")
struct CodeCommandTests {
    private static let files = [
        "claude-chat.yaml": """
        version: 1
        default_chain: demo
        server: {listen: '127.0.0.1:8080', mode: development}
        chains:
          demo:
            answer:
              - code: {index: data/code.sqlite, audience: staff, roots: [{path: src/}]}
            fallback: [fallback]
        """,
        "src/basket.py": "def total(items):\n    raise ValueError('the basket has no items')\n",
        "src/large.py": String(repeating: "x", count: 1_048_577),
    ]

    private func run(_ arguments: [String], files: [String: String] = files) async throws -> CommandRun {
        try await CommandRun(arguments, files: files)
    }

    @Test("index says what it has read, and names what it leaves out")
    func index() async throws {
        let run = try await self.run(["code", "index", "--full"])
        #expect(run.status == 0)
        #expect(run.output.hasSuffix("code.sqlite: 1 file, 1 symbol; 1 read, 0 removed\n"))
        #expect(run.complaint.contains("src/large.py: is larger than 1 MiB"))
    }

    @Test("try says what would be answered to somebody who may find code, with the time")
    func tryCode() async throws {
        let run = try await self.run(["try", "code", "ValueError: the basket has no items"])
        #expect(run.status == 0)
        #expect(run.output.contains("code.sqlite: reply after 0 ms"))
        #expect(run.output.contains("  basket.py:2 (function total)\n"))
        #expect(run.output.contains("  > 2      raise ValueError('the basket has no items')"))
        let other = try await self.run(["try", "code", "weather"])
        #expect(other.output.hasSuffix("code.sqlite: pass after 0 ms\n  no-code\n"))
    }

    @Test("search with an empty index finds nothing, and short texts are wrong usage")
    func search() async throws {
        let run = try await self.run(["code", "search", "the basket has no"])
        #expect(run.status == 0 && run.output.hasSuffix("nothing has it\n"))
        #expect(try await self.run(["code", "search", "ab"]).status == 2)
    }

    @Test("a configuration without the plugin is told what is missing")
    func none() async throws {
        let yaml =
            "version: 1\ndefault_chain: demo\nserver: {listen: '127.0.0.1:8080', mode: development}\nchains: {demo: {fallback: [fallback]}}"
        let run = try await self.run(["code", "search", "xyz"], files: ["claude-chat.yaml": yaml])
        #expect(run.status == 1)
        #expect(run.complaint.contains("no chain has the plugin code; add it [no-code]"))
    }
}
