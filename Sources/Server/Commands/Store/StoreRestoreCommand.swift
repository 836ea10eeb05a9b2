internal import ArgumentParser
internal import Foundation
internal import NIOPosix
internal import Rules
internal import Store
internal import Synchronization

/// The command `claude-chat store restore`.
struct StoreRestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Put a backup in the place of the store.",
        discussion: """
            The store that is there is kept beside it as .replaced; what was said since the \
            backup is in there alone. No server may have the store meanwhile.

              systemctl stop claude-chat
              claude-chat store restore /backups/chat-2026-11-24.db

            Exit status: 0 restored, 1 not possible, 2 wrong usage, 130 ended by Ctrl+C: \
            then the store is as it was.
            """
    )

    @OptionGroup var access: StoreAccess
    @Argument(help: "The backup; it stays as it is.") var file: String
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let settings = try self.access.settings()
        let (options, file) = (settings.options, self.file)
        let wasThere = FileManager.default.fileExists(atPath: options.path)
        let progress = ProgressLine("copying")
        let isCancelled = Cancellation()
        let act = AuditedAct("restored", begun: "restore-begun", [("file", file)])
        do {
            defer { progress.end() }
            try await interruptible {
                try await act.noted(in: AuditTrail(settings), progress) { report in
                    try await withTaskCancellationHandler {
                        // It computes for as long as it takes, which is no work for the threads of tasks.
                        try await NIOThreadPool.singleton.runIfActive {
                            try MessageStore.restore(from: file, to: options) { step in
                                report(step)
                                if isCancelled.flag.load(ordering: .relaxed) { throw CancellationError() }
                            }
                        }
                    } onCancel: {
                        isCancelled.flag.store(true, ordering: .relaxed)
                    }
                }
            }
        } catch {
            throw StoreAccess.failure(error, stopped: "the store is as it was")
        }
        try StoreAccess.note("restored", [("file", file)], on: settings)
        let replaced = wasThere ? options.file + ".replaced" : nil
        let json = JSONValue.object([("store", .text(options.path)), ("replaced", .text(replaced))])
        let kept = replaced.map { "; what was there is \($0)" } ?? ""
        let text = "\(options.path): the store is now what \(file) was\(kept)"
        Terminal.current.write(self.json ? json.description : text)
        do {
            try MessageStore.open(options, as: .reader, time: .system).close()
        } catch let error as StoreError where error.code == .missingKey || error.code == .wrongKey {
            throw StoreAccess.failure(error, stopped: "")
        } catch {
            // One of an earlier version is updated when the server starts.
        }
    }
}

/// Whether a person has asked to end.
private final class Cancellation: Sendable {
    let flag = Atomic<Bool>(false)
}
