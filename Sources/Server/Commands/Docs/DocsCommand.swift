internal import ArgumentParser
internal import Diagnostics
internal import Plugins
internal import Responders

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

extension Configuration {
    /// The plugins docs of the chains, one for each index.
    ///
    /// - Throws: The exit status, after it was said that there is none.
    func docs() throws -> [Docs] {
        var seen: Set<String> = []
        let docs = self.chains.values.flatMap(\.entries).filter(\.isEnabled).compactMap { $0.responder as? Docs }
            .sorted { $0.path < $1.path }.filter { seen.insert($0.path).inserted }
        guard docs.isEmpty else { return docs }
        Terminal.current.complain("\(self.file): no chain has the plugin docs; add it [no-docs]")
        throw ExitCode(ExitStatus.findings)
    }
}

extension ConfigurationOptions {
    /// The plugins docs of the configuration.
    ///
    /// - Throws: The exit status, after what is wrong was shown.
    func docs() throws -> [Docs] {
        let configuration: Configuration
        do throws(Rejection) { configuration = try self.load() } catch {
            Terminal.current.complain(DiagnosticReport(error.diagnostics).text)
            throw ExitCode(ExitStatus.findings)
        }
        return try configuration.docs()
    }
}
