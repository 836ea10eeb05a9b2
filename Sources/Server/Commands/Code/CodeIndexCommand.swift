internal import ArgumentParser
internal import Plugins
internal import SourceCode

/// The command `claude-chat code index`.
struct CodeIndexCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "index",
        abstract: "Bring the index up to the source code.",
        discussion: """
            Reads what is new or has changed, and drops what is gone; a server does the same \
            by itself. With --full everything is read anew into a second file, which takes the \
            place of the first one at the end: searches go on meanwhile. What can't be read is \
            named, one line each.

              claude-chat code index
              claude-chat code index --full
            """
    )

    @Flag(help: "Read everything anew.") var full = false
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let full = self.full
        for code in try self.options.code() {
            var update = try await indexing { reach in
                let index = try code.openIndex()
                defer { index.close() }
                return try index.update(full: full, progress: reach, waiting: { !Task.isCancelled })
            }
            update.symbols = try await code.tagged()
            for problem in update.problems { Terminal.current.complain(printable(problem, limit: 500)) }
            Terminal.current.write(
                "\(code.path): \(counted(update.files, "file")), \(counted(update.symbols, "symbol")); "
                    + "\(update.changed) read, \(update.removed) removed"
            )
        }
    }
}
