import Foundation
import RespondersTesting
import Testing

/// The samples of all plugins as one configuration, through a pipe.
@Suite("samples", .timeLimit(.minutes(1)))
struct PluginSampleProductTests {
    private func shell(_ script: String, in program: BuiltProgram) async throws -> BuiltProgram.Run {
        var program = program
        let binary = try BuiltProgram.path()
        program.launcher = ["/bin/sh", "-c", script.replacing("claude-chat", with: binary), binary]
        return try await program.run([])
    }

    @Test("of all plugins are one configuration, with the files that they name: plugins sample --all | check -")
    func all() async throws {
        let program = try BuiltProgram()
        let check = try await self.shell(
            "mkdir new; cd new; claude-chat plugins sample --all --files . | claude-chat check -",
            in: program
        )
        #expect(check.status == 0, "\(check.output)\(check.complaint)")
        #expect(check.output.contains("- is fine: chains samples; "), "\(check.output)")
        #expect(!check.output.contains("warning"), "\(check.output)")
        let names = try await program.run("plugins", "list").lines.compactMap { $0.split(separator: " ").first }
        let sample = try await program.run("plugins", "sample", "--all")
        for name in names { #expect(sample.output.contains("\n      - \(name):\n"), "\(name)") }
    }

    @Test("leave files alone that are already there")
    func existing() async throws {
        let program = try BuiltProgram()
        try program.folder.write("mine", to: "stub/answers.yaml")
        let run = try await program.run("plugins", "sample", "claude-stub", "--files", ".")
        #expect(run.status == 0)
        #expect(try String(contentsOfFile: "\(program.folder.path)/stub/answers.yaml", encoding: .utf8) == "mine")
    }

    @Test("that were changed are refused where the mistake stands, also when they come through a pipe")
    func mistakes() async throws {
        let program = try BuiltProgram()
        let check = try await self.shell(
            "claude-chat plugins sample --all --files . | sed 's/opens_at/opens_ta/' | claude-chat check -",
            in: program
        )
        #expect(check.status == 1)
        #expect(
            check.output.contains(#"unknown key "opens_ta"; did you mean "opens_at"? [unknown-key]"#),
            "\(check.output)"
        )
        #expect(check.output.hasPrefix("-:"), "\(check.output)")
    }
}
