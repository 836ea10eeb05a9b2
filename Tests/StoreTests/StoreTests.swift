import Foundation
import GRDB
import Messages
import Synchronization
import Testing

@testable import Store

@Suite("store: what was said is kept")
struct StoreTests {
    private let folder: StoreFolder

    init() throws { self.folder = try StoreFolder() }

    @Test("a message is read back as it was, with its page and its frame byte by byte")
    func roundTrip() async throws {
        var room = TestRoom()
        let entry = room.next("Größe \"42\" \u{1F600}\n", id: "m1", page: "/shop?x", turn: "t1")
        try await self.folder.withStore { store in
            #expect(await store.store(entry) == .committed)
            let message = try #require(try await store.message("m1", session: entry.session, of: entry.site))
            #expect(message.text == "Größe \"42\" \u{1F600}\n")
            #expect(message.page == "/shop?x")
            #expect(message.frame == entry.frame)
            #expect(message.speaker == .user)
            #expect(message.clientMessageID == "m1")
            #expect(try await store.message("m2", session: entry.session, of: entry.site) == nil)
        }
    }

    @Test("a room is restored with its epoch, number, messages and ids after a stop in good order")
    func restart() async throws {
        let first = try await self.folder.withStore { store in
            let empty = try await store.room(TestRoom().session, of: .default)
            #expect(empty.top == 0)
            var room = TestRoom(epoch: empty.epoch)
            for number in 1...3 {
                #expect(await store.store(room.next("question \(number)", id: "m\(number)")) == .committed)
                #expect(await store.store(room.next("answer", id: "re:m\(number)", .claude)) == .committed)
            }
            #expect(await store.store(room.next("more", id: "re:m2:3", .claude)) == .committed)
            return room
        }
        try await self.folder.withStore { store in
            let room = try await store.room(first.session, of: .default)
            #expect(room.epoch == first.epoch)
            #expect(room.top == 7)
            #expect(room.messages.map(\.seq) == Array(1...7))
            #expect(room.messages.map(\.id) == ["m1", "re:m1", "m2", "re:m2", "m3", "re:m3", "re:m2:3"])
            #expect(room.remembered.map(\.id) == ["m1", "m2", "m3"])
            #expect(room.remembered.map(\.text) == ["question 1", "question 2", "question 3"])
            #expect(room.remembered.map(\.replies) == [0b10, 0b1010, 0b10])
            #expect(!room.isDamaged)
            // A store that was only looked at has lost nothing either.
        }
        try await self.folder.withStore { store in
            let room = try await store.room(first.session, of: .default)
            #expect(room.epoch == first.epoch)
        }
    }

