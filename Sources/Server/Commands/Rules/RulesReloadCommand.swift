internal import ArgumentParser
internal import NIOHTTP1

/// The command `claude-chat rules reload`.
struct RulesReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Make the running server read its rule files again.",
        discussion: """
            A saved file is live by itself within a second; this waits until it is, and \
            says so. With a mistake in a file the old rules keep answering. A changed \
            configuration is taken, too.

              claude-chat rules reload
              claude-chat rules reload --listen 127.0.0.1:9000

            Exit status: 0 the files are live, 1 they were rejected or no server answers, \
            2 wrong usage.
            """
    )

    @OptionGroup var server: RunningServerOptions

    @Flag(help: "Print the server's answer as JSON.") var json = false

    func run() async throws {
        let answer = try await self.server.ask(.POST, "/api/admin/reload")
        try LiveStatusReport(answer).show(self.json)
    }
}

/// The command `claude-chat rules status`.
struct RulesStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show which rules the running server answers by.",
        discussion: """
            The digest is that of the files which are live: claude-chat rules check \
            --digest prints the one of the files on disk.

              claude-chat rules status

            Exit status: 0 the newest files are live, 1 they were rejected or no server \
            answers, 2 wrong usage.
            """
    )

    @OptionGroup var server: RunningServerOptions

    @Flag(help: "Print the server's answer as JSON.") var json = false

    func run() async throws {
        let answer = try await self.server.ask(.GET, "/api/admin/content")
        try LiveStatusReport(answer).show(self.json)
    }
}
