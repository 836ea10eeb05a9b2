import Foundation
import GRDB
import Messages
import Synchronization
import Testing

@testable import Store

@Suite("store: backup, restore and checks")
struct BackupTests {
    private let folder: StoreFolder

    init() throws { self.folder = try StoreFolder() }

    private static let key = StoreKey(id: "k", bytes: Array(repeating: 3, count: 32))

    private func fill(_ store: MessageStore, _ numbers: ClosedRange<Int>) async {
        var room = TestRoom(top: numbers.lowerBound - 1)
        for number in numbers { store.append(.message(room.next("marker \(number)", id: "m\(number)"))) }
        _ = try? await store.room(room.session, of: room.site)
    }

    @Test("a backup that is made beside traffic is the store at one moment, and restored it has another epoch")
    func backup() async throws {
        let folder = self.folder
        let (path, epoch) = (folder.file("backup.sqlite"), "part.run")
        try await folder.withStore { store async throws in
            await self.fill(store, 1...1_000)
            async let done = store.backup(to: path)
            await self.fill(store, 1_001...1_500)
            #expect(try await 1_000...1_500 ~= done)
        }
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(!FileManager.default.fileExists(atPath: path + ".partial"))
        let tops = try await folder.withStore { [try await $0.room(TestRoom().session, of: .default).top] }
        #expect(tops == [1_500])
        try MessageStore.restore(from: path, to: folder.options)
        try await folder.withStore { store async throws in
            let room = try await store.room(TestRoom().session, of: .default)
            #expect(1_000...1_500 ~= room.top)
            #expect(room.messages.map(\.seq) == Array(room.top - 99...room.top))
            #expect(room.epoch != epoch)
            #expect(try await store.verify().isSound)
            #expect(try await store.search(SearchQuery("marker", limit: 1_000)).messages.count == 1_000)
        }
        // The store that was replaced is whole.
        let replaced = try MessageStore.open(
            StoreOptions(path: folder.path + ".replaced"),
            as: .tool,
            time: folder.time.storeTime
        )
        #expect(try await replaced.statistics().messages == 1_500)
        replaced.close()
    }

    @Test("what a crash left of an earlier backup or restore is in nobody's way")
    func leftovers() async throws {
        let folder = self.folder
        let path = folder.file("backup.sqlite")
        let nonsense = Data(repeating: 0x41, count: 10_000)
        try nonsense.write(to: URL(fileURLWithPath: path + ".partial"))
        try await folder.withStore { store async throws in
            await self.fill(store, 1...10)
            try await store.backup(to: path)
        }
        try nonsense.write(to: URL(fileURLWithPath: folder.path + ".partial"))
        try MessageStore.restore(from: path, to: folder.options)
        let tops = try await folder.withStore { [try await $0.room(TestRoom().session, of: .default).top] }
        #expect(tops == [10])
    }

