import Messages
import Testing

@testable import Store

@Suite("store: who is let in")
struct AccessEntryTests {
    private let folder: StoreFolder

    init() throws { self.folder = try StoreFolder() }

    @Test("the last entry of a key is there after a restart, until it goes or runs out")
    func entries() async throws {
        let session = try #require(SessionID("s"))
        let now = self.folder.time.now
        let later = Timestamp(milliseconds: now.milliseconds + 1_000)
        let past = Timestamp(milliseconds: now.milliseconds - 1)
        @Sendable func entry(_ key: String, _ value: String?, _ expires: Timestamp) -> StoreEntry {
            let value = value.map { Array($0.utf8) }
            return .access(AccessEntry(key: key, site: .default, session: session, value: value, expires: expires))
        }
        try await self.folder.withStore { store async throws in
            for (key, value, expires) in [
                ("a", "1", later), ("b", "1", later), ("c", "1", past), ("a", "2", later), ("b", nil, later),
                ("none", nil, later),
            ] as [(String, String?, Timestamp)] { store.append(entry(key, value, expires)) }
            await store.flush()
        }
        try await self.folder.withStore { store async throws in
            let found = try await store.accessEntries()
            #expect(found.map(\.key) == ["a"])
            #expect(found.first?.value == Array("2".utf8) && found.first?.session == session)
            store.append(entry(String(repeating: "k", count: 513), "1", later)) { outcome in
                guard case .failed(let error) = outcome else {
                    Issue.record("a key that is too long was kept")
                    return
                }
                #expect(error.code == .invalidEntry)
            }
            await store.flush()
        }
    }
}
