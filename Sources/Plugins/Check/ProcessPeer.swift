internal import Diagnostics
internal import Responders
internal import Synchronization

/// A program under check: what it is sent, and what comes back, in order.
final class ProcessPeer: Sendable {
    /// Something that the program did.
    enum Received: Sendable {
        case frame(PluginFrame, line: [UInt8])
        case bad(WireProblems, line: [UInt8])
        case ended(ChildProcess.End)
    }

    private struct State {
        var received: [Received] = []
        var waiter: CheckedContinuation<Received?, Never>?
        /// Counts the waits, so that the end of an earlier one doesn't end a later one.
        var wait = 0
        var lastSent: [UInt8]?
        var lastReceived: [UInt8]?
        var complaints: [String] = []
    }

    private let state = Mutex(State())
    private let config: JSONValue
    private let patience: PluginCheck.Patience

    private init(_ config: JSONValue, _ patience: PluginCheck.Patience) {
        self.config = config
        self.patience = patience
    }

    /// Starts the program for `body`, and ends it afterwards.
    static func run<R: Sendable>(
        _ command: ChildProcess.Command,
        _ config: JSONValue,
        _ patience: PluginCheck.Patience,
        _ body: @Sendable (ProcessPeer, ChildProcess) async throws -> R
    ) async throws -> R {
        let peer = ProcessPeer(config, patience)
        let child = ChildProcess(command) { peer.take($0) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { peer.put(.ended(await child.run())) }
            defer { child.kill() }
            do {
                return try await body(peer, child)
            } catch let fault as PluginCheck.Fault {
                throw peer.complete(fault)
            }
        }
    }

    private func take(_ event: ChildProcess.Event) {
        switch event {
        case .line(let line):
            do throws(WireProblems) {
                self.put(.frame(try PluginFrame(line: line), line: line))
            } catch {
                self.put(.bad(error, line: line))
            }
        case .lineTooLong:
            let problem = WireProblem("line-too-long", "a line of more than \(PluginFrame.maximumBytes) bytes")
            self.put(.bad(WireProblems(all: [problem]), line: []))
        case .complaint(let line):
            self.state.withLock { state in
                // The last ones say why a program ends.
                if state.complaints.count == 5 { state.complaints.removeFirst() }
                state.complaints.append(String(decoding: line.prefix(200), as: UTF8.self))
            }
        }
    }

    private func put(_ received: Received) {
        let waiter = self.state.withLock { state -> CheckedContinuation<Received?, Never>? in
            // A program that writes without end is found out by what it wrote first.
            guard state.received.count < 10_000 else { return nil }
            if state.waiter == nil { state.received.append(received) }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: received)
    }

    /// The next thing that it did; nothing where it did nothing for that long.
    private func next(within limit: Duration) async -> Received? {
        await withTaskGroup(of: Void.self) { group in
            let received: Received? = await withCheckedContinuation { waiter in
                let (first, number) = self.state.withLock { state -> (Received?, Int) in
                    state.wait += 1
                    guard state.received.isEmpty else { return (state.received.removeFirst(), state.wait) }
                    state.waiter = waiter
                    return (nil, state.wait)
                }
                if let first { return waiter.resume(returning: first) }
                group.addTask {
                    try? await ContinuousClock().sleep(for: limit)
                    self.giveUp(number)
                }
            }
            group.cancelAll()
            return received
        }
    }

    private func giveUp(_ number: Int) {
        let waiter = self.state.withLock { state -> CheckedContinuation<Received?, Never>? in
            guard state.wait == number else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: nil)
    }

    private func complete(_ fault: PluginCheck.Fault) -> PluginCheck.Fault {
        self.state.withLock { state in
            let last = PluginCheck.Fault(fault.problem, sent: state.lastSent, received: state.lastReceived)
            var fault = fault
            fault.sent = fault.sent ?? last.sent
            fault.received = fault.received ?? last.received
            if !state.complaints.isEmpty { fault.complaint = logged(state.complaints.joined(separator: " | ")) }
            return fault
        }
    }
}

// MARK: Talking

extension ProcessPeer {
    func send(_ line: [UInt8], to child: ChildProcess) {
        self.state.withLock { $0.lastSent = line }
        _ = child.send(line)
    }

    /// The next frame that isn't a log, or a fault.
    func frame(_ awaited: String, within limit: Duration, code: String, hint: String) async throws -> PluginFrame {
        while true {
            switch await self.next(within: limit) {
            case nil: throw PluginCheck.Fault(code, "no \(awaited) within \(limit.written)", hint: hint)
            case .ended(let end)?: throw PluginCheck.Fault("ended", "the program ended, \(end), before its \(awaited)")
            case .bad(let problems, let line)?:
                self.state.withLock { $0.lastReceived = line }
                throw PluginCheck.Fault(problems.all[0], received: line)
            case .frame(.log, _)?, .frame(.other, _)?: continue
            case .frame(let frame, let line)?:
                self.state.withLock { $0.lastReceived = line }
                return frame
            }
        }
    }

