import Foundation
import GRDB
import Messages
import Synchronization
import Testing

@testable import Store

@Suite("store: what it can't write it doesn't acknowledge")
struct StoreFailureTests {
    private let folder: StoreFolder

    init() throws { self.folder = try StoreFolder() }

    /// A way to make writing impossible for a while.
    enum Fault: String, CaseIterable, Sendable {
        case diskFull, readOnly, locked, fileRemoved

        var code: StoreError.Code {
            switch self {
            case .diskFull: .diskFull
            case .readOnly: .readOnly
            case .locked: .locked
            case .fileRemoved: .fileRemoved
            }
        }

        /// Begins it.
        ///
        /// - Returns: Ends it.
        func begin(_ store: MessageStore) throws -> @Sendable () throws -> Void {
            let path = store.options.path
            switch self {
            case .diskFull:
                // No page more than there are: SQLite reports a full disk.
                try store.pool.writeWithoutTransaction { db in
                    _ = try Int.fetchOne(db, sql: "PRAGMA max_page_count = 1")
                }
                return {
                    try store.pool.writeWithoutTransaction { db in
                        _ = try Int.fetchOne(db, sql: "PRAGMA max_page_count = 1000000")
                    }
                }
            case .readOnly:
                try store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = ON") }
                return { try store.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = OFF") } }
            case .locked:
                var configuration = Configuration()
                configuration.allowsUnsafeTransactions = true
                let other = try DatabaseQueue(path: path, configuration: configuration)
                try other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
                return { try other.writeWithoutTransaction { try $0.execute(sql: "COMMIT") } }
            case .fileRemoved:
                try FileManager.default.moveItem(atPath: path, toPath: path + ".moved")
                return { try FileManager.default.moveItem(atPath: path + ".moved", toPath: path) }
            }
        }
    }

    /// A text that needs more pages than a new store has.
    private static let text = String(repeating: "x", count: 16_000)

    @Test(
        "J4: no ack while nothing can be written; what waits is acknowledged once it can, and what comes is refused",
        arguments: Fault.allCases
    )
    func refuse(fault: Fault) async throws {
        let folder = self.folder
        let outcomes = Mutex<[AppendOutcome]>([])
        let kept = try await folder.withStore { store in
            var room = TestRoom()
            #expect(await store.store(room.next("before", id: "m1")) == .committed)
            let end = try fault.begin(store)
            for number in 2...4 {
                let result = store.append(.message(room.next(Self.text, id: "m\(number)"))) { outcome in
                    outcomes.withLock { $0.append(outcome) }
                }
                // The writer may have found out between two of them.
                if result == .refused { room.top -= 1 }
            }
            let kept = room.top
            await folder.time.untilSomebodySleeps()
            guard case .failing(let error) = store.health.state else {
                Issue.record("\(store.health)")
                return kept
            }
            #expect(error.code == fault.code)
            #expect(error.description.hasPrefix(folder.path))
            #expect(!error.description.contains("xxx"))
            #expect(outcomes.withLock { $0 } == [])
            #expect(store.health.queuedEntries == kept - 1)
            #expect(store.append(.message(room.next("refused", id: "m9"))) == .refused)
            await #expect(throws: StoreError.self) { try await store.room(room.session, of: .default) }
            // Of another room nothing waits.
            if fault != .fileRemoved {
                #expect(try await store.room(TestRoom("other").session, of: .default).top == 0)
            }
            try end()
            folder.time.wake()
            await folder.untilRecovered()
            #expect(store.health.state == .healthy)
            var last = TestRoom(top: kept)
            #expect(await store.store(last.next("after", id: "m5")) == .committed)
            let restored = try await store.room(room.session, of: .default)
            #expect(restored.messages.map(\.seq) == Array(1...kept + 1))
            return kept
        }
        #expect(outcomes.withLock { $0 } == Array(repeating: .committed, count: kept - 1))
    }

    @Test(
        "J4: with on_failure memory the chat goes on, and rooms have another epoch from then on",
        arguments: Fault.allCases
    )
    func memory(fault: Fault) async throws {
        var options = self.folder.options
        options.failurePolicy = .memory
        let folder = self.folder
        try await folder.withStore(options) { store in
            var room = TestRoom()
            room.epoch = try await store.room(room.session, of: .default).epoch
            #expect(await store.store(room.next("before", id: "m1")) == .committed)
            let end = try fault.begin(store)
            #expect(await store.store(room.next(Self.text, id: "m2")) == .memoryOnly)
            guard case .memoryOnly(let error) = store.health.state else {
                Issue.record("\(store.health)")
                return
            }
            #expect(error.code == fault.code)
            #expect(store.append(.message(room.next("lost", id: "m3"))) == .memoryOnly)
            #expect(store.health.memoryOnlyEntries == 2)
            // A room that is read now must not take up the numbers of what is lost.
            if fault != .fileRemoved {
                let during = try await store.room(room.session, of: .default)
                let again = try await store.room(room.session, of: .default)
                #expect(during.top == 1)
                #expect(Set([room.epoch, during.epoch, again.epoch]).count == 3)
            }
            await folder.time.untilSomebodySleeps()
            try end()
            folder.time.wake()
            await folder.untilRecovered()
            var other = TestRoom("s2")
            #expect(await store.store(other.next("after", id: "m1")) == .committed)
            let restored = try await store.room(room.session, of: .default)
            #expect(restored.epoch != room.epoch)
            #expect(try await store.room(room.session, of: .default).epoch == restored.epoch)
        }
    }

