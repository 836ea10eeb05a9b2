internal import ArgumentParser
internal import Documents
internal import Messages
internal import Plugins

/// The command `claude-chat docs index`.
struct DocsIndexCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Bring the index up to the documents.",
        discussion: """
            Reads what is new or has changed, and drops what is gone; a server does the same \
            by itself. With --full everything is read anew into a second file, which takes the \
            place of the first one at the end: searches go on meanwhile. What can't be read is \
            named, one line each.

              claude-chat docs index
              claude-chat docs index --full
            """
    )

    @Flag(help: "Read everything anew.") var full = false
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let full = self.full
        for docs in try self.options.docs() where !docs.sources.isEmpty {
            let update = try await indexing { reach in
                let index = try DocumentIndex.open(docs.path) { SystemClocks().timestamp().milliseconds }
                defer { index.close() }
                return try index.update(docs.sources, full: full, progress: reach, waiting: { !Task.isCancelled })
            }
            for problem in update.problems { Terminal.current.complain(printable(problem, limit: 500)) }
            Terminal.current.write(
                "\(docs.path): \(counted(update.files, "document")), \(counted(update.sections, "section")); "
                    + "\(update.changed) read, \(update.removed) removed"
            )
        }
    }
}
