import Foundation
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
    /// What the person was asked.
    let questions: [String]
    /// The reports of progress, where a person looks.
    let progress: [String]

    /// - Parameters:
    ///   - arguments: What stands behind `claude-chat`; `{folder}` in them stands for the folder.
    ///   - files: The folder's files. Where `claude-chat.yaml` is among them, it is the configuration; where there is
    ///     a folder `rules`, the `rules` commands work on it.
    ///   - answer: What a person says to questions; nothing where nobody is there.
    ///   - showsProgress: Whether a person looks at the progress.
    ///   - step: The report of progress at which a person ends the command; nothing where nobody does.
    /// - Throws: What the file system says.
    init(
        _ arguments: [String],
        files: [String: String] = [:],
        answer: String? = nil,
        showsProgress: Bool = false,
        interruptedAt step: Int? = nil
    ) async throws {
        let folder = try ScratchFolder(files)
        let output = Mutex("")
        let complained = Mutex("")
        var terminal = Terminal(
            registry: try .builtin(),
            clock: TurnClock(ManualClock()),
            write: { line in output.withLock { $0 += line + "\n" } },
            complain: { line in complained.withLock { $0 += line + "\n" } },
            progress: nil
        )
        let questions = Mutex<[String]>([])
        if let answer {
            terminal.ask = { question in
                questions.withLock { $0.append(question) }
                return answer
            }
        } else {
            terminal.ask = nil
        }
        // A command may do several things that can be ended.
        let interrupt = Mutex<AsyncStream<Void>.Continuation?>(nil)
        terminal.interruptions = {
            AsyncStream { continuation in interrupt.withLock { $0 = continuation } }
        }
        let progress = Mutex<[String]>([])
        if showsProgress {
            terminal.clock = TurnClock(HastyClock())
            terminal.progress = { text in progress.withLock { $0.append(text) } }
        }
        if let step {
            // Each look at the clock is a while later, so that every report is shown.
            terminal.clock = TurnClock(HastyClock())
            let count = Atomic<Int>(0)
            terminal.progress = { text in
                guard !text.isEmpty, count.wrappingAdd(1, ordering: .relaxed).newValue == step else { return }
                interrupt.withLock { _ = $0?.yield() }
                // The work goes on only when it has been told to end, or nothing would be ended in between; where there is
                // one thread for both it goes on without.
                for _ in 0..<1_000_000 where !complained.withLock({ $0.contains("ending after this step") }) {
                    sched_yield()
                }
            }
        }
        let config = files["claude-chat.yaml"] == nil ? [] : ["--config", "\(folder.path)/claude-chat.yaml"]
        let isAboutRules = arguments.first == "rules" && files.keys.contains { $0.hasPrefix("rules/") }
        let rules = isAboutRules ? ["--rules", "\(folder.path)/rules/"] : []
        let written = arguments.map { $0.replacing("{folder}", with: folder.path) }
        self.status = await ClaudeChatCommand.run(written + config + rules, in: terminal)
        self.output = output.withLock { $0 }.replacing(folder.path + "/", with: "")
        self.progress = progress.withLock { $0 }
        self.questions = questions.withLock { $0 }
        self.complaint = complained.withLock { $0 }.replacing(folder.path + "/", with: "")
    }
}

/// A clock that goes on by a second each time that somebody looks.
private final class HastyClock: Clock, Sendable {
    struct Instant: InstantProtocol {
        var offset: Duration

        func advanced(by duration: Duration) -> Instant { Instant(offset: self.offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - self.offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private let seconds = Atomic<Int>(0)

    var now: Instant { Instant(offset: .seconds(self.seconds.wrappingAdd(1, ordering: .relaxed).newValue)) }
    var minimumResolution: Duration { .nanoseconds(1) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {}
}