    @Test("what can't be written before the end is reported, and the next start has another epoch")
    func endWhileFailing() async throws {
        let folder = self.folder
        let epoch = try await folder.withStore { try await $0.room(TestRoom().session, of: .default).epoch }
        try await folder.withStore { store in
            var room = TestRoom(epoch: epoch)
            let end = try Fault.locked.begin(store)
            async let outcome = store.store(room.next("x", id: "m1"))
            await folder.time.untilSomebodySleeps()
            store.finish()
            folder.time.wake()
            guard case .failed(let error) = await outcome else {
                Issue.record("not reported")
                return
            }
            #expect(error.code == .locked)
            try end()
        }
        try await folder.withStore { store in
            let room = try await store.room(TestRoom().session, of: .default)
            #expect(room.top == 0)
            #expect(room.epoch.split(separator: ".").last != epoch.split(separator: ".").last)
        }
    }

    @Test("another file that is put in the place of the store is neither read nor written")
    func replaced() async throws {
        let folder = self.folder
        try await folder.withStore { store async throws in
            var room = TestRoom()
            #expect(await store.store(room.next("before", id: "m1")) == .committed)
            for suffix in ["", "-wal", "-shm"] {
                try FileManager.default.moveItem(atPath: folder.path + suffix, toPath: folder.path + ".moved" + suffix)
            }
            let other = try StoreFolder()
            let entry = room.next("other", id: "m2")
            try await other.withStore { _ = await $0.store(entry) }
            try FileManager.default.copyItem(atPath: other.path, toPath: folder.path)
            let error = await #expect(throws: StoreError.self) {
                try await store.room(TestRoom().session, of: .default)
            }
            #expect(error?.code == .fileRemoved)
            #expect(store.append(.message(room.next("lost", id: "m3"))) == .queued)
            await folder.time.untilSomebodySleeps()
            store.finish()
            folder.time.wake()
        }
        try await folder.withStore { store async throws in
            #expect(try await store.statistics().messages == 1)
        }
    }

    @Test("the queue is bounded in entries and in bytes")
    func bounds() async throws {
        var options = self.folder.options
        options.queuedEntries = 3
        let few = try self.folder.open(options)
        var room = TestRoom()
        let results = (1...5).map { few.append(.message(room.next("x", id: "m\($0)"))) }
        #expect(results == [.queued, .queued, .queued, .refused, .refused])
        #expect(few.health.refusedEntries == 2)
        few.close()
        options.queuedEntries = 1_000
        options.queuedBytes = 40_000
        let small = try self.folder.open(options)
        let sizes = (1...5).map { small.append(.message(room.next(Self.text, id: "n\($0)"))) }
        #expect(sizes == [.queued, .queued, .refused, .refused, .refused])
        #expect(small.health.queuedBytes <= 40_000)
        small.close()
    }

    @Test("J5: a damaged record leaves the hub a room without it and another epoch, and is never shown in part")
    func damagedRecord() async throws {
        let folder = self.folder
        let epoch = try await folder.withStore { store in
            var room = TestRoom()
            room.epoch = try await store.room(room.session, of: .default).epoch
            for number in 1...5 { store.append(.message(room.next("secret \(number)", id: "m\(number)"))) }
            return room.epoch
        }
        try folder.change(
            "UPDATE message SET record = CAST(substr(record, 1, 40) || x'00' || substr(record, 42) AS BLOB) WHERE seq = 3"
        )
        try await folder.withStore { store in
            let room = try await store.room(TestRoom().session, of: .default)
            #expect(room.isDamaged)
            #expect(room.epoch != epoch)
            #expect(room.top == 5)
            #expect(room.messages.map(\.seq) == [4, 5])
            let page = try await store.history(TestRoom().session, of: .default, limit: 10)
            #expect(page.messages.map(\.seq) == [1, 2, 4, 5])
            #expect(page.damaged == [3])
            await #expect(throws: StoreError.self) {
                try await store.message("m3", session: TestRoom().session, of: .default)
            }
            #expect(store.health.damagedRecords == 3)
        }
    }

    @Test("J5: pages that a disk has overwritten are reported, and another room goes on")
    func damagedPages() async throws {
        let folder = self.folder
        try await folder.withStore { store in
            for name in ["a", "b"] {
                var room = TestRoom(name)
                for number in 1...40 { store.append(.message(room.next(Self.text, id: "m\(number)"))) }
            }
        }
        // The texts of the first room lie in the pages at the beginning, behind the tables' roots.
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: folder.path))
        try handle.seek(toOffset: 4_096 * 60)
        try handle.write(contentsOf: Data(repeating: 0xA5, count: 4_096 * 20))
        try handle.close()
        try await folder.withStore { store in
            for name in ["a", "b"] {
                do {
                    let room = try await store.room(TestRoom(name).session, of: .default)
                    for message in room.messages { #expect(message.text == Self.text) }
                } catch let error as StoreError {
                    #expect(error.code == .corrupt)
                }
            }
            var room = TestRoom("c")
            #expect(await store.store(room.next("x", id: "m1")) == .committed)
        }
    }

    @Test(
        "J3: a clock that jumps changes neither the order nor what is known",
        arguments: [3_600_000, -3_600_000] as [Int64]
    )
    func clock(jump: Int64) async throws {
        let folder = self.folder
        try await folder.withStore { store in
            var room = TestRoom()
            for number in 1...3 {
                #expect(await store.store(room.next("x", id: "m\(number)", at: folder.time.now)) == .committed)
                folder.time.advance(milliseconds: jump)
            }
            #expect(await store.store(room.next("x", id: "m1", at: folder.time.now)) == .duplicate(seq: 1))
            let restored = try await store.room(room.session, of: .default)
            #expect(restored.messages.map(\.id) == ["m1", "m2", "m3"])
            #expect(restored.remembered.map(\.id) == ["m1", "m2", "m3"])
        }
    }
}
