import Messages
import Testing

@testable import Store

/// What commands do to the file of a server that runs.
///
/// Another store on the same file is what another process is.
@Suite("a store beside which commands work", .timeLimit(.minutes(1)))
struct OtherProcessTests {
    private let folder: StoreFolder

    init() throws { self.folder = try StoreFolder() }

    @Test("a session that a command has removed is made anew, and nobody else gets its messages")
    func pruned() async throws {
        let folder = self.folder
        try await folder.withStore { store async throws in
            var old = TestRoom("old")
            #expect(await store.store(old.next("x", id: "m1", at: folder.time.now)) == .committed)
            folder.time.advance(milliseconds: 31 * 86_400_000)
            let tool = try folder.open(as: .tool)
            #expect(try await tool.retain(RetentionPolicy(days: 30)).rooms == 1)
            tool.close()
            // Sessions that come now get the numbers of rows that are free.
            var other = TestRoom("other")
            #expect(await store.store(other.next("y", id: "o1", at: folder.time.now)) == .committed)
            #expect(await store.store(old.next("again", id: "m2", at: folder.time.now)) == .committed)
            #expect(await store.store(other.next("z", id: "o2", at: folder.time.now)) == .committed)
            #expect(try await store.room(old.session, of: .default).messages.map(\.id) == ["m2"])
            #expect(try await store.room(old.session, of: .default).top == 2)
            #expect(try await store.room(other.session, of: .default).messages.map(\.id) == ["o1", "o2"])
            #expect(try await store.verify().isSound)
        }
    }

    @Test(
        "while a command writes the file anew messages wait, and nothing of them is left in memory alone",
        arguments: [StoreOptions.FailurePolicy.refuse, .memory]
    )
    func compacting(policy: StoreOptions.FailurePolicy) async throws {
        let folder = self.folder
        var options = folder.options
        options.failurePolicy = policy
        try await folder.withStore(options) { store async throws in
            var room = TestRoom()
            let entry = room.next("x", id: "m1")
            let lock = CompactionLock(of: store.options.file)
            let end = try StoreFailureTests.Fault.locked.begin(store)
            async let outcome = store.store(entry)
            for _ in 0..<20 {
                await folder.time.untilSomebodySleeps()
                #expect(store.health.state == .healthy)
                folder.time.wake()
            }
            await folder.time.untilSomebodySleeps()
            try end()
            _ = consume lock
            folder.time.wake()
            #expect(await outcome == .committed)
            #expect(try await store.room(room.session, of: .default).messages.map(\.id) == ["m1"])
        }
    }
}
