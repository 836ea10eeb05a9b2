internal import ArgumentParser
internal import Plugins

/// The command `claude-chat try`.
struct TryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "try",
        abstract: "See what one adapter would answer, and how long it takes.",
        discussion: """
            Asks the plugin alone, by its configuration, as if a visitor had written the text. \
            Nothing is stored of it.

              claude-chat try docs 'how do I return something'
              claude-chat try code 'ValueError: the basket has no items'
            """,
        subcommands: [TryDocsCommand.self, TryCodeCommand.self]
    )
}

/// The command `claude-chat try docs`.
struct TryDocsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docs",
        abstract: "Ask the documents.",
        discussion:
            "Brings the index up to the documents first, and says what each search engine finds.\n\n  claude-chat try docs 'opening hours' --lang de"
    )

    @OptionGroup var message: TriedMessage
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        for docs in try self.options.docs() {
            let text = self.message.text
            try await self.message.ask(docs, named: docs.path) { await docs.engineReports(for: text) }
        }
    }
}

/// The command `claude-chat try code`.
struct TryCodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "code",
        abstract: "Ask the source code.",
        discussion: """
            Brings the index up to the code first, and asks as somebody who may find it.

              claude-chat try code 'File "/srv/shop/basket.py", line 12, in total'
            """
    )

    @OptionGroup var message: TriedMessage
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        for code in try self.options.code() {
            try await self.message.ask(code, named: code.path, from: code.insider)
        }
    }
}
