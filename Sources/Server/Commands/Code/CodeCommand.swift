internal import ArgumentParser
internal import Plugins

/// The command `claude-chat code`.
struct CodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "code",
        abstract: "Work on the index of the site's source code.",
        discussion: """
            Works on the index that the plugin code of claude-chat.yaml names; a server may \
            go on running beside it.

              claude-chat code index
              claude-chat code search 'the basket has no items'

            Exit status: 0 done, 1 not possible, 2 wrong usage, 130 ended by Ctrl+C.
            """,
        subcommands: [CodeIndexCommand.self, CodeSearchCommand.self]
    )
}

extension ConfigurationOptions {
    /// The plugins code of the configuration, one for each index.
    ///
    /// - Throws: The exit status, after what is wrong was shown.
    func code() throws -> [Code] { try self.responders(of: Code.self, named: "code") { $0.path } }
}
