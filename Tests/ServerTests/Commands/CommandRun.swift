import Plugins
import Responders
import RespondersTesting
import Synchronization

@testable import Server

/// One run of `claude-chat` in a folder of files, without a process.
struct CommandRun {
    /// What the command wrote, with the files' paths as if it had run in the folder.
    let output: String
    /// What it wrote about what went wrong.
    let complaint: String
    let status: Int32

    /// - Parameters:
    ///   - arguments: What stands behind `claude-chat`.
    ///   - files: The folder's files. Where `claude-chat.yaml` is among them, it is the configuration.
    /// - Throws: What the file system says.
    init(_ arguments: [String], files: [String: String] = [:]) async throws {
        let folder = try ScratchFolder(files)
        let written = Mutex("")
        let complained = Mutex("")
        let terminal = Terminal(
            registry: try .builtin(),
            clock: TurnClock(ManualClock()),
            write: { line in written.withLock { $0 += line + "\n" } },
            complain: { line in complained.withLock { $0 += line + "\n" } }
        )
        let config = files["claude-chat.yaml"] == nil ? [] : ["--config", "\(folder.path)/claude-chat.yaml"]
        self.status = await ClaudeChatCommand.run(arguments + config, in: terminal)
        self.output = written.withLock { $0 }.replacing(folder.path + "/", with: "")
        self.complaint = complained.withLock { $0 }.replacing(folder.path + "/", with: "")
    }
}
