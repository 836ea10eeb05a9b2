internal import ArgumentParser
internal import Diagnostics
internal import FoundationEssentials
internal import NIOHTTP1

/// The command `claude-chat status`.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show by which configuration and files the running server answers.",
        discussion: """
            Says which generation of claude-chat.yaml counts, what was wrong with a newer \
            one, which changes need a restart, and the same of the files that responders \
            read by themselves.

              claude-chat status
              claude-chat status --listen 127.0.0.1:9000

            Exit status: 0 the newest files are live, 1 some were rejected or no server \
            answers, 2 wrong usage.
            """
    )

    @OptionGroup var server: RunningServerOptions

    @Flag(help: "Print the server's answer as JSON.") var json = false

    func run() async throws {
        let answer = try await self.server.ask(.GET, "/api/admin/content")
        try LiveStatusReport(answer).show(self.json, onlyFiles: false)
    }
}
