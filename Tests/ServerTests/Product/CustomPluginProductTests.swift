import Foundation
import RespondersTesting
import Testing

/// The server of Examples/custom-plugin, as it is built with this package.
@Suite("a server with a plugin of its own", .timeLimit(.minutes(1)))
struct CustomPluginProductTests {
    private static let example = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Examples/custom-plugin")

    @Test("has all commands, and answers with its plugin")
    func commands() async throws {
        let program = try BuiltProgram()
        let file = Self.example.appendingPathComponent("claude-chat.yaml").path
        let check = try await program.run(["check", "--config", file], of: "acme-chat")
        #expect(check.status == 0 && check.output.contains("is fine"), "\(check.output)\(check.complaint)")
        let answer = try await program.run(["explain", "where is A-17?", "--config", file], of: "acme-chat")
        #expect(answer.output.contains("answered by order-status"), "\(answer.output)")
        #expect(answer.output.contains("A-17 is on its way."), "\(answer.output)")
        let list = try await program.run(["plugins", "list"], of: "acme-chat")
        #expect(list.output.contains("order-status"))
        let other = try await program.run(["plugins", "list"])
        #expect(!other.output.contains("order-status"))
        let sample = try await program.run(["plugins", "sample", "order-status"], of: "acme-chat")
        #expect(
            sample.output == """
                # order-status: Tells where an order is
                # What the numbers of orders begin with.
                prefix: A-

                """,
            "\(sample.output)"
        )
    }

    @Test("tries its plugin by the examples that the plugin has, as those of the server")
    func examples() async throws {
        let program = try BuiltProgram()
        let check = try await program.run(["plugins", "check", "order-status"], of: "acme-chat")
        #expect(
            check.output == """
                ok    sample           is a configuration
                ok    unknown key      refused
                ok    examples         2 of 2
                all cases are fine

                """,
            "\(check.output)\(check.complaint)"
        )
        #expect(check.status == 0)
        let own = try await program.run(["plugins", "check", "away-notice"], of: "acme-chat")
        #expect(own.status == 0 && own.output.hasSuffix("all cases are fine\n"), "\(own.output)\(own.complaint)")
        let unknown = try await program.run(["plugins", "check", "order-state"], of: "acme-chat")
        #expect(unknown.status == 2)
        #expect(
            unknown.complaint.contains(#"unknown plugin "order-state"; did you mean "order-status"?"#),
            "\(unknown.complaint)"
        )
    }

    @Test("says where its own settings are wrong, as the plugins of the server do")
    func mistakes() async throws {
        let program = try BuiltProgram()
        let text = try String(contentsOf: Self.example.appendingPathComponent("claude-chat.yaml"), encoding: .utf8)
        try program.folder.write(text.replacing("prefix: A-", with: "prefix: '', prefex: A-"), to: "claude-chat.yaml")
        let check = try await program.run(["check"], of: "acme-chat")
        #expect(check.status == 1)
        #expect(
            check.output.contains(#"unknown key "prefex"; did you mean "prefix"? [unknown-key]"#),
            "\(check.output)"
        )
        try program.folder.write(text.replacing("prefix: A-", with: "prefix: ''"), to: "claude-chat.yaml")
        let empty = try await program.run(["check"], of: "acme-chat")
        #expect(
            empty.output.contains("order-status.prefix: every word would be an order; write A- [empty-prefix]"),
            "\(empty.output)"
        )
    }
}
