internal import ArgumentParser
internal import Diagnostics
internal import FoundationEssentials
internal import Responders

/// The command `claude-chat test`.
struct TestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Run conversations that are written down, and see whether the replies are the right ones.",
        discussion: """
            A .chat file is a conversation and what must come of it. It is run against a \
            chain of the configuration: without a server, without anybody outside, and on a \
            clock that doesn't wait. What differs is shown with its line.

              > hello
              < /^(Hi|Hello)/
              = from: rules greetings/greeting

            --record writes a conversation of the store as such a file, without card \
            numbers, addresses and the like; read it before you keep it.

              claude-chat test Tests/Transcripts/*.chat --chain demo
              claude-chat test --record s_8QmZ0wcg > Tests/Transcripts/refund.chat

            Exit status: 0 all hold, 1 one fails or a file has mistakes, 2 wrong usage.
            """
    )

    @Argument(help: ArgumentHelp("The conversations.", valueName: "files")) var files: [String] = []
    @Option(help: ArgumentHelp("The chain, where a file names none; else that of the site.", valueName: "name"))
    var chain: String?
    @Option(
        help: ArgumentHelp(
            "Write what came of them to a file, for build servers; one of an earlier run is replaced.",
            valueName: "file"
        )
    )
    var junit: String?
    @Option(help: ArgumentHelp("Write this session of the store as a conversation.", valueName: "session"))
    var record: String?
    @Option(help: ArgumentHelp("With --record: the site of the session.", valueName: "name")) var site: String?
    @OptionGroup var options: ConfigurationOptions

    func validate() throws {
        if self.record == nil, self.files.isEmpty { throw ValidationError("name the .chat files") }
        if self.record != nil, !self.files.isEmpty || self.junit != nil || self.chain != nil {
            throw ValidationError("--record takes no files, --chain and --junit")
        }
        if self.site != nil, self.record == nil { throw ValidationError("--site needs --record") }
    }

    func run() async throws {
        if let record { return try await TranscriptRecording.write(record, site: self.site, of: self.options.file) }
        let suite = TranscriptSuite(
            configuration: self.options.file,
            registry: Terminal.current.registry,
            chain: self.chain
        )
        try self.demandChain()
        var outcomes: [TranscriptSuite.Outcome] = []
        for file in self.files {
            let outcome = try await self.outcome(of: file, suite)
            Self.show(outcome)
            outcomes.append(outcome)
        }
        if let junit { try self.write(JUnitReport(outcomes: outcomes).text, to: junit) }
        Terminal.current.write(Self.summary(of: outcomes))
        if outcomes.contains(where: { !$0.problems.isEmpty }) { throw ExitCode(ExitStatus.findings) }
    }

    /// A misspelt chain must not look like conversations that fail.
    private func demandChain() throws {
        guard let chain, let configuration = try? self.options.load() else { return }
        guard configuration.chain(named: chain) == nil else { return }
        throw ValidationError("unknown chain \"\(chain)\"; \(suggestion(for: chain, among: configuration.chainNames))")
    }

    private func outcome(of file: String, _ suite: TranscriptSuite) async throws -> TranscriptSuite.Outcome {
        do throws(Rejection) {
            return try await suite.run(file)
        } catch {
            Terminal.current.complain(DiagnosticReport(error.diagnostics).text)
            Terminal.current.complain("\(DiagnosticReport(error.diagnostics).count); no conversation was run")
            throw ExitCode(ExitStatus.findings)
        }
    }

    static func show(_ outcome: TranscriptSuite.Outcome) {
        let count = counted(outcome.exchanges.count, "message")
        let problems = outcome.problems
        guard !problems.isEmpty else {
            return Terminal.current.write("passed  \(printable(outcome.file, limit: 200))  \(count)")
        }
        let failed = outcome.exchanges.count { !$0.problems.isEmpty }
        let what = outcome.mistakes.isEmpty ? "\(grouped(failed)) of \(count)" : "can't be run"
        Terminal.current.write("FAILED  \(printable(outcome.file, limit: 200))  \(what)")
        Terminal.current.write(DiagnosticReport(problems).text)
    }

    /// `2 conversations, 9 messages: all hold`.
    static func summary(of outcomes: [TranscriptSuite.Outcome]) -> String {
        let messages = outcomes.reduce(0) { $0 + $1.exchanges.count }
        let failed = outcomes.count { !$0.problems.isEmpty }
        let what = "\(counted(outcomes.count, "conversation")), \(counted(messages, "message"))"
        guard failed > 0 else { return "\(what): \(outcomes.count == 1 ? "it holds" : "all hold")" }
        return
            "\(what): \(failed == outcomes.count && failed > 1 ? "all fail" : "\(grouped(failed)) \(failed == 1 ? "fails" : "fail")")"
    }

    private func write(_ text: String, to path: String) throws {
        do {
            let file = try OutputFile(path, isReplacing: true)
            try file.write(Array(text.utf8))
            try file.finish()
        } catch let problem as FileProblem {
            Terminal.current.complain("\(problem)")
            throw ExitCode(ExitStatus.findings)
        }
    }
}
