import Foundation
import GRDB
import Messages
import Synchronization

@testable import Store

/// A folder of its own for one test, removed when the test is over.
final class StoreFolder: Sendable {
    let url: URL
    let time = TestTime()
    /// What the stores of the folder told.
    let events = Mutex<[StoreEvent]>([])
    private let (recoveries, noteRecovery) = AsyncStream.makeStream(of: Void.self)

    init() throws {
        self.url = FileManager.default.temporaryDirectory.appendingPathComponent("store-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: self.url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: self.url) }

    var path: String { self.url.appendingPathComponent("chat.sqlite").path }

    var options: StoreOptions { StoreOptions(path: self.path, busyMilliseconds: 0) }

    func open(_ options: StoreOptions? = nil, as role: StoreRole = .server) throws -> MessageStore {
        try MessageStore.open(options ?? self.options, as: role, time: self.time.storeTime) { event in
            self.events.withLock { $0.append(event) }
            if case .health(.healthy) = event { self.noteRecovery.yield() }
        }
    }

    /// Opens a store, runs it for as long as `body` takes, and ends it in good order.
    func withStore<T: Sendable>(
        _ options: StoreOptions? = nil,
        _ body: @Sendable (MessageStore) async throws -> T
    ) async throws -> T {
        let store = try self.open(options)
        defer { store.close() }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await store.run() }
            let result = await Result { try await body(store) }
            store.finish()
            // A test that failed may have left the writer asleep.
            if case .failure = result { self.time.wake() }
            try await group.waitForAll()
            return try result.get()
        }
    }

    /// Waits until a store can write again.
    func untilRecovered() async {
        for await _ in self.recoveries { return }
    }

    /// Changes the file past the store.
    func change(_ sql: String) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        let queue = try DatabaseQueue(path: self.path, configuration: configuration)
        try queue.write { db in try db.execute(sql: sql) }
        try queue.close()
    }

    /// Somebody who reads the store as it is now until what is returned is called.
    func reading() throws -> () throws -> Void {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let queue = try DatabaseQueue(path: self.path, configuration: configuration)
        try queue.inDatabase { try $0.execute(sql: "BEGIN; SELECT count(*) FROM message") }
        return {
            try queue.inDatabase { try $0.execute(sql: "COMMIT") }
            try queue.close()
        }
    }

    /// A file beside the store.
    func file(_ name: String) -> String { self.url.appendingPathComponent(name).path }

    /// The bytes of all files in the folder.
    func bytes() throws -> Data {
        let names = try FileManager.default.contentsOfDirectory(atPath: self.url.path)
        return try names.reduce(into: Data()) { bytes, name in
            bytes.append(try Data(contentsOf: self.url.appendingPathComponent(name)))
        }
    }
}

extension Result where Failure == any Error, Success: Sendable {
    init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

/// One room as the hub would fill it.
struct TestRoom: Sendable {
    var site: SiteID
    var session: SessionID
    var epoch: String
    var top: Int

    init(_ session: String = "s1", site: String = "default", epoch: String = "part.run", top: Int = 0) {
        guard let site = SiteID(site), let session = SessionID(session) else { fatalError("no names") }
        self.site = site
        self.session = session
        self.epoch = epoch
        self.top = top
    }

    /// The next message of the room.
    mutating func next(
        _ text: String,
        id: String,
        _ speaker: Message.Speaker = .user,
        at time: Timestamp = Timestamp(milliseconds: 1_800_000_000_000),
        page: String = "/",
        turn: String? = nil,
        visitor: String? = nil
    ) -> MessageEntry {
        self.top += 1
        let message = Message(speaker, text, id: id, at: time)
        return MessageEntry(
            message,
            site: self.site,
            session: self.session,
            epoch: self.epoch,
            seq: self.top,
            page: page,
            frame: ServerFrame.durable(message, session: self.session, seq: self.top, epoch: self.epoch),
            turn: turn.map { TurnOpening(turn: $0) },
            visitor: visitor
        )
    }
}

extension MessageStore {
    /// Appends and waits for what becomes of it.
    func store(_ entry: StoreEntry) async -> AppendOutcome? {
        await withCheckedContinuation { continuation in
            let result = self.append(entry) { continuation.resume(returning: $0) }
            if result != .queued { continuation.resume(returning: nil) }
        }
    }

    func store(_ message: MessageEntry) async -> AppendOutcome? { await self.store(.message(message)) }
}
