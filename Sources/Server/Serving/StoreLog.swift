internal import Access
internal import Foundation
internal import Hub
internal import Logging
internal import Messages
internal import Responders
internal import ServiceLifecycle
internal import Store
internal import Transport

/// Joins the hub and the store: what is said goes into the store, and rooms come back from it.
///
/// Safe on any thread. Reads are tasks of this service, so each has an owner that waits for it.
final class StoreLog: MessageLog, AccessLog, Service {
    private typealias Read = @Sendable () async -> Void

    let store: MessageStore
    private let clocks: any Clocks
    private let logger: Logger
    private let reads: AsyncStream<Read>
    private let readInput: AsyncStream<Read>.Continuation

    /// - Parameters:
    ///   - store: Open; run by somebody else.
    ///   - clocks: The time of day.
    ///   - logger: Where it is noted that something can't be read, without a word of what was said.
    init(_ store: MessageStore, clocks: any Clocks, logger: Logger) {
        self.store = store
        self.clocks = clocks
        self.logger = logger
        // Handshakes and requests wait for them, and those are limited.
        (self.reads, self.readInput) = AsyncStream.makeStream()
    }

    /// Reads what is asked for, until a graceful shutdown.
    func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for await read in self.reads { group.addTask { await read() } }
            }
        } onGracefulShutdown: {
            self.readInput.finish()
        }
    }

    var isAccepting: Bool {
        switch self.store.health.state {
        case .healthy, .memoryOnly: true
        case .failing, .stopped: false
        }
    }

    /// Whether the server can do its work, as `/readyz` says.
    var readiness: Readiness {
        switch self.store.health.state {
        case .healthy: .ready
        case .memoryOnly(let error): .degraded(reason: error.code.rawValue)
        case .failing(let error): .notReady("store failing", reason: error.code.rawValue)
        case .stopped: .notReady("store failing", reason: StoreError.Code.stopped.rawValue)
        }
    }

    func append(_ record: LoggedMessage, completion: @escaping @Sendable (LogOutcome) -> Void) -> LogAdmission {
        let entry = MessageEntry(
            record.message,
            site: record.room.site,
            session: record.room.session,
            epoch: record.epoch,
            seq: record.seq,
            page: record.page,
            frame: record.frame.json,
            turn: record.turnID.map { TurnOpening(turn: $0) }
        )
        let result = self.store.append(.message(entry)) { outcome in
            switch outcome {
            case .committed, .duplicate: completion(.kept)
            case .memoryOnly: completion(.memoryOnly)
            case .failed: completion(.failed)
            }
        }
        return switch result {
        case .queued: .taken
        case .memoryOnly: .memoryOnly
        case .refused: .notNow
        }
    }

    func restore(_ key: RoomKey, completion: @escaping @Sendable (Result<RestoredRoom, ClientError>) -> Void) {
        self.read(completion) { try await RestoredRoom(self.store.room(key.session, of: key.site), at: self.clocks) }
    }

    func history(
        of key: RoomKey,
        before seq: Int,
        limit: Int,
        in epoch: String,
        completion: @escaping @Sendable (Result<(frames: [[UInt8]], isComplete: Bool), ClientError>) -> Void
    ) {
        self.read(completion) {
            let page = try await self.store.history(key.session, of: key.site, before: seq, limit: limit, in: epoch)
            return (page.messages.map(\.frame), page.isComplete)
        }
    }

    func hasReply(_ id: String, in key: RoomKey) async throws(ClientError) -> Bool {
        do {
            return try await self.store.message(id, session: key.session, of: key.site)?.speaker == .claude
        } catch {
            self.logger.error("Store can't be read", metadata: ["store.error": "\(error)"])
            throw Self.unavailable
        }
    }

    func keep(
        _ rating: Rating,
        in key: RoomKey,
        at timestamp: Timestamp,
        completion: @escaping @Sendable (Bool) -> Void
    ) {
        let feedback = Feedback(
            site: key.site,
            session: key.session,
            message: rating.reply,
            value: Feedback.Value(rating.value),
            comment: rating.comment,
            time: timestamp
        )
        let result = self.store.append(.feedback(feedback)) { outcome in
            switch outcome {
            case .committed, .duplicate, .memoryOnly: completion(true)
            case .failed: completion(false)
            }
        }
        if result != .queued { completion(result == .memoryOnly) }
    }

    private func read<T: Sendable>(
        _ completion: @escaping @Sendable (Result<T, ClientError>) -> Void,
        _ body: @escaping @Sendable () async throws -> T
    ) {
        let result = self.readInput.yield {
            do { completion(.success(try await body())) } catch {
                self.logger.error("Store can't be read", metadata: ["store.error": "\(error)"])
                completion(.failure(Self.unavailable))
            }
        }
        if case .terminated = result { completion(.failure(Self.unavailable)) }
    }

    private static let unavailable = ClientError(
        .unavailable,
        "the messages can't be read at the moment",
        retryAfterMilliseconds: 5_000
    )

    func append(_ record: AccessRecord) {
        let entry = AccessEntry(
            key: record.key,
            site: record.site,
            session: record.session,
            visitor: record.visitor,
            value: record.value,
            expires: record.expires
        )
        self.store.append(.access(entry))
    }

    func flush() async -> Bool {
        if await self.store.flush() { return true }
        if case .memoryOnly = self.store.health.state { return true }
        return false
    }

    /// What decided who was let in when the server last stopped.
    ///
    /// - Returns: The records.
    /// - Throws: A ``StoreError``.
    func accessRecords() async throws -> [AccessRecord] {
        try await self.store.accessEntries().map { entry in
            AccessRecord(
                key: entry.key,
                site: entry.site,
                session: entry.session,
                value: entry.value,
                expires: entry.expires
            )
        }
    }

    /// The message of a number; nothing where it is gone.
    ///
    /// - Throws: `unavailable`.
    func message(_ seq: Int, in key: RoomKey) async throws(ClientError) -> StoredMessage? {
        do {
            let page = try await self.store.history(key.session, of: key.site, before: seq + 1, limit: 1)
            return page.messages.last { $0.seq == seq }
        } catch {
            self.logger.error("Store can't be read", metadata: ["store.error": "\(error)"])
            throw Self.unavailable
        }
    }

    /// Notes how a turn ended, and why.
    ///
    /// - Parameters:
    ///   - turnID: The turn.
    ///   - result: What became of it.
    ///   - trace: The record of it.
    func turnEnded(_ turnID: String, _ result: ChainResult, _ trace: TurnTrace) {
        self.turnEnded(turnID, result.outcome.rawValue, rule: result.effects.rule) { trace.json }
    }

    /// The record of a turn; nothing where none is kept.
    ///
    /// - Throws: `unavailable`.
    func trace(of turnID: String) async throws(ClientError) -> [UInt8]? {
        do {
            return try await self.store.trace(of: turnID)?.outcome?.trace
        } catch {
            self.logger.error("Store can't be read", metadata: ["store.error": "\(error)"])
            throw Self.unavailable
        }
    }

    /// Notes how a turn ended.
    func turnEnded(
        _ turnID: String,
        _ outcome: String,
        rule: String? = nil,
        record: (@Sendable () -> [UInt8])? = nil
    ) {
        let outcome = TurnOutcome(
            turn: turnID,
            outcome: outcome,
            time: self.clocks.timestamp(),
            rule: rule.flatMap { $0.utf8.count <= TurnOutcome.ruleBytes ? $0 : nil },
            trace: TurnOutcome.noTrace
        )
        self.store.append(.turnEnded(outcome, record: record))
    }
}

extension Feedback.Value {
    fileprivate init(_ value: Rating.Value) {
        self =
            switch value {
            case .up: .up
            case .down: .down
            case .none: .none
            }
    }
}

extension RestoredRoom {
    /// A room as the hub takes it up.
    fileprivate init(_ stored: StoredRoom, at clocks: any Clocks) {
        let now = clocks.timestamp().milliseconds
        self.init(
            epoch: stored.epoch,
            top: stored.top,
            frames: stored.messages.map(\.frame),
            remembered: stored.remembered.map { message in
                // A clock that was set back makes it no older than it is.
                let age = UInt64(max(0, now - message.time.milliseconds)) * 1_000_000
                return Remembered(
                    id: message.id,
                    seq: message.seq,
                    text: message.text,
                    age: age,
                    replies: message.replies
                )
            },
            standing: stored.state.flatMap { Standing(stored: $0) } ?? Standing()
        )
    }
}
