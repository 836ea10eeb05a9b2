internal import ArgumentParser
internal import Diagnostics
internal import FoundationEssentials

/// What the server says about its configuration and its files, for people.
struct LiveStatusReport {
    private struct Answer: Decodable {
        /// Nothing of an earlier version.
        var configuration: Configuration?
        var content: [Content]

        struct Configuration: Decodable {
            var generation: Int
            var digest: String
            var loadedAt: String
            var rejected: Rejected?
            var warnings: [String]
        }

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
    /// - Parameters:
    ///   - asJSON: Whether it is shown as the server gave it.
    ///   - onlyFiles: Whether a configuration without mistakes is left out.
    /// - Throws: The exit status for findings if files were rejected.
    func show(_ asJSON: Bool, onlyFiles: Bool = true) throws {
        // One that was rejected is everybody's business.
        let shown = self.answer.configuration.flatMap { onlyFiles && $0.rejected == nil ? nil : Self.text(of: $0) }
        let lines = (shown.map { [$0] } ?? []) + self.answer.content.map(Self.text)
        Terminal.current.write(asJSON ? self.body : lines.joined(separator: "\n"))
        let isRejected =
            self.answer.configuration?.rejected != nil || self.answer.content.contains { $0.rejected != nil }
        if isRejected { throw ExitCode(ExitStatus.findings) }
    }

    private static func text(of configuration: Answer.Configuration) -> String {
        let live = """
            configuration: generation \(configuration.generation)  \(configuration.digest)  \
            loaded \(Self.time(configuration.loadedAt))
            """
        let warnings = configuration.warnings.map { "\n\($0)" }.joined()
        return live + Self.text(of: configuration.rejected, configuration.generation) + warnings
    }

    private static func text(of rejected: Answer.Rejected?, _ generation: Int) -> String {
        guard let rejected else { return "" }
        return """

            rejected \(Self.time(rejected.at)); generation \(generation) keeps answering
            \(rejected.report)
            """
    }

    private static func text(of content: Answer.Content) -> String {
        let time = Self.time(content.loadedAt)
        let out = content.suspended.map { "\nout: \($0) was slow again and again; it answers again after ten minutes" }
        let live = """
            \(content.responder): generation \(content.generation)  \(content.digest)  \(content.summary)  \
            loaded \(time) in \(Int(content.loadMs.rounded(.up))) ms\(out.joined())
            """
        return live + Self.text(of: content.rejected, content.generation)
    }

    /// The time of day of a time stamp, in UTC: `14:02:11 UTC`.
    private static func time(_ timestamp: String) -> String { "\(timestamp.dropFirst(11).prefix(8)) UTC" }
}
