internal import ArgumentParser
internal import Foundation
internal import Rules
internal import Store

/// The command `claude-chat store import`.
struct StoreImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take messages that store export wrote as JSON lines.",
        discussion: """
            What is there already stays as it is, so an import that was ended may be begun \
            again. The store is made where there is none. No server may have it meanwhile.

              claude-chat store import all.jsonl
              zcat all.jsonl.gz | claude-chat store import -

            Exit status: 0 every line was taken, 1 not possible or lines were refused, \
            2 wrong usage, 130 ended by Ctrl+C: what was taken so far is there.
            """
    )

    @OptionGroup var access: StoreAccess
    @Argument(help: "The file; - for what is piped in.") var file: String
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let settings = try self.access.settings()
        let lines: FileLines
        do { lines = try FileLines(of: self.file) } catch { throw StoreAccess.failure(error, stopped: "") }
        let isNew = !FileManager.default.fileExists(atPath: settings.options.path)
        if isNew { MessageStore.makeFolder(of: settings.options.path) }
        let act = AuditedAct("imported", begun: "import-begun")
        let (result, newKey) = try await StoreAccess.work(
            on: settings,
            as: isNew ? .server : .maintenance,
            noting: act,
            "reading",
            stopped: "what was taken so far is there; begin again to go on"
        ) { store, report in
            (try await store.importLines(lines, progress: report), store.keys.newKey)
        }
        if let newKey { try StoreAccess.note("key-begun", [("key", newKey)], on: settings) }
        let counts = [
            ("imported", "\(result.imported)"), ("present", "\(result.present)"), ("refused", "\(result.refused)"),
        ]
        try StoreAccess.note(act.done, counts, on: settings)
        Terminal.current.write(self.json ? Self.json(result) : Self.text(result))
        guard result.refused > 0 else { return }
        let numbers = result.refusedLines.prefix(10).map(String.init).joined(separator: ", ")
        let more = result.refused > 10 ? " and others" : ""
        let noun = result.refused == 1 ? "line" : "lines"
        Terminal.current.complain(
            "\(self.file): \(noun) \(numbers)\(more): no messages of an export, or other messages have their numbers; "
                + "the rest was taken [refused-lines]"
        )
        throw ExitCode(ExitStatus.findings)
    }

    private static func text(_ result: ImportResult) -> String {
        "\(counted(result.imported, "message")) taken, \(grouped(result.present)) there already, "
            + "\(grouped(result.refused)) refused"
    }

    private static func json(_ result: ImportResult) -> String {
        JSONValue.object([
            ("imported", .integer(result.imported)), ("present", .integer(result.present)),
            ("refused", .integer(result.refused)), ("refusedLines", .array(result.refusedLines.map { .integer($0) })),
        ]).description
    }
}
