import Messages
import Store

/// Times what is read from a store that ``FilledStore`` made.
///
/// Each line is of many reads at places drawn by chance; no place is read twice before the next kind begins, but the
/// system has the file in memory as far as it fits.
enum ReadTimes {
    static func measure(_ path: String) async throws {
        let begin = StoreTime.system.nanoseconds()
        let store = try MessageStore.open(StoreOptions(path: path), as: .server, time: .system)
        let opened = StoreTime.system.nanoseconds() - begin
        async let run: Void = store.run()
        print("opened in \(milliseconds(opened)) ms")
        print("| read | reads | p50 ms | p99 ms | slowest ms |")
        print("| --- | --- | --- | --- | --- |")
        var words = Vocabulary(seed: 2)
        let long = FilledStore.session(FilledStore.longSession)
        let count = try await store.statistics().messages
        let sessions = try await self.sessions(of: store, count, &words)
        let top = try await store.room(long, of: .default).top
        try await self.report("page of 100, anywhere in a conversation of \(top)", 1_000) {
            let before = 101 + words.number(below: max(1, top - 100))
            let page = try await store.history(long, of: .default, before: before, limit: 100, in: "other.epoch")
            precondition(page.messages.count == min(100, top, before - 1))
        }
        try await self.report("newest page of 20 of any conversation", 1_000) {
            guard let session = sessions.randomElement() else { return }
            _ = try await store.history(session, of: .default, limit: 20)
        }
        try await self.report("any conversation as a room", 1_000) {
            guard let session = sessions.randomElement() else { return }
            _ = try await store.room(session, of: .default)
        }
        let kinds: [(String, () -> String)] = [
            ("search: one word of the 100 most frequent", { Vocabulary.word(words.number(below: 100)) }),
            ("search: one word of all", { Vocabulary.word(words.number(below: 50_000)) }),
            (
                "search: two frequent words",
                {
                    Vocabulary.word(words.number(below: 100)) + " " + Vocabulary.word(words.number(below: 100))
                }
            ),
            (
                "search: a frequent and a rare word",
                {
                    Vocabulary.word(words.number(below: 10)) + " "
                        + Vocabulary.word(10_000 + words.number(below: 40_000))
                }
            ),
            ("search: the begin of a word", { String(Vocabulary.word(words.number(below: 50_000)).prefix(6)) + "*" }),
            ("search: a word that nobody wrote", { "xyzzy" }),
        ]
        for (name, query) in kinds {
            try await self.report(name, 200) { _ = try await store.search(SearchQuery(query())) }
        }
        let rules: () -> StoreFilter = { StoreFilter(rule: "rules/r\(words.number(below: 132))") }
        let days: () -> StoreFilter = {
            let from = FilledStore.start + Int64(words.number(below: 364)) * 86_400_000
            return StoreFilter(
                from: Timestamp(milliseconds: from),
                until: Timestamp(milliseconds: from + 86_400_000)
            )
        }
        for (name, filter) in [("search: what one rule answered", rules), ("search: one day", days)] {
            try await self.report(name, 20) { _ = try await store.search(SearchQuery(filter: filter())) }
        }
        try await self.report("search: an outcome that no turn has", 3) {
            _ = try await store.search(SearchQuery(filter: StoreFilter(outcome: "refused")))
        }
        store.finish()
        await run
        store.close()
    }

    /// Conversations from everywhere in the store.
    private static func sessions(of store: MessageStore, _ count: Int, _ words: inout Vocabulary) async throws
        -> [SessionID]
    {
        var sessions: Set<SessionID> = []
        for _ in 0..<100 {
            let query = SearchQuery(limit: 20, before: Int64(21 + words.number(below: count)))
            for message in try await store.search(query).messages { sessions.insert(message.session) }
        }
        return Array(sessions)
    }

    private static func report(_ name: String, _ count: Int, _ read: () async throws -> Void) async throws {
        var times: [UInt64] = []
        for _ in 0..<count {
            let start = StoreTime.system.nanoseconds()
            try await read()
            times.append(StoreTime.system.nanoseconds() - start)
        }
        times.sort()
        let figures = [times[count / 2], times[count * 99 / 100], times[count - 1]].map(milliseconds)
        print("| \(name) | \(count) | \(figures.joined(separator: " | ")) |")
    }

    private static func milliseconds(_ nanoseconds: UInt64) -> String { "\(Double(nanoseconds / 10_000) / 100)" }
}
