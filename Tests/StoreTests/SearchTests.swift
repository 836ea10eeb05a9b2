import Messages
import Testing

@testable import Store

@Suite("store: search")
struct SearchTests {
    private let folder: StoreFolder

    init() throws { self.folder = try StoreFolder() }

    private static let keys = StoreKey(id: "k", bytes: Array(repeating: 3, count: 32)).map { StoreKeyRing(active: $0) }

    private func options(isEncrypted: Bool) -> StoreOptions {
        var options = self.folder.options
        options.keys = isEncrypted ? Self.keys : nil
        return options
    }

    /// Ten messages of two sessions.
    private func fill(_ store: MessageStore) async {
        var one = TestRoom("one")
        var two = TestRoom("two", site: "shop")
        let texts = [
            "Where is my invoice?", "The LOGIN fails", "Rechnung für März", "crème brûlée", "login again", "日本語 テキスト",
        ]
        for (index, text) in texts.enumerated() {
            let time = Timestamp(milliseconds: Int64(index) * 1_000)
            store.append(.message(one.next(text, id: "m\(index)", at: time, page: "/help/\(index)", turn: "t\(index)")))
            let rule = index == 1 ? "account/login" : nil
            let outcome = TurnOutcome(
                turn: "t\(index)",
                outcome: index < 3 ? "answered" : "fell-back",
                time: time,
                rule: rule,
                trace: [0x7B, 0x7D]
            )
            store.append(.turnEnded(outcome))
        }
        for index in 0..<4 {
            store.append(.message(two.next("login \(index)", id: "n\(index)", at: Timestamp(milliseconds: 9_000))))
        }
        _ = try? await store.room(one.session, of: one.site)
    }

    @Test(
        "finds words without regard to case and accents, in an encrypted store as in a plain one",
        arguments: [
            ("invoice", ["m0"]), ("login", ["n3", "n2", "n1", "n0", "m4", "m1"]), ("login fails", ["m1"]),
            ("LOGIN", ["n3", "n2", "n1", "n0", "m4", "m1"]), ("fur marz", ["m2"]), ("creme", ["m3"]),
            ("inv*", ["m0"]), ("inv", []), ("日本語", ["m5"]), ("nowhere", []), ("where nowhere", []),
        ],
        [false, true]
    )
    func words(_ example: (words: String, ids: [String]), isEncrypted: Bool) async throws {
        try await self.folder.withStore(self.options(isEncrypted: isEncrypted)) { store async throws in
            await self.fill(store)
            let result = try await store.search(SearchQuery(example.words))
            #expect(result.messages.map(\.id) == example.ids)
        }
    }

    @Test(
        "what has a meaning for the index is a text like any other, and never an error",
        arguments: [
            "\"", "\"\"", "login\" OR \"x", "NEAR(login fails)", "text:login", "-login", "login AND", "(", ")", "*",
            "**",
            "^login", "a\u{0}b", "\u{0}", "{x}", "login + fails", "'; DROP TABLE message; --", "!!!", " ", "\\", "%",
            "_",
            String(repeating: "login ", count: 2_000), String(repeating: "x", count: 100_000), "\u{FFFF}", "e\u{301}",
        ],
        [false, true]
    )
    func hostile(words: String, isEncrypted: Bool) async throws {
        try await self.folder.withStore(self.options(isEncrypted: isEncrypted)) { store async throws in
            await self.fill(store)
            let result = try await store.search(SearchQuery(words, limit: 100))
            #expect(result.messages.count <= 10)
            #expect(try await store.search(SearchQuery("invoice")).messages.count == 1)
        }
    }

    @Test("an encrypted store and a plain one find the same for every pair of words")
    func same() async throws {
        let plain = try StoreFolder()
        let words = ["login", "fails", "where", "is", "rechnung", "marz", "again", "0", "temp*", "l*", "日本語", "brulee"]
        let pairs = words.flatMap { first in words.map { "\(first) \($0)" } }
        let encrypted = try await self.folder.withStore(self.options(isEncrypted: true)) { store async throws in
            await self.fill(store)
            var found: [[String]] = []
            for pair in pairs { found.append(try await store.search(SearchQuery(pair)).messages.map(\.id)) }
            return found
        }
        let indexed = try await plain.withStore { store async throws in
            await self.fill(store)
            var found: [[String]] = []
            for pair in pairs { found.append(try await store.search(SearchQuery(pair)).messages.map(\.id)) }
            return found
        }
        #expect(encrypted == indexed)
        #expect(indexed.contains { !$0.isEmpty })
    }

