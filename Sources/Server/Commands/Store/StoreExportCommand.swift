internal import Messages
internal import Rules
internal import ArgumentParser
internal import Store

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The command `claude-chat store export`.
struct StoreExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write messages as JSON lines or CSV.",
        discussion: """
            JSON lines have messages, whose they are, turns, traces and feedback, and store \
            import reads them again; states of conversations, promised replies and tokens \
            are in backups alone. CSV is for spreadsheets: no cell begins like a formula. \
            What is written isn't encrypted, whether the store is or not; a file can be \
            read by its owner alone, and appears when it is whole. That somebody exports is \
            noted before the first line is written.

              claude-chat store export --output all.jsonl
              claude-chat store export --site shop --since 30d --format csv > shop.csv

            Exit status: 0 written, 1 not possible or records are damaged, 2 wrong usage, \
            130 ended by Ctrl+C: then there is no file.
            """
    )

    enum Format: String, ExpressibleByArgument, CaseIterable { case jsonl, csv }

    @OptionGroup var access: StoreAccess
    @OptionGroup var filter: StoreFilterOptions
    @Option(help: "jsonl or csv.") var format = Format.jsonl
    @Option(help: ArgumentHelp("A new file, in place of the output.", valueName: "file")) var output: String?
    @Flag(help: "With --output: print JSON.") var json = false

    func run() async throws {
        let settings = try self.access.settings()
        let filter = try self.filter.filter(at: SystemClocks().timestamp())
        let format: ExportFormat = self.format == .csv ? .csv : .jsonLines
        let output = self.output
        let terminal = Terminal.current
        let act = AuditedAct(
            "exported",
            begun: "export-begun",
            filter.audited + [("format", self.format.rawValue), ("file", output)]
        )
        let (count, damaged) = try await StoreAccess.work(
            on: settings,
            as: .reader,
            noting: act,
            "writing",
            stopped: output == nil ? "what was written is a part" : "no file was written"
        ) { store, report in
            let file = try output.map { try OutputFile($0) }
            do {
                let count = try await store.export(filter, as: format, progress: report) { bytes in
                    if let file { return try file.write(bytes) }
                    guard terminal.writeBytes(bytes) else { throw FileProblem.output }
                }
                try file?.finish()
                return (count, store.health.damagedRecords)
            } catch {
                file?.discard()
                throw error
            }
        }
        try StoreAccess.note(act.done, act.details + [("messages", "\(count)")], on: settings)
        if let output {
            let json = JSONValue.object([("file", .text(output)), ("messages", .integer(count))])
            terminal.write(self.json ? json.description : "\(output): \(counted(count, "message"))")
        }
        guard damaged > 0 else { return }
        terminal.complain(
            "\(settings.options.path): \(counted(damaged, "record")) left out, damaged; "
                + "claude-chat store verify says where [store-corrupt]"
        )
        throw ExitCode(ExitStatus.findings)
    }
}

extension FileProblem {
    /// Why nothing more can be written into the output, right after that was tried.
    fileprivate static var output: FileProblem {
        errno == ENOSPC
            ? FileProblem(code: "disk-full", path: "the output", problem: "no space is left on its disk; free some")
            : FileProblem(code: "cannot-write", path: "the output", problem: "nobody reads it any more")
    }
}
