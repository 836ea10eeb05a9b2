import Foundation
import GRDB
import Messages
import Testing

@testable import Store

@Suite("store: erasure and retention")
struct ErasureTests {
    private let folder: StoreFolder

    init() throws { self.folder = try StoreFolder() }

    private func fill(_ store: MessageStore, _ session: String, _ count: Int, visitor: String? = nil) async {
        var room = TestRoom(session)
        for number in 1...count {
            // Words of their own for each message, so that the index has many.
            let text = "\(session)secret\(number) \(session)word\(number % 7)"
            let turn = "t-\(session)-\(number)"
            let entry = room.next(
                text,
                id: "\(session)-\(number)",
                at: self.folder.time.now,
                page: "/\(session)page",
                turn: turn,
                visitor: visitor
            )
            store.append(.message(entry))
            let trace = Array(#"{"why":"\#(session)trace"}"#.utf8)
            let time = self.folder.time.now
            store.append(.turnEnded(TurnOutcome(turn: turn, outcome: "answered", time: time, trace: trace)))
        }
        let feedback = Feedback(
            site: room.site,
            session: room.session,
            message: "\(session)-1",
            value: .up,
            comment: "\(session)comment",
            time: self.folder.time.now
        )
        store.append(.feedback(feedback))
        let state = Array(#"{"topic":"\#(session)state"}"#.utf8)
        store.append(.conversation(ConversationEntry(site: room.site, session: room.session, state: state)))
        let access = AccessEntry(
            key: "family/\(session)",
            site: room.site,
            session: room.session,
            value: Array("\(session)holder".utf8),
            expires: Timestamp(milliseconds: .max)
        )
        store.append(.access(access))
        _ = try? await store.room(room.session, of: room.site)
    }

    @Test("I9: what was erased is in no file: no text, word, page, trace, state, id or name", arguments: [1, 700])
    func erase(count: Int) async throws {
        let folder = self.folder
        try await folder.withStore { store async throws in
            await self.fill(store, "keep", 300)
            await self.fill(store, "gone", count)
            await self.fill(store, "more", 300)
            #expect(try folder.bytes().range(of: Data("gonesecret".utf8)) != nil)
            let session = try #require(SessionID("gone"))
            let certificate = try await store.erase(session, of: .default)
            #expect(certificate.sessions == [session])
            #expect(certificate.messages == count)
            #expect(certificate.turns == count)
            #expect(certificate.feedback == 1)
            #expect(try folder.bytes().range(of: Data("gone".utf8)) == nil)
            #expect(try await store.search(SearchQuery("gone*")).messages.isEmpty)
            #expect(try await store.room(session, of: .default).top == 0)
            #expect(try await store.search(SearchQuery("keepsecret7")).messages.count == 1)
            #expect(try await store.room(TestRoom("keep").session, of: .default).messages.count == 100)
            #expect(try await store.verify().isSound)
            let again = try await store.erase(session, of: .default)
            #expect(again.sessions.isEmpty && again.messages == 0)
        }
        #expect(try folder.bytes().range(of: Data("gone".utf8)) == nil)
    }

    @Test("all sessions of a visitor are erased, and nobody else's of the same name at another site")
    func visitor() async throws {
        try await self.folder.withStore { store async throws in
            await self.fill(store, "a", 3, visitor: "v1")
            await self.fill(store, "b", 4, visitor: "v1")
            await self.fill(store, "c", 5, visitor: "v2")
            var other = TestRoom("a", site: "other")
            #expect(await store.store(other.next("stays", id: "m1", visitor: "v1")) == .committed)
            let certificate = try await store.erase(visitor: "v1", of: .default)
            #expect(Set(certificate.sessions.map(\.rawValue)) == ["a", "b"])
            #expect(certificate.messages == 7)
            #expect(try await store.statistics().messages == 6)
        }
    }

    @Test("words of a damaged message are taken out of the index too")
    func damaged() async throws {
        let folder = self.folder
        try await folder.withStore { store async throws in
            await self.fill(store, "keep", 20)
            await self.fill(store, "gone", 20)
        }
        try folder.change("UPDATE message SET record = zeroblob(length(record)) WHERE name = 'gone-7'")
        try await folder.withStore { store async throws in
            let certificate = try await store.erase(try #require(SessionID("gone")), of: .default)
            #expect(certificate.messages == 20)
            #expect(try await store.search(SearchQuery("keepsecret7")).messages.count == 1)
        }
        #expect(try folder.bytes().range(of: Data("gone".utf8)) == nil)
    }

    @Test("a store that was told to erase while nothing can be written says so and erases nothing")
    func locked() async throws {
        let folder = self.folder
        try await folder.withStore { store async throws in
            await self.fill(store, "keep", 5)
            let end = try StoreFailureTests.Fault.locked.begin(store)
            let error = await #expect(throws: StoreError.self) {
                try await store.erase(TestRoom("keep").session, of: .default)
            }
            #expect(error?.code == .locked)
            try end()
            #expect(try await store.statistics().messages == 5)
        }
    }

    @Test("messages go after their days, by site, and the number of the room goes on")
    func age() async throws {
        let folder = self.folder
        try await folder.withStore { store async throws in
            await self.fill(store, "old", 600)
            var shop = TestRoom("old", site: "shop")
            #expect(await store.store(shop.next("x", id: "m1", at: folder.time.now)) == .committed)
            folder.time.advance(milliseconds: 20 * 86_400_000)
            var room = TestRoom("old", top: 600)
            #expect(await store.store(room.next("new", id: "n1", at: folder.time.now)) == .committed)
            folder.time.advance(milliseconds: 11 * 86_400_000)
            let shopID = try #require(SiteID("shop"))
            let policy = RetentionPolicy(days: 30, daysOfSites: [shopID: 365])
            let result = try await store.retain(policy)
            #expect(result.messages == 600)
            #expect(result.rooms == 0)
            let restored = try await store.room(room.session, of: .default)
            #expect(restored.messages.map(\.id) == ["n1"])
            #expect(restored.top == 601)
            #expect(try await store.room(shop.session, of: shopID).top == 1)
            #expect(try await store.verify().isSound)
            folder.time.advance(milliseconds: 400 * 86_400_000)
            let later = try await store.retain(policy)
            #expect(later.messages == 2)
            #expect(later.rooms == 2)
            #expect(try await store.retain(policy) == RetentionResult())
        }
    }

    @Test("the oldest messages go until the store is small enough, and the file with them")
    func size() async throws {
        try await self.folder.withStore { store async throws in
            await self.fill(store, "a", 3_000)
            let before = try await store.statistics()
            let result = try await store.retain(RetentionPolicy(maximumBytes: before.bytes / 2))
            let after = try await store.statistics()
            #expect(result.messages > 0 && result.messages < 3_000)
            #expect(after.bytes <= before.bytes / 2)
            #expect(result.freedBytes == before.bytes - after.bytes)
            #expect(after.freeBytes == 0)
            let room = try await store.room(TestRoom("a").session, of: .default)
            #expect(room.messages.map(\.seq) == Array(2_901...3_000))
            #expect(try await store.verify().isSound)
        }
    }

    @Test("traces go after their days, and their messages and outcomes stay")
    func traces() async throws {
        let folder = self.folder
        try await folder.withStore { store async throws in
            var room = TestRoom("a")
            for number in 1...700 {
                let entry = room.next("x", id: "m\(number)", at: folder.time.now, turn: "t\(number)")
                #expect(await store.store(entry) == .committed)
                let trace = Array(#"{"turn":"t\#(number)"}"#.utf8)
                let outcome = TurnOutcome(turn: "t\(number)", outcome: "answered", time: folder.time.now, trace: trace)
                #expect(await store.store(.turnEnded(outcome)) == .committed)
                if number == 600 { folder.time.advance(milliseconds: 20 * 86_400_000) }
            }
            folder.time.advance(milliseconds: 11 * 86_400_000)
            let result = try await store.retain(RetentionPolicy(traceDays: 30))
            #expect(result.messages == 0 && result.traces == 600)
            let old = try #require(try await store.trace(of: "t600"))
            #expect(old.outcome?.outcome == "answered" && old.outcome?.trace == TurnOutcome.noTrace)
            let new = try #require(try await store.trace(of: "t601"))
            #expect(new.outcome.map { String(decoding: $0.trace, as: UTF8.self) } == #"{"turn":"t601"}"#)
            #expect(try await store.verify().isSound)
        }
    }

    @Test("nothing goes where nothing is said")
    func keep() async throws {
        try await self.folder.withStore { store async throws in
            await self.fill(store, "a", 3)
            self.folder.time.advance(milliseconds: 10_000 * 86_400_000)
            #expect(try await store.retain(RetentionPolicy()).messages == 0)
        }
    }

    @Test(
        "an erasure that can't end while somebody reads is begun again, and the certificate counts all of it",
        arguments: [true, false]
    )
    func certifiedLater(isEncrypted: Bool) async throws {
        let folder = self.folder
        var options = folder.options
        options.keys =
            isEncrypted ? StoreKey(id: "k", bytes: Array(repeating: 3, count: 32)).map { .init(active: $0) } : nil
        try await folder.withStore(options) { store async throws in
            await self.fill(store, "keep", 5)
            await self.fill(store, "gonea", 40, visitor: "v1")
            await self.fill(store, "goneb", 3, visitor: "v1")
            let end = try folder.reading()
            let error = await #expect(throws: StoreError.self) { try await store.erase(visitor: "v1", of: .default) }
            #expect(error?.code == .locked)
            #expect(try await store.statistics().messages == 5)
            try end()
            let certificate = try await store.erase(visitor: "v1", of: .default)
            #expect(Set(certificate.sessions.map(\.rawValue)) == ["gonea", "goneb"])
            #expect(certificate.messages == 43 && certificate.turns == 43 && certificate.feedback == 2)
            #expect(try folder.bytes().range(of: Data("gone".utf8)) == nil)
            // What was certified isn't certified once more.
            let again = try await store.erase(visitor: "v1", of: .default)
            #expect(again.sessions.isEmpty && again.messages == 0)
            #expect(try await store.verify().isSound)
        }
    }

    @Test("an erasure that is ended after each of its steps is certified as a whole by the last call")
    func certifiedInSteps() async throws {
        let folder = self.folder
        try await folder.withStore { store async throws in
            await self.fill(store, "gone", 1_200)
            let session = try #require(SessionID("gone"))
            for _ in 0..<2 {
                let task = Task {
                    try await store.erase(session, of: .default) { _ in withUnsafeCurrentTask { $0?.cancel() } }
                }
                let error = await #expect(throws: StoreError.self) { try await task.value }
                #expect(error?.code == .cancelled)
            }
            #expect(try await store.statistics().messages == 200)
            let certificate = try await store.erase(session, of: .default)
            #expect(certificate.messages == 1_200 && certificate.turns == 1_200 && certificate.feedback == 1)
            #expect(certificate.sessions == [session])
        }
        #expect(try folder.bytes().range(of: Data("gone".utf8)) == nil)
    }
}
