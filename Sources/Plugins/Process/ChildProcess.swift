internal import CProcessLimits
internal import Subprocess
internal import Synchronization

#if canImport(System)
    internal import System
#else
    internal import SystemPackage
#endif
#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// One child process from its start to its end, with lines on its three streams.
///
/// Nothing that the child does or omits holds anybody up: what it doesn't read waits in a bounded queue, what it writes is
/// cut into bounded lines, and ``kill()`` ends it with all that it started in its process group.
final class ChildProcess: Sendable {
    /// What is started: never by a shell.
    struct Command: Sendable {
        /// The absolute path of the program.
        var executable: String
        var arguments: [String]
        /// The whole environment.
        var environment: [String: String]
        /// The absolute path of the working folder.
        var folder: String
        /// The most memory it may map, in bytes; nothing means no limit.
        var memory: Int?
    }

    /// What the child does.
    enum Event: Sendable {
        /// A line of its output.
        case line([UInt8])
        /// A line of its output that is longer than ``PluginFrame/maximumBytes``.
        case lineTooLong
        /// A line of its error output, cut where it is longer than ``maximumComplaintBytes``.
        case complaint([UInt8])
    }

    /// How it ended.
    enum End: Sendable, Equatable, CustomStringConvertible {
        case exited(Int32)
        case signalled(Int32)
        case notStarted(String)

        var description: String {
            switch self {
            case .exited(let code): "exit status \(code)"
            case .signalled(let signal): "signal \(signal)"
            case .notStarted(let why): "not started: \(why)"
            }
        }
    }

    private enum Request { case stop, kill, outputEnded }

    /// How many lines wait for a child that doesn't read.
    static let maximumQueuedLines = 64
    static let maximumComplaintBytes = 1_024

    private let command: Command
    private let handle: @Sendable (Event) -> Void
    private let input: AsyncStream<[UInt8]>
    private let inputSource: AsyncStream<[UInt8]>.Continuation
    private let requests: AsyncStream<Request>
    private let requestSource: AsyncStream<Request>.Continuation

    /// - Parameters:
    ///   - command: What to start.
    ///   - handle: Told of everything that the child writes; on the reader of that stream, so that it reads no further
    ///     before this returns.
    init(_ command: Command, handle: @escaping @Sendable (Event) -> Void) {
        self.command = command
        self.handle = handle
        (self.input, self.inputSource) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingOldest(Self.maximumQueuedLines)
        )
        (self.requests, self.requestSource) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(8))
    }

    /// Queues a line for the child's input.
    ///
    /// - Returns: Whether there was room.
    func send(_ line: [UInt8]) -> Bool {
        if case .enqueued = self.inputSource.yield(line) { true } else { false }
    }

    /// Closes its input once what is queued was written, and lets it run.
    func closeInput() { self.inputSource.finish() }

    /// Closes its input, which means that it should exit, and kills it where it has not after two seconds.
    func stop() { self.requestSource.yield(.stop) }

    /// Ends it: SIGTERM, and SIGKILL after two seconds.
    func kill() { self.requestSource.yield(.kill) }

    /// Starts it and waits for its end.
    ///
    /// Not ended by cancellation of the task, but by ``stop()`` and ``kill()``.
    func run() async -> End {
        // A child that is gone must not end the server that writes to it.
        signal(SIGPIPE, SIG_IGN)
        let started = Task { await self.start() }
        return await started.value
    }

    private func start() async -> End {
        var options = PlatformOptions()
        options.processGroupID = 0
        let environment = self.command.environment.map { Array("\($0.key)=\($0.value)".utf8) + [0] }
        do {
            let result = try await Subprocess.run(
                .path(FilePath(self.command.executable)),
                arguments: Arguments(self.command.arguments),
                environment: .custom(environment),
                workingDirectory: FilePath(self.command.folder),
                platformOptions: options,
                input: .inputWriter,
                output: .sequence,
                error: .sequence
            ) { execution in
                self.limit(execution.processIdentifier.value)
                await self.serve(execution)
            }
            switch result.terminationStatus {
            case .exited(let code): return .exited(code)
            case .signaled(let signal): return .signalled(signal)
            }
        } catch {
            return .notStarted("\(error)")
        }
    }

    private func serve(_ execution: Execution<CustomWriteInput, SequenceOutput, SequenceOutput>) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.write(to: execution.standardInputWriter) }
            group.addTask {
                await self.readOutput(execution.standardOutput)
                self.requestSource.yield(.outputEnded)
            }
            group.addTask { await self.readComplaints(execution.standardError) }
            var steps: [TeardownStep] = [
                .gracefulShutDown(toProcessGroup: true, allowedDurationToNextStep: .seconds(2))
            ]
            for await request in self.requests {
                // Signal 0 is none: the child has the time to end by itself, with its own status.
                if request != .kill {
                    steps.insert(.send(signal: Signal(rawValue: 0), allowedDurationToNextStep: .seconds(2)), at: 0)
                }
                break
            }
            self.inputSource.finish()
            await execution.teardown(using: steps)
            // What the child started and left behind. Its own id is still taken, since nobody has asked for its status.
            try? execution.send(signal: .kill, toProcessGroup: true)
            group.cancelAll()
        }
    }

    private func write(to writer: StandardInputWriter) async {
        for await line in self.input {
            let bytes = line + [0x0A]
            // A child that closed its input gets nothing more; its next ping finds that out.
            guard let count = try? await writer.write(bytes), count == bytes.count else { break }
        }
        try? await writer.finish()
    }

    private func readOutput(_ output: SubprocessOutputSequence) async {
        var splitter = LineSplitter(limit: PluginFrame.maximumBytes)
        func handle(_ lines: [LineSplitter.Line]) {
            for line in lines { self.handle(line.isCut ? .lineTooLong : .line(line.bytes)) }
        }
        do {
            for try await buffer in output {
                handle(buffer.withUnsafeBytes { splitter.append($0) })
                await Self.giveWay(after: buffer.count)
            }
        } catch {}
        handle(splitter.finish())
    }

    private func readComplaints(_ output: SubprocessOutputSequence) async {
        var splitter = LineSplitter(limit: Self.maximumComplaintBytes)
        do {
            for try await buffer in output {
                for line in buffer.withUnsafeBytes({ splitter.append($0) }) { self.handle(.complaint(line.bytes)) }
                await Self.giveWay(after: buffer.count)
            }
        } catch {}
        for line in splitter.finish() { self.handle(.complaint(line.bytes)) }
    }

    /// Reads a child that writes without end slowly: a read that finds something never waits, so that such a child would
    /// have a thread for itself.
    private static func giveWay(after count: Int) async {
        guard count >= Self.floodBytes else { return await Task.yield() }
        // The machine's clock: it holds back a stream, and no answer depends on it.
        try? await ContinuousClock().sleep(for: .milliseconds(2))
    }

    /// A read of at least this many bytes is one of many.
    private static let floodBytes = 32_768

    /// Bounds what the process may use.
    ///
    /// It runs already by then, for a moment without these limits; what it starts later inherits them.
    private func limit(_ process: pid_t) {
        _ = limit_process(process, UInt64(self.command.memory ?? 0))
    }
}
