internal import Crypto
internal import FoundationEssentials
internal import Hub
internal import Messages
internal import Observability
internal import Plugins
internal import Responders
internal import Store
internal import Synchronization

/// The turns whose responders have promised one more reply.
///
/// Where messages are kept in a store, so are promises: whoever was given a token may show it to the next run of the server.
/// Any thread.
final class FollowUps: Sendable {
    private struct State {
        /// By the id of the turn.
        var open: [String: Promise] = [:]
        /// Those of them that are in no file, though there is a store: nothing could be written.
        var unkept: Set<String> = []
        /// What became of the last ones, until the store has it.
        var ended: [String: FollowUpEntry] = [:]
        var endedInOrder: [String] = []
    }

    /// How many promises may be open; whoever makes one more has it broken at once.
    static let capacity = 10_000
    private static let rememberedEndings = 1_000

    private let state = Mutex(State())
    private let clocks: any Clocks
    /// Keeps promises beyond the end of the server; nothing where nothing is kept.
    private let log: StoreLog?
    private let counters: [Result: Counter]

    private enum Result: String, CaseIterable { case kept, expired, refused }

    init(clocks: any Clocks = SystemClocks(), log: StoreLog? = nil, metrics: MetricsRegistry = MetricsRegistry()) {
        self.clocks = clocks
        self.log = log
        self.counters = Dictionary(
            uniqueKeysWithValues: Result.allCases.map { result in
                let help = "Replies that responders had promised for later."
                return (
                    result, metrics.counter("chat_follow_ups_total", help: help, labels: ["result": result.rawValue])
                )
            }
        )
    }

    /// Keeps the promise of a turn that has ended, if it made one; called before its replies are shown.
    ///
    /// A crash then leaves a promise without a reply, whose turn is run again, and never a reply without its promise.
    ///
    /// - Returns: The promise, for ``open(_:)`` once the replies are shown; nothing where there is none.
    func promise(of result: ChainResult, to message: InboundMessage, in room: Room) -> Promise? {
        guard result.outcome == .answered, let followUp = result.replies.lazy.compactMap(\.followUp).first,
            result.replies.count < Chain.maximumReplies
        else {
            if message.attempt > 1 { self.forget(message.turnID) }
            return nil
        }
        let promise = Promise(followUp, result.replies.count + 1, message, in: room, at: self.clocks.timestamp())
        if let log, log.store.append(.followUp(promise.entry)) != .queued {
            self.state.withLock { _ = $0.unkept.insert(promise.turn) }
        }
        return promise
    }

    /// Takes the reply from now on that was promised.
    ///
    /// - Returns: Whether there was room; the visitor was told otherwise.
    func open(_ promise: Promise) -> Bool {
        promise.hold()
        let isTaken = self.state.withLock { state in
            guard state.open.count < Self.capacity else { return false }
            state.open[promise.turn] = promise
            return true
        }
        if !isTaken {
            self.note(.expired, of: promise)
            promise.tell()
        }
        return isTaken
    }

    /// Takes up the promises that earlier runs of the server have made.
    ///
    /// To be called before anybody comes.
    ///
    /// - Parameter hub: Has their rooms.
    /// - Returns: Those that somebody has to look after.
    /// - Throws: A `StoreError`.
    func restore(in hub: Hub) async throws -> [Promise] {
        guard let log else { return [] }
        let now = self.clocks.timestamp()
        let promises = try await log.store.openFollowUps().map { Promise($0, in: hub, log, at: now) }
        self.state.withLock { state in
            for promise in promises { state.open[promise.turn] = promise }
        }
        return promises
    }

