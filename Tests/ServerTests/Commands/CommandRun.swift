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
    ///   - arguments: What stands behind `claude-chat`; `{folder}` in them stands for the folder.
    ///   - files: The folder's files. Where `claude-chat.yaml` is among them, it is the configuration; where there is
    ///     a folder `rules`, the `rules` commands work on it.
    /// - Throws: What the file system says.
    init(_ arguments: [String], files: [String: String] = [:]) async throws {
        let folder = try ScratchFolder(files)
        let output = Mutex("")
        let complained = Mutex("")
        let terminal = Terminal(
            registry: try .builtin(),
            clock: TurnClock(ManualClock()),
            write: { line in output.withLock { $0 += line + "\n" } },
            complain: { line in complained.withLock { $0 += line + "\n" } },
            progress: nil
        )
        let config = files["claude-chat.yaml"] == nil ? [] : ["--config", "\(folder.path)/claude-chat.yaml"]
        let isAboutRules = arguments.first == "rules" && files.keys.contains { $0.hasPrefix("rules/") }
        let rules = isAboutRules ? ["--rules", "\(folder.path)/rules/"] : []
        let written = arguments.map { $0.replacing("{folder}", with: folder.path) }
        self.status = await ClaudeChatCommand.run(written + config + rules, in: terminal)
        self.output = output.withLock { $0 }.replacing(folder.path + "/", with: "")
        self.complaint = complained.withLock { $0 }.replacing(folder.path + "/", with: "")
    }
}
