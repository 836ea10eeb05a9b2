internal import ArgumentParser
internal import Plugins

/// The command `claude-chat docs`.
struct DocsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docs",
        abstract: "Work on the index of the site's documents.",
        discussion: """
            Works on the index that the plugin docs of claude-chat.yaml names; a server may \
            go on running beside it.

              claude-chat docs index
              claude-chat docs search 'how do I return something'

            Exit status: 0 done, 1 not possible, 2 wrong usage, 130 ended by Ctrl+C.
            """,
        subcommands: [DocsIndexCommand.self, DocsSearchCommand.self]
    )
}

extension ConfigurationOptions {
    /// The plugins docs of the configuration, one for each index.
    ///
    /// - Throws: The exit status, after what is wrong was shown.
    func docs() throws -> [Docs] { try self.responders(of: Docs.self, named: "docs") { $0.path } }
}
