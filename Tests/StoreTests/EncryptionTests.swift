import Foundation
import GRDB
import Messages
import Testing

@testable import Store

@Suite("store: encryption at rest")
struct EncryptionTests {
    private let folder: StoreFolder

    init() throws { self.folder = try StoreFolder() }

    private static func key(_ id: String, _ byte: UInt8) -> StoreKey {
        guard let key = StoreKey(id: id, bytes: Array(repeating: byte, count: 32)) else { fatalError("no key") }
        return key
    }

    private static let first = StoreKeyRing(active: Self.key("k1", 1))
    private static let second = StoreKeyRing(active: Self.key("k2", 2), others: [Self.key("k1", 1)])

    private func options(_ keys: StoreKeyRing?) -> StoreOptions {
        var options = self.folder.options
        options.keys = keys
        return options
    }

    private func fill(_ store: MessageStore, _ count: Int, _ session: String = "s1") async {
        var room = TestRoom(session)
        for number in 1...count {
            let entry = room.next(
                "marker-text-\(number)",
                id: "m\(number)",
                page: "/marker-page",
                turn: "t\(session)\(number)"
            )
            #expect(await store.store(entry) == .committed)
        }
        let time = self.folder.time.now
        let trace = Array(#"{"why":"marker-trace"}"#.utf8)
        let outcome = TurnOutcome(turn: "t\(session)1", outcome: "answered", time: time, trace: trace)
        #expect(await store.store(.turnEnded(outcome)) == .committed)
        let state = Array(#"{"topic":"marker-state"}"#.utf8)
        let entry = ConversationEntry(site: room.site, session: room.session, state: state)
        #expect(await store.store(.conversation(entry)) == .committed)
        var feedback = Feedback(site: room.site, session: room.session, message: "m1", value: .down, time: time)
        feedback.comment = "marker-comment"
        #expect(await store.store(.feedback(feedback)) == .committed)
    }

    @Test("I1: no text, page, trace or state is in the database, its log or beside it")
    func bytes() async throws {
        let folder = self.folder
        try await folder.withStore(self.options(Self.first)) { store in
            await self.fill(store, 50)
            let open = try folder.bytes()
            #expect(open.range(of: Data("marker".utf8)) == nil)
            #expect(open.range(of: Data(repeating: 1, count: 32)) == nil)
            let room = try await store.room(TestRoom().session, of: .default)
            #expect(room.messages.count == 50)
            #expect(room.messages.allSatisfy { $0.text == "marker-text-\($0.seq)" && $0.page == "/marker-page" })
            #expect(room.state.map { String(decoding: $0, as: UTF8.self) } == #"{"topic":"marker-state"}"#)
            let turn = try await store.trace(of: "ts11")
            #expect(turn?.outcome.map { String(decoding: $0.trace, as: UTF8.self) } == #"{"why":"marker-trace"}"#)
        }
        #expect(try folder.bytes().range(of: Data("marker".utf8)) == nil)
    }

    @Test("the search of bytes finds what isn't encrypted")
    func control() async throws {
        try await self.folder.withStore { await self.fill($0, 3) }
        #expect(try self.folder.bytes().range(of: Data("marker-text-2".utf8)) != nil)
    }

    @Test(
        "I2: a record that was swapped, moved or put into another room is damaged and not shown",
        arguments: [
            """
            UPDATE message SET record = (SELECT record FROM message AS other WHERE other.room = message.room
            AND other.seq = CASE message.seq WHEN 2 THEN 3 ELSE 2 END) WHERE seq IN (2, 3)
            """,
            "UPDATE message SET seq = 9 WHERE seq = 2",
            "UPDATE message SET epoch = 'other.run' WHERE seq = 2",
            "UPDATE room SET session = 's3' WHERE session = 's1'; UPDATE room SET session = 's1' WHERE session = 's2'",
        ],
        [true, false]
    )
    func swapped(sql: String, isEncrypted: Bool) async throws {
        let options = self.options(isEncrypted ? Self.first : nil)
        try await self.folder.withStore(options) { store in
            await self.fill(store, 5)
            await self.fill(store, 5, "s2")
        }
        try self.folder.change(sql)
        try await self.folder.withStore(options) { store in
            let page = try await store.history(TestRoom().session, of: .default, limit: 100)
            #expect(!page.damaged.isEmpty)
            #expect(page.messages.allSatisfy { $0.text == "marker-text-\($0.seq)" })
            let room = try await store.room(TestRoom().session, of: .default)
            #expect(room.isDamaged)
        }
    }

    @Test("I3: every flipped bit of a record and every cut of it is noticed, at its place", arguments: [true, false])
    func flips(isEncrypted: Bool) throws {
        let codec = RecordCodec(keys: isEncrypted ? Self.first : nil)
        let place = RecordPlace.message(site: "default", session: "s1", epoch: "a.b", seq: 7)
        let content = Array("a text".utf8)
        let record = try codec.seal(content, at: place)
        #expect(try codec.open(record, at: place) == content)
        for index in record.indices {
            for bit in 0..<8 {
                var changed = record
                changed[index] ^= 1 << bit
                #expect(throws: RecordCodec.Damaged.self) { try codec.open(changed, at: place) }
            }
        }
        for count in 0..<record.count {
            #expect(throws: RecordCodec.Damaged.self) { try codec.open(Array(record[..<count]), at: place) }
        }
        #expect(throws: RecordCodec.Damaged.self) { try codec.open(record + [0], at: place) }
        let others: [RecordPlace] = [
            .message(site: "defaul", session: "ts1", epoch: "a.b", seq: 7),
            .message(site: "default", session: "s1", epoch: "a.b", seq: 8),
            .trace(site: "default", session: "s1", seq: 7, turn: "a.b"),
        ]
        for other in others { #expect(throws: RecordCodec.Damaged.self) { try codec.open(record, at: other) } }
    }

    @Test("a plain record that somebody put into an encrypted store is damaged")
    func plainRecord() async throws {
        let options = self.options(Self.first)
        try await self.folder.withStore(options) { await self.fill($0, 3) }
        let place = RecordPlace.message(site: "default", session: "s1", epoch: "part.run", seq: 2)
        let forged = try RecordCodec(keys: nil).seal(MessageContent(page: "/", frame: [0x7B, 0x7D]).bytes, at: place)
        let hex = forged.map { String(format: "%02x", $0) }.joined()
        try self.folder.change("UPDATE message SET record = x'\(hex)' WHERE seq = 2")
        try await self.folder.withStore(options) { store in
            let page = try await store.history(TestRoom().session, of: .default, limit: 10)
            #expect(page.damaged == [2])
        }
    }

    @Test("I4: no nonce occurs twice, and the count of records goes on after a restart")
    func nonces() async throws {
        let codec = RecordCodec(keys: Self.first)
        var nonces: Set<[UInt8]> = []
        for _ in 0..<100_000 {
            nonces.insert(Array(try codec.seal([], at: .proof(key: "x"))[4..<16]))
        }
        #expect(nonces.count == 100_000)
        var counts: [Int] = []
        for session in ["a", "b"] {
            counts += try await self.folder.withStore(self.options(Self.first)) { store in
                await self.fill(store, 10, session)
                return [try await store.read { try Int.fetchOne($0, sql: "SELECT records FROM key") ?? 0 }]
            }
        }
        // The proof, and for each session ten messages, a trace and a state.
        #expect(counts == [14, 27])
    }

    @Test("I5: a wrong or missing key is refused with its name; a tool begins no key")
    func wrongKey() async throws {
        try await self.folder.withStore(self.options(Self.first)) { await self.fill($0, 1) }
        func error(_ keys: StoreKeyRing?, _ role: StoreRole = .server) -> String? {
            do {
                try self.folder.open(self.options(keys), as: role).close()
                return nil
            } catch {
                return "\(error)".replacing(self.folder.path, with: "PATH")
            }
        }
        let missing =
            #"PATH: is encrypted with the key "k1", which isn't given; name its file or variable [missing-key]"#
        #expect(error(nil) == missing)
        #expect(error(StoreKeyRing(active: Self.key("k2", 2))) == missing)
        #expect(
            error(StoreKeyRing(active: Self.key("k1", 9)))
                == #"PATH: the key "k1" isn't the one that it was encrypted with; give the right one [wrong-key]"#
        )
        #expect(
            error(Self.second, .tool)
                == #"PATH: the key "k2" is new to it; start the server with it first [wrong-key]"#
        )
        #expect(error(Self.first, .tool) == nil)
        #expect(error(Self.first) == nil)
    }

    @Test("a key has a name and 32 bytes, and doesn't show them")
    func keys() {
        #expect(StoreKey(id: "", bytes: Array(repeating: 7, count: 32)) == nil)
        #expect(StoreKey(id: "a|b", bytes: Array(repeating: 7, count: 32)) == nil)
        #expect(StoreKey(id: "ä", bytes: Array(repeating: 7, count: 32)) == nil)
        #expect(StoreKey(id: String(repeating: "k", count: 33), bytes: Array(repeating: 7, count: 32)) == nil)
        #expect(StoreKey(id: "k", bytes: Array(repeating: 7, count: 31)) == nil)
        #expect(StoreKey(id: "k", bytes: Array(repeating: 7, count: 33)) == nil)
        var text = ""
        dump(Self.first, to: &text)
        #expect(!text.contains("1, 1") && !text.contains("0101"))
    }

    @Test("I6: keys are changed beside traffic; afterwards the old one isn't needed, nor is what was plain readable")
    func rotation() async throws {
        let folder = self.folder
        try await folder.withStore { await self.fill($0, 1_200, "plain") }
        try await folder.withStore(self.options(Self.first)) { await self.fill($0, 20, "old") }
        try await folder.withStore(self.options(Self.second)) { store in
            async let changed = store.rekey()
            await self.fill(store, 200, "new")
            #expect(try await changed >= 1_200 + 20 + 4)
            for (session, count) in [("plain", 100), ("old", 20), ("new", 100)] {
                let room = try await store.room(TestRoom(session).session, of: .default)
                #expect(room.messages.count == count)
                #expect(!room.isDamaged)
            }
            #expect(try folder.bytes().range(of: Data("marker".utf8)) == nil)
        }
        let only = StoreKeyRing(active: Self.key("k2", 2))
        try await folder.withStore(self.options(only)) { store in
            let page = try await store.history(TestRoom("plain").session, of: .default, before: 50, limit: 100)
            #expect(page.messages.count == 49)
            #expect(try await store.rekey() == 0)
        }
    }

    @Test("a change of keys that was ended is taken up again")
    func interruptedRotation() async throws {
        try await self.folder.withStore { await self.fill($0, 1_200) }
        try await self.folder.withStore(self.options(Self.second)) { store in
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: StoreError.self) {
                        try await store.rekey { _ in withUnsafeCurrentTask { $0?.cancel() } }
                    }
                }
            }
            let left = try await store.read { db in
                try Int.fetchOne(db, sql: "SELECT count(*) FROM message WHERE substr(record, 1, 1) = x'01'")
            }
            #expect(left == 700)
            #expect(try await store.rekey() == 703)
            let room = try await store.room(TestRoom().session, of: .default)
            #expect(room.messages.count == 100)
        }
    }

    @Test("without a key nothing can be encrypted")
    func rekeyWithoutKey() async throws {
        try await self.folder.withStore { store in
            await #expect(throws: StoreError.self) { try await store.rekey() }
            return ()
        }
    }

    @Test("a change of keys whose last step failed is ended by the next call: nothing that was plain is in the files")
    func unfinishedRotation() async throws {
        let folder = self.folder
        try await folder.withStore { await self.fill($0, 600) }
        try await folder.withStore(self.options(Self.second)) { store in
            let end = try folder.reading()
            // The log can't be emptied while somebody reads an earlier state.
            let error = await #expect(throws: StoreError.self) { try await store.rekey() }
            #expect(error?.code == .locked)
            #expect(try folder.bytes().range(of: Data("marker".utf8)) != nil)
            try end()
            #expect(try await store.rekey() == 0)
            #expect(try folder.bytes().range(of: Data("marker".utf8)) == nil)
        }
    }

    @Test("until everything is encrypted with the key that is written with, that is said, with how much is left")
    func left() async throws {
        let folder = self.folder
        try await folder.withStore { await self.fill($0, 20) }
        try await folder.withStore(self.options(Self.first)) { store in
            #expect(store.keys.hasOlderRecords && store.keys.newKey == "k1")
            await self.fill(store, 4, "s2")
            var found = try await store.statistics()
            // Twenty messages, a trace, a state and a comment.
            #expect(found.plainRecords == 23 && found.keys.map(\.left) == [7] && found.keys.map(\.isActive) == [true])
            var report = try await store.verify()
            #expect(report.isSound && report.plainRecords == 23)
            #expect(try await store.rekey() == 23)
            found = try await store.statistics()
            report = try await store.verify()
            #expect(found.plainRecords == 0 && found.keys.map(\.left) == [30] && report.plainRecords == 0)
        }
        let again = try folder.open(self.options(Self.first))
        #expect(!again.keys.hasOlderRecords && again.keys.newKey == nil)
        #expect(try await again.statistics().keys.map(\.left) == [nil])
        again.close()
        let second = try folder.open(self.options(Self.second))
        #expect(second.keys.hasOlderRecords && second.keys.newKey == "k2")
        #expect(try await second.statistics().keys.map(\.left) == [30, 0])
        second.close()
    }

    @Test("a key that is due is known when the store is opened")
    func due() throws {
        try self.folder.open(self.options(Self.first)).close()
        let limit = StoreKey.maximumMilliseconds
        let store = try self.folder.open(self.options(Self.first))
        let now = self.folder.time.now.milliseconds
        #expect(!store.keys.isDue(at: Timestamp(milliseconds: now + limit - 1)))
        #expect(store.keys.isDue(at: Timestamp(milliseconds: now + limit)))
        store.close()
        try self.folder.change("UPDATE key SET records = \(StoreKey.maximumRecords)")
        let used = try self.folder.open(self.options(Self.first))
        #expect(used.keys.isDue(at: self.folder.time.now))
        used.close()
    }
}