    @Test("J1: after a stop without an end the messages are there and the epoch is another, also in their frames")
    func uncleanStop() async throws {
        var room = TestRoom()
        let store = try self.folder.open()
        let writer = Task { await store.run() }
        room.epoch = try await store.room(room.session, of: .default).epoch
        #expect(await store.store(room.next("hello", id: "m1")) == .committed)
        // What a power cut leaves: the files as they are.
        let copy = try StoreFolder()
        for name in ["chat.sqlite", "chat.sqlite-wal"] {
            try FileManager.default.copyItem(
                at: self.folder.url.appendingPathComponent(name),
                to: copy.url.appendingPathComponent(name)
            )
        }
        store.finish()
        await writer.value
        store.close()

        let before = room.epoch
        try await copy.withStore { store in
            let restored = try await store.room(TestRoom().session, of: .default)
            #expect(restored.epoch != before)
            #expect(roomPart(of: restored.epoch) == roomPart(of: before))
            #expect(restored.top == 1)
            let frame = String(decoding: try #require(restored.messages.first).frame, as: UTF8.self)
            #expect(frame.contains(#""epoch":"\#(restored.epoch)""#))
            #expect(!frame.contains(before))
            #expect(restored.messages.first?.text == "hello")
        }
    }

    @Test("rooms of two sites never meet, whatever their sessions are called")
    func sites() async throws {
        try await self.folder.withStore { store in
            var one = TestRoom("same", site: "one")
            var two = TestRoom("same", site: "two")
            #expect(await store.store(one.next("first", id: "m1")) == .committed)
            #expect(await store.store(two.next("second", id: "m1")) == .committed)
            let restored = try await store.room(one.session, of: one.site)
            #expect(restored.messages.map(\.text) == ["first"])
            #expect(try await store.room(two.session, of: two.site).messages.map(\.text) == ["second"])
            #expect(try await store.room(one.session, of: .default).top == 0)
        }
    }

    @Test("what was sent again lands once: under its number, under another one, and not beyond the window")
    func duplicates() async throws {
        try await self.folder.withStore { store in
            var room = TestRoom()
            let first = room.next("hello", id: "m1")
            #expect(await store.store(first) == .committed)
            #expect(await store.store(first) == .committed)
            #expect(await store.store(room.next("hello", id: "m1")) == .duplicate(seq: 1))
            room.top -= 1
            for number in 2...101 { #expect(await store.store(room.next("x", id: "n\(number)")) == .committed) }
            // 100 messages later, but within five minutes; and an hour before, since a clock may be set back.
            #expect(await store.store(room.next("hello", id: "m1")) == .duplicate(seq: 1))
            folder.time.advance(milliseconds: -3_600_000)
            #expect(await store.store(room.next("hello", id: "m1")) == .duplicate(seq: 1))
            folder.time.advance(milliseconds: 3_600_000 + 300_000)
            room.top = 101
            #expect(await store.store(room.next("hello", id: "m1")) == .committed)
            let message = try await store.message("m1", session: room.session, of: .default)
            #expect(message?.seq == 102)
        }
    }

    @Test("a number that is another message's is refused, and the batch around it is stored")
    func conflict() async throws {
        try await self.folder.withStore { store in
            var room = TestRoom()
            var other = TestRoom()
            #expect(await store.store(room.next("one", id: "m1")) == .committed)
            guard case .failed(let error) = await store.store(other.next("two", id: "m2")) else {
                Issue.record("stored")
                return
            }
            #expect(error.code == .positionTaken)
            #expect(await store.store(room.next("three", id: "m3")) == .committed)
            let restored = try await store.room(room.session, of: .default)
            #expect(restored.messages.map(\.id) == ["m1", "m3"])
        }
    }

    @Test("history is paged from the newest to the oldest, and says when nothing older exists")
    func history() async throws {
        try await self.folder.withStore { store in
            var room = TestRoom()
            for number in 1...25 { store.append(.message(room.next("\(number)", id: "m\(number)"))) }
            _ = try await store.room(room.session, of: .default)
            var pages: [[Int]] = []
            var before: Int?
            repeat {
                let page = try await store.history(room.session, of: .default, before: before, limit: 10, in: "x.y")
                pages.append(page.messages.map(\.seq))
                #expect(page.messages.allSatisfy { $0.epoch == "x.y" })
                before = page.isComplete ? nil : page.messages.first?.seq
            } while before != nil
            #expect(pages == [Array(16...25), Array(6...15), Array(1...5)])
            #expect(try await store.history(room.session, of: .default, before: 1, limit: 10).isComplete)
            #expect(try await store.history(room.session, of: .default, before: -5, limit: -5).messages.isEmpty)
        }
    }

    @Test("a turn is opened by the commit of its message, ended once, and found while it goes on")
    func turns() async throws {
        let folder = self.folder
        try await folder.withStore { store in
            var room = TestRoom()
            for number in 1...3 { store.append(.message(room.next("q", id: "m\(number)", turn: "t\(number)"))) }
            func end(_ turn: String, _ outcome: String) -> StoreEntry {
                .turnEnded(
                    TurnOutcome(turn: turn, outcome: outcome, time: folder.time.now, rule: "a/b", trace: [0x7B, 0x7D])
                )
            }
            #expect(await store.store(end("t2", "answered")) == .committed)
            #expect(await store.store(end("t2", "silent")) == .duplicate(seq: nil))
            guard case .failed(let error) = await store.store(end("t9", "answered")) else {
                Issue.record("stored")
                return
            }
            #expect(error.code == .unknownTurn)
            let turn = try #require(try await store.trace(of: "t2"))
            #expect(turn.outcome?.outcome == "answered")
            #expect(turn.outcome?.rule == "a/b")
            #expect(turn.outcome?.trace == [0x7B, 0x7D])
            #expect(turn.seq == 2)
            #expect(try await store.trace(of: "t1")?.outcome == nil)
            #expect(try await store.trace(of: "t9") == nil)
        }
        try await folder.withStore { store in
            let unfinished = try await store.unfinishedTurns()
            #expect(unfinished.map(\.turn) == ["t1", "t3"])
            #expect(unfinished.map(\.message.id) == ["m1", "m3"])
            let room = TestRoom()
            let again = StoreEntry.turnOpened(
                TurnOpening(turn: "t3", attempt: 2),
                site: room.site,
                session: room.session,
                seq: 3
            )
            #expect(await store.store(again) == .committed)
            #expect(try await store.unfinishedTurns().map(\.attempt) == [1, 2])
        }
    }

    @Test("conversations that are a person's are found again, in the order in which they changed, and no others")
    func attended() async throws {
        @Sendable func entry(_ name: String, _ state: String, _ isAttended: Bool) -> ConversationEntry? {
            SessionID(name).map { session in
                ConversationEntry(site: .default, session: session, state: Array(state.utf8), isAttended: isAttended)
            }
        }
        let changes = [entry("a", "1", true), entry("b", "2", false), entry("c", "3", true), entry("a", "4", true)]
        try await self.folder.withStore { store in
            for change in changes + [entry("c", "5", false), entry("d", "6", true)] {
                let change = try #require(change)
                #expect(await store.store(.conversation(change)) == .committed)
            }
        }
        try await self.folder.withStore { store in
            let found = try await store.attendedConversations()
            #expect(found == [entry("a", "4", true), entry("d", "6", true)])
        }
    }

    @Test("the state of a conversation is the last one that was stored")
    func conversation() async throws {
        try await self.folder.withStore { store in
            let room = TestRoom()
            for text in ["{}", #"{"state":"human"}"#] {
                let entry = ConversationEntry(site: room.site, session: room.session, state: Array(text.utf8))
                #expect(await store.store(.conversation(entry)) == .committed)
            }
            let state = try #require(try await store.room(room.session, of: room.site).state)
            #expect(String(decoding: state, as: UTF8.self) == #"{"state":"human"}"#)
        }
    }

    @Test("completions come in the order of the entries, after the commit, and none is forgotten at the end")
    func order() async throws {
        let seen = Mutex<[Int]>([])
        try await self.folder.withStore { store in
            var room = TestRoom()
            for number in 1...500 {
                store.append(.message(room.next("x", id: "m\(number)"))) { outcome in
                    #expect(outcome == .committed)
                    seen.withLock { $0.append(number) }
                }
            }
        }
        #expect(seen.withLock { $0 } == Array(1...500))
        let queue = try DatabaseQueue(path: self.folder.path)
        #expect(try await queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM message") } == 500)
    }

    @Test("what is out of its bounds is refused, and what came with it is stored")
    func bounds() async throws {
        try await self.folder.withStore { store in
            var room = TestRoom()
            let good = room.next("x", id: "m1")
            var entries: [MessageEntry] = []
            for change: (inout MessageEntry) -> Void in [
                { $0.id = "" }, { $0.id = String(repeating: "x", count: 81) }, { $0.seq = 0 }, { $0.seq = -1 },
                { $0.epoch = "" }, { $0.epoch = "A|B" }, { $0.page = String(repeating: "p", count: 2_049) },
                { $0.frame = Array(repeating: 0, count: StoreOptions.recordBytes + 1) },
                { $0.visitor = String(repeating: "v", count: 257) }, { $0.turn = TurnOpening(turn: "") },
            ] {
                var entry = good
                change(&entry)
                entries.append(entry)
            }
            for entry in entries {
                guard case .failed(let error) = await store.store(entry) else {
                    Issue.record("stored")
                    continue
                }
                #expect(error.code == .invalidEntry)
            }
            #expect(await store.store(good) == .committed)
        }
    }

    @Test("texts that look like SQL, hold U+0000 or nothing at all are texts")
    func hostileTexts() async throws {
        let texts = [
            "'; DROP TABLE message; --", "a\u{0}b", "", "\u{202E}", "%s%n", String(repeating: "x", count: 16_384),
        ]
        try await self.folder.withStore { store in
            var room = TestRoom()
            for (index, text) in texts.enumerated() {
                #expect(await store.store(room.next(text, id: "m\(index)", page: text.prefix(100) + "")) == .committed)
            }
            let restored = try await store.room(room.session, of: .default)
            #expect(restored.messages.map(\.text) == texts)
            #expect(restored.messages.map(\.page) == texts.map { String($0.prefix(100)) })
        }
    }

    @Test("a room is restored with the newest 100 messages, fewer where they are large")
    func window() async throws {
        try await self.folder.withStore { store in
            var room = TestRoom("small")
            for number in 1...130 { store.append(.message(room.next("x", id: "m\(number)"))) }
            let small = try await store.room(room.session, of: .default)
            #expect(small.messages.map(\.seq) == Array(31...130))
            #expect(small.remembered.count == 130)
            var large = TestRoom("large")
            let text = String(repeating: "x", count: 16_000)
            for number in 1...30 { store.append(.message(large.next(text, id: "m\(number)"))) }
            let restored = try await store.room(large.session, of: .default)
            #expect(restored.messages.last?.seq == 30)
            #expect(restored.messages.reduce(0) { $0 + $1.frame.count } <= StoreOptions.recentBytes)
            #expect(restored.messages.count == 16)
        }
    }
}