    func hello(_ child: ChildProcess) async throws -> PluginReady {
        self.send(PluginCheck.withUnknownFields(HostFrame.hello(config: self.config).bytes), to: child)
        let hint = #"write {"type":"ready","protocol":1,"name":…,"stages":["answer"]} and flush the output"#
        let frame = try await self.frame("\"ready\"", within: self.patience.start, code: "no-ready", hint: hint)
        guard case .ready(let ready) = frame else {
            throw PluginCheck.Fault("not-ready", "the first line is not of type \"ready\"", hint: hint)
        }
        return ready
    }

    /// The verdict on each of some turns, with the deltas before it.
    func verdicts(on ids: Set<String>) async throws -> [String: (verdict: Verdict, deltas: [String])] {
        var missing = ids
        var deltas: [String: [String]] = [:]
        var verdicts: [String: (verdict: Verdict, deltas: [String])] = [:]
        while !missing.isEmpty {
            let awaited = "verdict on \(missing.sorted().joined(separator: ", "))"
            let hint = "answer each turn before its deadline, and flush the output"
            let frame = try await self.frame(awaited, within: self.patience.answer, code: "no-verdict", hint: hint)
            switch frame {
            case .verdict(let id, let verdict):
                guard missing.remove(id) != nil else { throw Self.foreign(id, isAnswered: verdicts[id] != nil) }
                verdicts[id] = (verdict, deltas[id] ?? [])
            case .delta(let id, let index, let text):
                guard missing.contains(id) else { throw Self.foreign(id, isAnswered: verdicts[id] != nil) }
                let count = deltas[id]?.count ?? 0
                guard index == count else {
                    let hint = "count the deltas of a turn from 0"
                    throw PluginCheck.Fault("bad-stream", "delta.index: \(index) after \(count) deltas", hint: hint)
                }
                deltas[id, default: []].append(text)
            case .ready:
                throw PluginCheck.Fault("ready-again", "a second \"ready\"", hint: "write it once, after hello")
            case .pong: throw PluginCheck.Fault("unasked", "a \"pong\" without a ping")
            case .result: throw PluginCheck.Fault("unasked", "a \"result\" without an action")
            case .log, .other: break
            }
        }
        return verdicts
    }

    /// What came of an action.
    func result(of id: String) async throws -> PluginCheck.Performed {
        let hint = "write {\"type\":\"result\",\"id\":…,\"values\":{…}}"
        switch try await self.frame("result of \(id)", within: self.patience.answer, code: "no-result", hint: hint) {
        case .result(id, let result, let failure): return PluginCheck.Performed(result: result, failure: failure)
        case .result(let other, _, _): throw Self.foreign(other, isAnswered: false)
        case .verdict: throw PluginCheck.Fault("wrong-answer", "an action is answered by a verdict", hint: hint)
        default: throw PluginCheck.Fault("unasked", "a line that nobody asked for", hint: hint)
        }
    }

    private static func foreign(_ id: String, isAnswered: Bool) -> PluginCheck.Fault {
        isAnswered
            ? PluginCheck.Fault("answered-twice", "a second answer to \(id)", hint: "answer each turn once")
            : PluginCheck.Fault(
                "foreign-id",
                "an answer to \"\(id.prefix(64))\", which nobody asked",
                hint: "send back the id of the turn, or of the action"
            )
    }

    /// Makes sure that nothing comes that nobody asked for.
    func expectQuiet() async throws {
        switch await self.next(within: self.patience.quiet) {
        case nil, .frame(.log, _)?, .frame(.other, _)?: return
        case .ended(let end)?:
            throw PluginCheck.Fault("ended", "the program ended, \(end)", hint: "stay until the input is closed")
        case .bad(let problems, let line)?: throw PluginCheck.Fault(problems.all[0], received: line)
        case .frame(.verdict(let id, _), let line)?:
            var fault = Self.foreign(id, isAnswered: true)
            fault.received = PluginCheck.Fault(fault.problem, received: line).received
            throw fault
        case .frame(_, let line)?: throw PluginCheck.Fault("unasked", "a line that nobody asked for", received: line)
        }
    }

    /// Waits for its end.
    func end() async throws -> ChildProcess.End {
        while true {
            switch await self.next(within: self.patience.end) {
            case nil:
                throw PluginCheck.Fault(
                    "ignores-eof",
                    "it still runs \(self.patience.end.written) after its input was closed",
                    hint: "exit at the end of the input"
                )
            case .ended(let end)?: return end
            case .bad(let problems, let line)?: throw PluginCheck.Fault(problems.all[0], received: line)
            case .frame?: continue
            }
        }
    }
}
