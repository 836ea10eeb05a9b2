import Foundation
import GRDB
import Messages
import Testing

@testable import Store

@Suite("store: promised replies")
struct FollowUpEntryTests {
    private let folder: StoreFolder

    init() throws { self.folder = try StoreFolder() }

    private func entry(_ turn: String, seq: Int, _ byte: UInt8 = 7, session: String = "s") throws -> FollowUpEntry {
        FollowUpEntry(
            turn: turn,
            site: .default,
            session: try #require(SessionID(session)),
            seq: seq,
            number: 2,
            digest: Array(repeating: byte, count: 32),
            promised: Timestamp(milliseconds: Int64(1_000 * seq)),
            expires: Timestamp(milliseconds: 900_000)
        )
    }

    private func fill(_ store: MessageStore, _ session: String = "s") async {
        var room = TestRoom(session)
        for number in 1...3 {
            let entry = room.next(
                "text \(number)",
                id: "m\(number)",
                at: self.folder.time.now,
                turn: "\(session)\(number)"
            )
            _ = await store.store(.message(entry))
        }
    }

    @Test("are found after a restart with all that was noted, until they have ended; the first ending counts")
    func kept() async throws {
        let kept = FollowUpEnding(.kept, at: Timestamp(milliseconds: 5_000))
        let entries = try (1...3).map { try self.entry("s\($0)", seq: $0) }
        try await self.folder.withStore { store in
            await self.fill(store)
            for entry in entries.reversed() { #expect(await store.store(.followUp(entry)) == .committed) }
            #expect(await store.store(.followUpEnded(turn: "s2", kept)) == .committed)
            let late = FollowUpEnding(.expired, at: Timestamp(milliseconds: 6_000))
            #expect(await store.store(.followUpEnded(turn: "s2", late)) == .duplicate(seq: nil))
            #expect(await store.store(.followUpEnded(turn: "nobody", late)) == .duplicate(seq: nil))
        }
        try await self.folder.withStore { store in
            #expect(try await store.openFollowUps() == [entries[0], entries[2]])
            #expect(try await store.openFollowUps(limit: 1) == [entries[0]])
            var ended = entries[1]
            ended.ending = kept
            #expect(try await store.followUp(of: "s2") == ended)
            #expect(try await store.followUp(of: "nobody") == nil)
            // The turn was run again and promises anew.
            let again = try self.entry("s2", seq: 2, 9)
            #expect(await store.store(.followUp(again)) == .committed)
            #expect(try await store.openFollowUps() == [entries[0], again, entries[2]])
        }
    }

    @Test("go with their messages, and are not kept for a message that there is not")
    func removed() async throws {
        let folder = self.folder
        try await folder.withStore { store in
            await self.fill(store)
            await self.fill(store, "other")
            for entry in [try self.entry("s1", seq: 1), try self.entry("o1", seq: 1, session: "other")] {
                #expect(await store.store(.followUp(entry)) == .committed)
            }
            _ = await store.store(.followUp(try self.entry("s9", seq: 9)))
            #expect(try await store.followUp(of: "s9") == nil)
            _ = try await store.erase(try #require(SessionID("s")), of: .default)
            #expect(try await store.openFollowUps().map(\.turn) == ["o1"])
            // Whoever promised just before it was erased comes too late.
            _ = await store.store(.followUp(try self.entry("s1", seq: 1)))
            #expect(try await store.openFollowUps().map(\.turn) == ["o1"])
        }
    }

    @Test("out of their bounds are refused")
    func invalid() async throws {
        try await self.folder.withStore { store in
            await self.fill(store)
            var entries = try (0..<4).map { _ in try self.entry("s1", seq: 1) }
            entries[0].digest = [1]
            entries[1].number = 4
            entries[2].turn = ""
            entries[3].seq = 0
            for entry in entries {
                guard case .failed(let error) = await store.store(.followUp(entry)) else {
                    Issue.record("taken: \(entry)")
                    continue
                }
                #expect(error.code == .invalidEntry)
            }
        }
    }
}
