import Foundation
import GRDB
import Messages
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
            async let done: Void = store.backup(to: path)
            await self.fill(store, 1_001...1_500)
            try await done
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
            INSERT INTO message SELECT 9999, 77, seq, epoch, name, speaker, time, record FROM message WHERE seq = 1
            """
        )
        try await folder.withStore { store async throws in
            let report = try await store.verify()
            #expect(!report.isSound)
            #expect(report.damaged.map(\.seq) == [3, 600])
            #expect(report.damagedRecords == 3)
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
}