    /// Keeps a promise: shows the reply in the room of its turn.
    ///
    /// - Parameters:
    ///   - turn: The id of the turn, of any length.
    ///   - token: What the responder was given, of any length.
    ///   - body: What it says, as a reply of a plugin is written.
    /// - Returns: Whether there is such a promise; the same for one that was kept, that is over, and that never was.
    /// - Throws: `bad_request` or `too_large` where the body is none; `unavailable` where the room can't be read now: the
    ///   promise stays open then.
    func keep(_ turn: String, _ token: String, _ body: [UInt8]) async throws(ClientError) -> Bool {
        let digest = SHA256.hash(data: Data(token.utf8))
        let promise = self.state.withLock { state -> Promise? in
            // Equal in constant time.
            state.open[turn].flatMap { digest == $0.entry.digest ? $0 : nil }
        }
        guard let promise else {
            self.counters[.refused]?.increment()
            return false
        }
        let reply = try Room.Answer(followUp: body)
        // Somebody else may have been faster.
        guard self.close(promise) else { return false }
        let isThere: Bool
        do {
            isThere = try await promise.show { _ in reply }
        } catch {
            self.state.withLock { $0.open[turn] = $0.open[turn] ?? promise }
            // Whoever looked after it may have found it gone when its time ran out.
            if self.clocks.timestamp() >= promise.entry.expires { await self.expire(promise) }
            throw error
        }
        self.note(.kept, of: promise)
        promise.end()
        return isThere
    }

    /// Tells the visitor that no reply came, where it hasn't.
    func expire(_ promise: Promise) async {
        guard self.close(promise) else { return }
        self.note(.expired, of: promise)
        // Where the room can't be read, nobody can be told either.
        _ = try? await promise.show { Room.Answer($0.texts.promiseMissed) }
        promise.end()
    }

    /// The server begins to stop: whoever waits for a promise that is kept nowhere is told now, while they are still there.
    func suspendAll() {
        for promise in self.state.withLock({ Array($0.open.values) }) { self.suspend(promise) }
    }

    /// The server stops: where the promise is kept nowhere, the visitor is told now.
    func suspend(_ promise: Promise) {
        guard !self.isKept(promise), self.close(promise) else { return }
        self.note(.expired, of: promise)
        promise.tell()
    }

    /// Whether the next run of the server knows a promise.
    private func isKept(_ promise: Promise) -> Bool {
        guard let log else { return false }
        if case .memoryOnly = log.store.health.state { return false }
        return !self.state.withLock { $0.unkept.contains(promise.turn) }
    }

    /// What is known of the promise of a turn, for its record; nothing where it made none.
    ///
    /// - Throws: A `StoreError`.
    func entry(of turn: String) async throws -> FollowUpEntry? {
        let known = self.state.withLock { $0.open[turn]?.entry ?? $0.ended[turn] }
        if let known { return known }
        return try await self.log?.store.followUp(of: turn)
    }

    /// The turn was run again, and promises nothing.
    private func forget(_ turn: String) {
        guard let promise = self.state.withLock({ $0.open.removeValue(forKey: turn) }) else { return }
        self.note(.dropped, of: promise)
        promise.end()
    }

    /// - Returns: Whether it was open.
    private func close(_ promise: Promise) -> Bool {
        self.state.withLock { state in
            guard state.open[promise.turn] === promise else { return false }
            state.open[promise.turn] = nil
            state.unkept.remove(promise.turn)
            return true
        }
    }

    /// Notes what became of a promise.
    private func note(_ result: FollowUpEnding.Result, of promise: Promise) {
        let ending = FollowUpEnding(result, at: self.clocks.timestamp())
        switch result {
        case .kept: self.counters[.kept]?.increment()
        case .expired: self.counters[.expired]?.increment()
        case .dropped: break
        }
        self.log?.store.append(.followUpEnded(turn: promise.turn, ending))
        var entry = promise.entry
        entry.ending = ending
        self.state.withLock { [entry] state in
            if state.ended.updateValue(entry, forKey: entry.turn) == nil { state.endedInOrder.append(entry.turn) }
            guard state.endedInOrder.count > Self.rememberedEndings else { return }
            state.ended[state.endedInOrder.removeFirst()] = nil
        }
    }
}

extension Room.Answer {
    /// The reply that a plugin had promised.
    ///
    /// - Throws: `bad_request` or `too_large`, with everything that is wrong with it.
    fileprivate init(followUp body: [UInt8]) throws(ClientError) {
        do throws(WireProblems) {
            self.init(try Reply(followUp: body))
        } catch {
            let isTooLong = error.all.allSatisfy { $0.code == "too-long" }
            throw ClientError(
                isTooLong ? .tooLarge : .badRequest,
                error.all.map(\.description).joined(separator: " | ")
            )
        }
    }
}