    @Test("every filter narrows what is found", arguments: [false, true])
    func filters(isEncrypted: Bool) async throws {
        try await self.folder.withStore(self.options(isEncrypted: isEncrypted)) { store async throws in
            await self.fill(store)
            func ids(_ filter: StoreFilter, _ words: String = "") async throws -> [String] {
                try await store.search(SearchQuery(words, filter: filter)).messages.map(\.id)
            }
            #expect(try await ids(StoreFilter()).count == 10)
            #expect(try await ids(StoreFilter(site: .default), "login") == ["m4", "m1"])
            #expect(try await ids(StoreFilter(session: SessionID("two"))) == ["n3", "n2", "n1", "n0"])
            #expect(try await ids(StoreFilter(page: "/help/")).count == 6)
            #expect(try await ids(StoreFilter(page: "/help/3"), "creme") == ["m3"])
            #expect(try await ids(StoreFilter(rule: "account/login")) == ["m1"])
            #expect(try await ids(StoreFilter(outcome: "fell-back")) == ["m5", "m4", "m3"])
            let time = StoreFilter(from: Timestamp(milliseconds: 1_000), until: Timestamp(milliseconds: 3_000))
            #expect(try await ids(time) == ["m2", "m1"])
            #expect(try await ids(StoreFilter(site: SiteID("nobody"))) == [])
            #expect(try await ids(StoreFilter(rule: "' OR 1=1 --")) == [])
        }
    }

    @Test("pages follow each other without a gap or a message twice", arguments: [false, true])
    func pages(isEncrypted: Bool) async throws {
        try await self.folder.withStore(self.options(isEncrypted: isEncrypted)) { store async throws in
            var room = TestRoom()
            for number in 1...1_234 {
                store.append(.message(room.next(number % 2 == 0 ? "even" : "odd", id: "m\(number)")))
            }
            _ = try await store.room(room.session, of: room.site)
            var found: [Int] = []
            var before: Int64?
            repeat {
                let page = try await store.search(SearchQuery("even", limit: 100, before: before))
                found += page.messages.map(\.seq)
                before = page.next
            } while before != nil
            #expect(found == stride(from: 1_234, through: 2, by: -2).map { $0 })
        }
    }

    @Test(
        "what a rule answered and how turns ended is found page by page, by an index and in both directions",
        arguments: [
            StoreFilter(rule: "a/b"), StoreFilter(outcome: "fell-back"), StoreFilter(rule: "a/b", outcome: "fell-back"),
        ]
    )
    func turns(_ filter: StoreFilter) async throws {
        try await self.folder.withStore { store async throws in
            var rooms = (0..<7).map { TestRoom("s\($0)") }
            for number in 0..<700 {
                let entry = rooms[number % 7].next("text", id: "m\(number)", turn: "t\(number)")
                store.append(.message(entry))
                // Turns end later than others begin, and the last ones not at all.
                guard number >= 10 else { continue }
                let outcome = TurnOutcome(
                    turn: "t\(number - 10)",
                    outcome: number % 3 == 0 ? "answered" : "fell-back",
                    time: entry.time,
                    rule: number % 2 == 0 ? "a/b" : "c/d",
                    trace: [0x7B, 0x7D]
                )
                store.append(.turnEnded(outcome))
            }
            #expect(await store.flush())
            let all = try await store.search(SearchQuery(limit: 1_000)).found
            let wanted = all.filter {
                $0.rule == filter.rule ?? $0.rule && $0.outcome == filter.outcome ?? $0.outcome
            }
            #expect(wanted.count > 100)
            var found: [FoundMessage] = []
            var before: Int64?
            repeat {
                let page = try await store.search(SearchQuery(filter: filter, limit: 13, before: before))
                #expect(page.scanned <= 14)
                found += page.found
                before = page.next
            } while before != nil
            #expect(found == wanted)
            var walked: [FoundMessage] = []
            try await store.forEach(filter) { walked += $0 }
            #expect(walked == wanted.reversed())
        }
    }

    @Test("a search is ended by cancelling its task and says how far it has come")
    func cancelled() async throws {
        try await self.folder.withStore(self.options(isEncrypted: true)) { store async throws in
            var room = TestRoom()
            for number in 1...1_200 { store.append(.message(room.next("x", id: "m\(number)"))) }
            _ = try await store.room(room.session, of: room.site)
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    let error = await #expect(throws: StoreError.self) {
                        try await store.search(SearchQuery("y")) { progress in
                            #expect(progress == StoreProgress(done: 500, total: 1_200))
                            withUnsafeCurrentTask { $0?.cancel() }
                        }
                    }
                    #expect(error?.code == .cancelled)
                }
            }
        }
    }

    @Test("messages are found by their times in the order of their commits, also where a clock was set back")
    func times() async throws {
        let folder = try StoreFolder()
        try await folder.withStore { store async throws in
            var room = TestRoom()
            for (index, time) in ([1_000, 5_000, 2_000, 9_000, 3_000] as [Int64]).enumerated() {
                let entry = room.next("word", id: "m\(index + 1)", at: Timestamp(milliseconds: time))
                #expect(await store.store(entry) == .committed)
            }
            func ids(_ words: String, _ from: Int64?, _ until: Int64?) async throws -> [String] {
                let filter = StoreFilter(
                    from: from.map { Timestamp(milliseconds: $0) },
                    until: until.map { Timestamp(milliseconds: $0) }
                )
                return try await store.search(SearchQuery(words, filter: filter, limit: 2)).messages.map(\.id)
            }
            for words in ["", "word"] {
                #expect(try await ids(words, 1_500, 5_500) == ["m5", "m3"])
                #expect(try await ids(words, 5_000, nil) == ["m4", "m2"])
                #expect(try await ids(words, nil, 2_000) == ["m1"])
                #expect(try await ids(words, 5_001, 9_000) == [])
            }
        }
    }
}
