import Plugins
import Responders
import Testing

@Suite("claude-chat plugins")
struct PluginsCommandTests {
    @Test("lists every plugin with its stages and what it does")
    func list() async throws {
        let run = try await CommandRun(["plugins", "list"])
        #expect(
            run.output == """
                away-notice  answer, fallback                        Tells visitors when the desk is closed
                claude       answer                                  Answers with Claude, over the Messages API
                claude-stub  answer                                  Answers as Claude would, offline: from a script of canned answers
                code         enrich, answer                          Finds the lines of source code that an error or a question is about
                docs         enrich, answer                          Searches the documents of a site: notes for others, or links as an answer
                fallback     fallback                                Says one fixed sentence, by language, where nobody else answered
                handoff      answer, fallback                        Hands the conversation over to a person: by words, by time, by a button, or always
                issues       answer                                  Takes reports of visitors, and brings news of them back into the conversation
                process      guard, enrich, answer, fallback, after  Asks a program in any language, by JSON lines on its input and output
                redact       guard                                   Hides card numbers, IBANs, passwords, mail addresses and tokens from all who come after
                rules        answer                                  Answers by rule files: patterns and replies in YAML
                webhook      guard, enrich, answer, after            Asks a web service, by signed requests with JSON

                """
        )
    }

    @Test("prints a sample that a configuration can take over", arguments: try PluginRegistry.builtin().manifests)
    func sample(manifest: PluginManifest) async throws {
        let run = try await CommandRun(["plugins", "sample", manifest.name])
        #expect(run.output == "# \(manifest.name): \(manifest.summary)\n\(manifest.sample)\n")
        let stage = try #require(Stage.allCases.first(where: manifest.stages.contains))
        let settings = run.output.split(separator: "\n").map { "          \($0)" }.joined(separator: "\n")
        var files = manifest.sampleFiles
        files["claude-chat.yaml"] = """
            version: 1
            default_chain: demo
            chains:
              demo:
                \(stage):
                  - \(manifest.name):
            \(settings)
            """
        let check = try await CommandRun(["check"], files: files)
        #expect(check.status == 0, "\(check.output)")
    }

    @Test("refuses neither a name nor --all, and both", arguments: [[], ["rules", "--all"]])
    func ambiguous(arguments: [String]) async throws {
        let run = try await CommandRun(["plugins", "sample"] + arguments)
        #expect(run.status == 2 && run.complaint.hasPrefix("Error: write the name of a plugin, or --all"))
    }

    @Test("refuses a plugin that there is not, and suggests one")
    func unknown() async throws {
        let run = try await CommandRun(["plugins", "sample", "rulse"])
        #expect(run.complaint.hasPrefix(#"Error: unknown plugin "rulse"; did you mean "rules"?"#))
        #expect(run.status == 2)
    }
}