    @Test("I1: a backup of an encrypted store shows no text")
    func encrypted() async throws {
        let folder = self.folder
        var options = folder.options
        options.keys = Self.key.map { StoreKeyRing(active: $0) }
        let path = folder.file("backup.sqlite")
        try await folder.withStore(options) { store async throws in
            await self.fill(store, 1...50)
            try await store.backup(to: path)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)).range(of: Data("marker".utf8)) == nil)
        let error = #expect(throws: StoreError.self) {
            try MessageStore.open(StoreOptions(path: path), as: .tool, time: folder.time.storeTime)
        }
        #expect(error?.code == .missingKey)
    }

    @Test("a backup overwrites nothing, and one that is ended leaves nothing")
    func refused() async throws {
        let folder = self.folder
        let (path, file) = (folder.file("backup.sqlite"), folder.file("precious"))
        try Data("precious".utf8).write(to: URL(fileURLWithPath: file))
        try await folder.withStore { store async throws in
            await self.fill(store, 1...2_000)
            let exists = await #expect(throws: StoreError.self) { try await store.backup(to: file) }
            #expect(exists?.code == .fileExists)
            #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == Data("precious".utf8))
            let nowhere = await #expect(throws: StoreError.self) { try await store.backup(to: path + "/x/y") }
            #expect(nowhere?.code == .cannotOpen)
            let task = Task { try await store.backup(to: path) }
            task.cancel()
            await #expect(throws: StoreError.self) { try await task.value }
        }
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(!FileManager.default.fileExists(atPath: path + ".partial"))
    }

    @Test("a store isn't replaced by what is no backup, nor while a server has it")
    func restoreRefused() async throws {
        let folder = self.folder
        try await folder.withStore { await self.fill($0, 1...10) }
        @Sendable func code(_ path: String) -> StoreError.Code? {
            do {
                try MessageStore.restore(from: path, to: folder.options)
                return nil
            } catch {
                return (error as? StoreError)?.code
            }
        }
        #expect(code(folder.file("nothing")) == .cannotOpen)
        try Data("a shopping list, and nothing else, for the whole week".utf8)
            .write(to: URL(fileURLWithPath: folder.file("text")))
        #expect(code(folder.file("text")) == .notAStore)
        try Data().write(to: URL(fileURLWithPath: folder.file("empty")))
        #expect(code(folder.file("empty")) == .notAStore)
        let foreign = try DatabaseQueue(path: folder.file("foreign"))
        try await foreign.write { try $0.execute(sql: "CREATE TABLE x (y)") }
        try foreign.close()
        #expect(code(folder.file("foreign")) == .notAStore)
        try FileManager.default.copyItem(atPath: folder.path, toPath: folder.file("cut"))
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: folder.file("cut")))
        try handle.truncate(atOffset: 4_096 * 5)
        try handle.close()
        #expect(code(folder.file("cut")) == .corrupt)
        try await folder.withStore { store async throws in
            #expect(code(folder.file("cut")) == .inUse)
            #expect(try await store.statistics().messages == 10)
            #expect(try await store.verify().isSound)
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path + ".replaced"))
        #expect(!FileManager.default.fileExists(atPath: folder.path + ".partial"))
    }

    @Test("a check names what is damaged, and only that")
    func verify() async throws {
        let folder = self.folder
        try await folder.withStore { store async throws in
            await self.fill(store, 1...700)
            let state = ConversationEntry(site: .default, session: TestRoom().session, state: [0x7B, 0x7D])
            store.append(.conversation(state))
            _ = try await store.room(TestRoom().session, of: .default)
            let report = try await store.verify()
            #expect(report.isSound)
            #expect(report.messages == 700)
        }
        try folder.change(
            """
            UPDATE message SET record = x'01' WHERE seq IN (3, 600); UPDATE room SET state = x'01';
            INSERT INTO comment (room, message, record) SELECT id, 'm5', x'0100' FROM room;
            INSERT INTO turn (name, room, seq, opened, attempt, outcome, ended, trace)
            SELECT 'alone', id, 9, 1, 1, 'answered', 2, x'0100' FROM room; DELETE FROM message WHERE seq = 9;
            INSERT INTO message SELECT 9999, 77, seq, epoch, name, speaker, time, record FROM message WHERE seq = 1
            """
        )
        try await folder.withStore { store async throws in
            let report = try await store.verify()
            #expect(!report.isSound)
            let places = report.damaged.map { "\($0.kind) \($0.seq ?? 0) \($0.site)/\($0.session)" }
            #expect(
                places == [
                    "message 3 default/s1", "message 600 default/s1", "trace 9 default/s1", "state 0 default/s1",
                    "comment 0 default/s1",
                ]
            )
            #expect(report.damagedRecords == 5)
            #expect(report.orphans == 1)
            #expect(report.problems.isEmpty)
        }
    }

    @Test("statistics say how much there is, and when a key is to be replaced")
    func statistics() async throws {
        let folder = self.folder
        var options = folder.options
        options.keys = Self.key.map { StoreKeyRing(active: $0) }
        try await folder.withStore(options) { store async throws in
            #expect(try await store.statistics().oldest == nil)
            var room = TestRoom()
            store.append(.message(room.next("x", id: "m1", at: Timestamp(milliseconds: 5), turn: "t1")))
            store.append(.message(room.next("x", id: "m2", at: Timestamp(milliseconds: 7))))
            _ = try await store.room(room.session, of: .default)
            var statistics = try await store.statistics()
            #expect(statistics.messages == 2)
            #expect(statistics.rooms == 1)
            #expect(statistics.turns == 1)
            #expect(statistics.unfinishedTurns == 1)
            #expect(statistics.oldest == Timestamp(milliseconds: 5))
            #expect(statistics.newest == Timestamp(milliseconds: 7))
            #expect(statistics.version == StoreSchema.version)
            #expect(statistics.keys.map(\.records) == [3])
            #expect(statistics.keys.map(\.isDue) == [false])
            folder.time.advance(milliseconds: StoreKey.maximumMilliseconds)
            statistics = try await store.statistics()
            #expect(statistics.keys.map(\.isDue) == [true])
        }
    }

    /// What a program of an earlier version left, without its log: the first so many steps, and a row in each table.
    private func older(_ version: Int, at path: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.write { db in
            for step in StoreSchema.migrations.prefix(version) { try db.execute(sql: step) }
            try db.execute(sql: "PRAGMA application_id = \(StoreSchema.applicationID)")
            try db.execute(sql: "PRAGMA user_version = \(version)")
            var room = TestRoom()
            let codec = RecordCodec(keys: nil)
            try db.execute(
                sql:
                    "INSERT INTO room (id, site, session, part, last_seq, changed, visitor) VALUES (1, 'default', 's1', 'part', 3, 5, 'v1')"
            )
            try db.execute(sql: "INSERT INTO meta (key, value) VALUES ('run', 'run'), ('clean', 1)")
            for number in 1...3 {
                let entry = room.next("marker \(number)", id: "m\(number)")
                let place = RecordPlace.message(site: "default", session: "s1", epoch: entry.epoch, seq: number)
                let record = try codec.seal(MessageContent(page: "/", frame: entry.frame).bytes, at: place)
                try db.execute(
                    sql:
                        "INSERT INTO message (room, seq, epoch, name, speaker, time, record) VALUES (1, ?, ?, ?, 'user', 5, ?)",
                    arguments: [number, entry.epoch, entry.id, Data(record)]
                )
            }
            let trace = try codec.seal(Array("{}".utf8), at: .trace(site: "default", session: "s1", seq: 1, turn: "t1"))
            try db.execute(
                sql:
                    "INSERT INTO turn (name, room, seq, opened, attempt, outcome, ended, trace) VALUES ('t1', 1, 1, 5, 1, 'fell-back', 6, ?), ('t2', 1, 2, 5, 1, NULL, NULL, NULL)",
                arguments: [Data(trace)]
            )
            try db.execute(sql: "INSERT INTO feedback VALUES (1, 'm1', 'up', 5)")
            if version >= 2 {
                try db.execute(
                    sql: "INSERT INTO access VALUES ('family/s1', 'default', 's1', x'00', 9223372036854775807)"
                )
            }
            if version >= 3 {
                let comment = try codec.seal(
                    Array("good".utf8),
                    at: .comment(site: "default", session: "s1", message: "m1")
                )
                try db.execute(
                    sql: "INSERT INTO comment (room, message, record) VALUES (1, 'm1', ?)",
                    arguments: [Data(comment)]
                )
            }
            if version >= 6 {
                try db.execute(sql: "INSERT INTO follow_up VALUES ('t1', 1, 1, 1, x'00', 5, 9, NULL, NULL)")
            }
        }
        try queue.close()
    }

    @Test(
        "a store of each earlier version is copied as it is, and updated with all that it has",
        arguments: 1..<StoreSchema.version
    )
    func migration(version: Int) async throws {
        let folder = self.folder
        try self.older(version, at: folder.path)
        let path = folder.file("backup.sqlite")
        let copier = try folder.open(as: .copier)
        #expect(try await copier.backup(to: path) == 3)
        copier.close()
        let copy = try DatabaseQueue(path: path)
        #expect(try await copy.read { try Int.fetchOne($0, sql: "PRAGMA user_version") } == version)
        try copy.close()
        for role in [StoreRole.reader, .tool, .maintenance] {
            #expect(throws: StoreError.self) { try folder.open(as: role) }
        }
        for isRestored in [false, true] {
            if isRestored { try MessageStore.restore(from: path, to: folder.options) }
            try await folder.withStore { store async throws in
                let room = try await store.room(TestRoom().session, of: .default)
                #expect(room.messages.map(\.text) == ["marker 1", "marker 2", "marker 3"] && room.top == 3)
                #expect(try await store.unfinishedTurns().map(\.turn) == ["t2"])
                #expect(try await store.trace(of: "t1")?.outcome?.outcome == "fell-back")
                #expect(try await store.sessions(of: "v1", at: .default) == [TestRoom().session])
                #expect(try await store.accessEntries().count == (version >= 2 ? 1 : 0))
                #expect(try await store.openFollowUps().count == (version >= 6 ? 1 : 0))
                let filter = StoreFilter(outcome: "fell-back")
                #expect(try await store.search(SearchQuery(filter: filter)).messages.map(\.id) == ["m1"])
                let report = try await store.verify()
                #expect(report.isSound && report.messages == 3)
                #expect(try await store.statistics().version == StoreSchema.version)
                var next = TestRoom(top: 3)
                #expect(await store.store(next.next("after", id: "m4")) == .committed)
            }
        }
    }

    @Test("a backup is read where nothing can be written, and looking at it leaves it as it is")
    func readOnly() async throws {
        let folder = self.folder
        let share = folder.file("share")
        try FileManager.default.createDirectory(atPath: share, withIntermediateDirectories: true)
        let path = share + "/backup.sqlite"
        try await folder.withStore { store async throws in
            await self.fill(store, 1...50)
            #expect(try await store.backup(to: path) == 50)
        }
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        // Changes go into no log: SQLite needs no files beside it.
        #expect(before[18] == 1 && before[19] == 1)
        let store = try MessageStore.open(StoreOptions(path: path), as: .reader, time: folder.time.storeTime)
        #expect(try await store.verify().isSound)
        #expect(try await store.search(SearchQuery("marker", limit: 1_000)).messages.count == 50)
        #expect(try await store.statistics().messages == 50)
        #expect(try FileManager.default.contentsOfDirectory(atPath: share) == ["backup.sqlite"])
        store.close()
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: share) == ["backup.sqlite"])
    }

    @Test("who wants to end a backup while it is checked is heard: there is no file")
    func endedInCheck() async throws {
        let folder = self.folder
        let path = folder.file("backup.sqlite")
        try await folder.withStore { store async throws in
            await self.fill(store, 1...2_000)
            let ends = Mutex(0)
            let work = Mutex<Task<Int, any Error>?>(nil)
            let task = Task {
                try await store.backup(to: path) { step in
                    // The first time the last page was copied, the second time the copy was checked.
                    guard step.done == step.total,
                        ends.withLock({
                            $0 += 1; return $0
                        }) == 2
                    else { return }
                    while work.withLock({ $0?.cancel() }) == nil { sched_yield() }
                }
            }
            work.withLock { $0 = task }
            let error = await #expect(throws: StoreError.self) { try await task.value }
            #expect(error?.code == .cancelled)
            #expect(!FileManager.default.fileExists(atPath: path))
            #expect(!FileManager.default.fileExists(atPath: path + ".partial"))
            #expect(try await store.backup(to: path) == 2_000)
        }
        let before = try Data(contentsOf: URL(fileURLWithPath: folder.path))
        let ends = Mutex(0)
        let error = #expect(throws: StoreError.self) {
            try MessageStore.restore(from: path, to: folder.options) { step in
                guard step.done == step.total else { return }
                if ends.withLock({
                    $0 += 1; return $0
                }) == 2 {
                    throw CancellationError()
                }
            }
        }
        #expect(error?.code == .cancelled && ends.withLock { $0 } == 2)
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path)) == before)
        #expect(!FileManager.default.fileExists(atPath: folder.path + ".replaced"))
        #expect(!FileManager.default.fileExists(atPath: folder.path + ".partial"))
    }
}
