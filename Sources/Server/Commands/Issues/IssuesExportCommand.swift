internal import ArgumentParser
internal import Messages
internal import Rules
internal import Tracker

/// The command `claude-chat issues export`.
struct IssuesExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write issues with what happened to them as JSON lines.",
        discussion: """
            One object a line, {"issue", "events"}, the newest issue first. A file can be \
            read by its owner alone, and appears when it is whole.

              claude-chat issues export --output issues.jsonl
              claude-chat issues export --site shop > shop.jsonl

            Exit status: 0 written, 1 not possible, 2 wrong usage, 130 ended by Ctrl+C: \
            then there is no file.
            """
    )

    @OptionGroup var access: IssueAccess
    @Option(help: ArgumentHelp("Those of one site.", valueName: "name")) var site: String?
    @Option(help: ArgumentHelp("A new file, in place of the output.", valueName: "file")) var output: String?
    @Flag(help: "With --output: print JSON.") var json = false

    func validate() throws { _ = try self.site.map { try siteID($0) } }

    func run() async throws {
        let (output, json) = (self.output, self.json)
        let site = try self.site.map { try siteID($0) }
        let terminal = Terminal.current
        let stopped = output == nil ? "what was written is a part" : "no file was written"
        try await self.access.work(stopped: stopped) { tracker in
            let file = try output.map { try OutputFile($0) }
            let count: Int
            do {
                count = try await Self.export(tracker, site) { bytes in
                    if let file { return try file.write(bytes) }
                    guard terminal.writeBytes(bytes) else {
                        throw FileProblem(code: "cannot-write", path: "the output", problem: "nobody reads it any more")
                    }
                }
                try file?.finish()
            } catch {
                file?.discard()
                throw error
            }
            if let output {
                let result = JSONValue.object([("file", .text(output)), ("issues", .integer(count))])
                terminal.write(json ? result.description : "\(output): \(counted(count, "issue"))")
            }
            return ("issues-exported", [("site", site?.rawValue), ("issues", "\(count)"), ("file", output)])
        }
    }

    private static func export(
        _ tracker: EmbeddedTracker,
        _ site: SiteID?,
        to write: ([UInt8]) throws -> Void
    ) async throws -> Int {
        let progress = ProgressLine("writing")
        defer { progress.end() }
        var filter = IssueFilter(site: site, limit: 200)
        var count = 0
        while true {
            let page = try await tracker.issues(filter)
            for issue in page.issues {
                let report = IssueReport(issue: issue, events: try await tracker.events(of: issue))
                try write(Array((try report.jsonLine() + "\n").utf8))
            }
            count += page.issues.count
            progress.reach(count, of: nil)
            guard let next = page.next else { return count }
            guard !Task.isCancelled else { throw CancellationError() }
            filter.before = next
        }
    }
}
