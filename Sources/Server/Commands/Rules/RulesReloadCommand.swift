internal import ArgumentParser
internal import Diagnostics
internal import FoundationEssentials
internal import NIOHTTP1

/// The command `claude-chat rules reload`.
struct RulesReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Make the running server read its rule files again.",
        discussion: """
            A saved file is live by itself within a second; this waits until it is, and \
            says so. With a mistake in a file the old rules keep answering.

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
        try ContentStatusReport(answer).show(self.json)
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
        try ContentStatusReport(answer).show(self.json)
    }
}

/// What the server says about its files, for people.
struct ContentStatusReport {
    private struct Answer: Decodable {
        var content: [Content]

        struct Content: Decodable {
            var responder: String
            var generation: Int
            var digest: String
            var summary: String
            var loadedAt: String
            var loadMs: Double
            var rejected: Rejected?
            var suspended: [String]
        }

        struct Rejected: Decodable {
            var at: String
            var report: String
        }
    }

    private let body: String
    private let answer: Answer

    init(_ body: String) throws {
        self.body = body
        self.answer = try JSONDecoder().decode(Answer.self, from: Data(body.utf8))
    }

    /// Shows the report.
    ///
    /// - Parameter asJSON: Whether it is shown as the server gave it.
    /// - Throws: The exit status for findings if files were rejected.
    func show(_ asJSON: Bool) throws {
        Terminal.current.write(asJSON ? self.body : self.answer.content.map(Self.text).joined(separator: "\n"))
        if self.answer.content.contains(where: { $0.rejected != nil }) { throw ExitCode(ExitStatus.findings) }
    }

    private static func text(of content: Answer.Content) -> String {
        let time = Self.time(content.loadedAt)
        let out = content.suspended.map { "\nout: \($0) was slow again and again; it answers again after ten minutes" }
        let live = """
            \(content.responder): generation \(content.generation)  \(content.digest)  \(content.summary)  \
            loaded \(time) in \(Int(content.loadMs.rounded(.up))) ms\(out.joined())
            """
        guard let rejected = content.rejected else { return live }
        return """
            \(live)
            rejected \(Self.time(rejected.at)); generation \(content.generation) keeps answering
            \(rejected.report)
            """
    }

    /// The time of day of a time stamp, in UTC: `14:02:11 UTC`.
    private static func time(_ timestamp: String) -> String { "\(timestamp.dropFirst(11).prefix(8)) UTC" }
}
