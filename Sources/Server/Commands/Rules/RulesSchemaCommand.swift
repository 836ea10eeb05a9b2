internal import ArgumentParser
internal import Rules

/// The command `claude-chat rules schema`.
struct RulesSchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of rule files.",
        discussion: """
            With it an editor completes keys and shows what they mean. A rule file names \
            it in its first line:

              # yaml-language-server: $schema=./rules.schema.json

              claude-chat rules schema > rules/rules.schema.json
            """
    )

    func run() async throws {
        // The text ends with a line feed, and so does what is written.
        Terminal.current.write(String(RuleSchema.text().dropLast()))
    }
}
