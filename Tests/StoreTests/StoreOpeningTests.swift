import Foundation
import GRDB
import Messages
import Testing

@testable import Store

@Suite("store: opening")
struct StoreOpeningTests {
    private let folder: StoreFolder

    init() throws { self.folder = try StoreFolder() }

    private func error(_ options: StoreOptions? = nil, as role: StoreRole = .server) -> StoreError? {
        do {
            try self.folder.open(options, as: role).close()
            return nil
        } catch {
            return error as? StoreError
        }
    }

    @Test("a second server is refused while the first one has the store, a tool isn't")
    func lock() throws {
        let store = try self.folder.open()
        let expected =
            "\(self.folder.path): another server has this store; end it, or name another file [store-in-use]"
        #expect(self.error()?.description == expected)
        try self.folder.open(as: .tool).close()
        store.close()
        #expect(self.error() == nil)
    }

    @Test("a store has one lock, by whatever links it is named")
    func links() throws {
        let folder = self.folder
        let (link, second) = (folder.file("link.sqlite"), folder.file("second.sqlite"))
        // One that is made by its link is made where the link leads.
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "chat.sqlite")
        try FileManager.default.createSymbolicLink(atPath: second, withDestinationPath: link)
        let store = try folder.open(StoreOptions(path: link))
        #expect(store.options.path == folder.path && FileManager.default.fileExists(atPath: folder.path))
        for path in [folder.path, link, second] {
            #expect(self.error(StoreOptions(path: path))?.code == .inUse)
            #expect(self.error(StoreOptions(path: path), as: .maintenance)?.code == .inUse)
        }
        #expect(throws: StoreError.self) { try MessageStore.restore(from: second, to: StoreOptions(path: link)) }
        store.close()
        #expect(self.error(StoreOptions(path: second)) == nil)
        // Links that lead in a circle are no file, and end.
        let (a, b) = (folder.file("a"), folder.file("b"))
        try FileManager.default.createSymbolicLink(atPath: a, withDestinationPath: "b")
        try FileManager.default.createSymbolicLink(atPath: b, withDestinationPath: "a")
        #expect(self.error(StoreOptions(path: a))?.code == .cannotOpen)
    }

    @Test("nothing but a server makes a store of an empty file")
    func empty() throws {
        try Data().write(to: URL(fileURLWithPath: self.folder.path))
        let expected = "\(self.folder.path): is empty; name another file, or start a server with it [not-a-store]"
        for role in [StoreRole.reader, .copier, .tool, .maintenance] {
            #expect(self.error(as: role)?.description == expected)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: self.folder.url.path) == ["chat.sqlite"])
        #expect(self.error() == nil)
    }

    @Test("a tool reads beside a server and appends nothing")
    func tool() async throws {
        let folder = self.folder
        try await folder.withStore { store in
            var room = TestRoom()
            #expect(await store.store(room.next("hello", id: "m1")) == .committed)
            let tool = try folder.open(as: .tool)
            #expect(try await tool.message("m1", session: room.session, of: .default)?.text == "hello")
            #expect(tool.append(.message(room.next("no", id: "m2"))) == .refused)
            tool.close()
            #expect(await store.store(.message(TestRoom.second())) == .committed)
        }
    }

    @Test("a tool makes no store where none is")
    func noStore() {
        #expect(self.error(as: .tool)?.code == .cannotOpen)
        #expect(!FileManager.default.fileExists(atPath: self.folder.path))
    }

    @Test("a store of a later version is refused and stays as it is")
    func newer() throws {
        try self.folder.open().close()
        try self.folder.change("PRAGMA user_version = 99")
        let expected =
            "\(self.folder.path): was written by a later version (99, this program knows \(StoreSchema.version)); "
            + "start that version [newer-store]"
        #expect(self.error()?.description == expected)
        #expect(self.error(as: .tool)?.code == .newerVersion)
        let queue = try DatabaseQueue(path: self.folder.path)
        #expect(try queue.read { try Int.fetchOne($0, sql: "PRAGMA user_version") } == 99)
    }

    @Test("a database of another program and a file that is none are refused and stay as they are")
    func foreign() throws {
        try self.folder.change("CREATE TABLE bookmarks (url TEXT)")
        let before = try Data(contentsOf: URL(fileURLWithPath: self.folder.path))
        #expect(self.error()?.code == .notAStore)
        #expect(self.error(as: .tool)?.code == .notAStore)
        #expect(try Data(contentsOf: URL(fileURLWithPath: self.folder.path)) == before)
        let text = Data("These are the shopping lists of a whole year, not a database.".utf8)
        try text.write(to: URL(fileURLWithPath: self.folder.path))
        #expect(self.error()?.code == .notAStore)
        #expect(try Data(contentsOf: URL(fileURLWithPath: self.folder.path)) == text)
    }

    @Test("a folder that isn't there is named")
    func noFolder() {
        let error = self.error(StoreOptions(path: self.folder.path + "/nowhere/chat.sqlite"))
        #expect(error?.code == .cannotOpen)
        #expect(error?.place.hasSuffix("/nowhere/chat.sqlite") == true)
    }

    @Test(
        "every commit is on the disk before it is acknowledged: WAL, synchronous FULL; only the owner reads the files"
    )
    func durability() throws {
        let store = try self.folder.open()
        let pragmas = ["synchronous", "journal_mode", "secure_delete", "auto_vacuum"]
        let values = try store.pool.writeWithoutTransaction { db in
            try pragmas.map { try String.fetchOne(db, sql: "PRAGMA \($0)") }
        }
        #expect(values == ["2", "wal", "1", "2"])
        for suffix in ["", "-wal", "-shm", ".lock"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: self.folder.path + suffix)
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(suffix)")
        }
        store.close()
    }

    @Test("after a stop in good order the one file is the whole store")
    func oneFile() async throws {
        try await self.folder.withStore { store in
            var room = TestRoom()
            #expect(await store.store(room.next("hello", id: "m1")) == .committed)
        }
        let copy = try StoreFolder()
        try FileManager.default.copyItem(atPath: self.folder.path, toPath: copy.path)
        try await copy.withStore { store in
            let message = try await store.message("m1", session: TestRoom().session, of: .default)
            #expect(message?.text == "hello")
        }
    }

    @Test("what is called after the end fails and doesn't hang")
    func afterClose() async throws {
        let store = try self.folder.open()
        store.finish()
        await store.run()
        #expect(store.health.state == .stopped)
        store.close()
        var room = TestRoom()
        #expect(store.append(.message(room.next("x", id: "m1"))) == .refused)
        await #expect(throws: StoreError.self) { try await store.room(room.session, of: .default) }
        await store.run()
    }
}

extension TestRoom {
    fileprivate static func second() -> MessageEntry {
        var room = TestRoom(top: 1)
        return room.next("again", id: "m2")
    }
}
