internal import ArgumentParser
internal import Indexing
internal import Messages
internal import Plugins
internal import SourceCode

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

extension Code {
    /// The index by itself, beside whoever else has it open.
    func openIndex() throws(CodeError) -> CodeIndex {
        try CodeIndex.open(self.path, roots: self.roots, reports: self.reports) {
            SystemClocks().timestamp().milliseconds
        }
    }

    /// Has a parser say what files define, where there is one.
    ///
    /// - Returns: How many symbols there are then.
    func tagged() async throws -> Int {
        let index = try self.openIndex()
        defer { index.close() }
        try await self.tagger?.tag(index)
        return try index.size().symbols
    }
}

extension ConfigurationOptions {
    /// The plugins code of the configuration, one for each index.
    ///
    /// - Throws: The exit status, after what is wrong was shown.
    func code() throws -> [Code] { try self.responders(of: Code.self, named: "code") { $0.path } }
}
