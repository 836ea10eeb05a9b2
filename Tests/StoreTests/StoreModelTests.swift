import GRDB
import Messages
import Synchronization
import Testing

@testable import Store

/// The store against a model of it that is a dictionary.
@Suite("store: whatever happens in which order")
struct StoreModelTests {
    /// What a room must be.
    private struct Model {
        var epoch: String
        var ids: [String] = []
        /// For each message of the visitor the replies that it has.
        var replies: [String: UInt8] = [:]
    }

    private enum Step: CaseIterable { case send, reply, resend, resendAnew, restart, crash, erase, compare }

    @Test("rooms are what a dictionary says they are", arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64], [false, true])
    func model(seed: UInt64, isEncrypted: Bool) async throws {
        let folder = try StoreFolder()
        var options = folder.options
        if isEncrypted {
            options.keys = StoreKey(id: "k", bytes: Array(repeating: 3, count: 32)).map { .init(active: $0) }
        }
        var generator = SplitMix64(state: seed)
        var models: [String: Model] = [:]
        var count = 0
        for _ in 0..<6 {
            let steps = (0..<40).compactMap { _ in Step.allCases.randomElement(using: &generator) }
            let (before, first, seed) = (models, count, generator.next())
            (models, count) = try await folder.withStore(options) { store in
                var models = before
                var count = first
                var generator = SplitMix64(state: seed)
                for (name, model) in models { try await Self.compare(store, name, model) }
                for step in steps where step != .crash && step != .restart {
                    count += 1
                    try await Self.take(step, store, &models, count, &generator)
                }
                return (models, count)
            }
            guard steps.contains(.crash) else { continue }
            try folder.change("UPDATE meta SET value = 0 WHERE key = 'clean'")
            // Every room has another epoch, which is learnt anew.
            let old = models
            models = try await folder.withStore(options) { store in
                var models = old
                for name in old.keys {
                    models[name]?.epoch = try await store.room(TestRoom(name).session, of: .default).epoch
                }
                return models
            }
            for (name, model) in models where !model.ids.isEmpty { #expect(old[name]?.epoch != model.epoch) }
        }
    }

    private static func take(
        _ step: Step,
        _ store: MessageStore,
        _ models: inout [String: Model],
        _ count: Int,
        _ generator: inout SplitMix64
    ) async throws {
        let name = ["a", "b", "c"].randomElement(using: &generator) ?? "a"
        let session = TestRoom(name).session
        let epoch = try await store.room(session, of: .default).epoch
        var model = models[name] ?? Model(epoch: epoch)
        var room = TestRoom(name, epoch: model.epoch, top: model.ids.count)
        let sent = model.ids.filter { !$0.contains(":") }
        switch (step, sent.randomElement(using: &generator)) {
        case (.send, _):
            #expect(await store.store(room.next("text m\(count)", id: "m\(count)")) == .committed)
            model.ids.append("m\(count)")
        case (.reply, let asked?) where model.replies[asked, default: 0] & 0b10 == 0:
            #expect(await store.store(room.next("reply", id: "re:\(asked)", .claude)) == .committed)
            model.ids.append("re:\(asked)")
            model.replies[asked] = 0b10
        case (.resend, let id?):
            room.top = model.ids.firstIndex(of: id) ?? 0
            #expect(await store.store(room.next("text \(id)", id: id)) == .committed)
        case (.resendAnew, let id?):
            let seq = (model.ids.firstIndex(of: id) ?? 0) + 1
            #expect(await store.store(room.next("text \(id)", id: id)) == .duplicate(seq: seq))
        case (.erase, _):
            let certificate = try await store.erase(session, of: .default)
            #expect(certificate.messages == model.ids.count)
            model = Model(epoch: try await store.room(session, of: .default).epoch)
        case (.compare, _): try await Self.compare(store, name, model)
        default: break
        }
        models[name] = model
    }

    private static func compare(_ store: MessageStore, _ name: String, _ model: Model) async throws {
        let room = try await store.room(TestRoom(name).session, of: .default)
        #expect(room.top == model.ids.count)
        #expect(room.messages.map(\.id) == Array(model.ids.suffix(100)))
        #expect(room.messages.map(\.seq) == Array(model.ids.indices.map { $0 + 1 }.suffix(100)))
        #expect(room.messages.allSatisfy { $0.epoch == room.epoch })
        if !model.ids.isEmpty { #expect(room.epoch == model.epoch) }
        #expect(room.remembered.map(\.id) == model.ids.filter { !$0.contains(":") })
        for remembered in room.remembered {
            #expect(remembered.replies == model.replies[remembered.id, default: 0])
            #expect(remembered.text == "text \(remembered.id)")
        }
    }

    @Test("a commit looks a message up by its id, however large its room is")
    func plan() async throws {
        let folder = try StoreFolder()
        let plan = try await folder.withStore { store in
            try await store.read { db in
                try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN \(EntryWriter.findByName)", arguments: [1, "m1"])
                    .map { $0["detail"] as String }
            }
        }
        // Nothing is sorted for it either.
        #expect(plan == ["SEARCH message USING INDEX message_name (room=? AND name=?)"])
    }

    /// How often each message was told of.
    private final class Tally: Sendable {
        let counts = Mutex<[String: Int]>([:])
    }

    @Test("many threads append at a time: each completion comes once, and each room is in its order")
    func threads() async throws {
        let folder = try StoreFolder()
        let tally = Tally()
        try await folder.withStore { store in
            await withTaskGroup(of: Void.self) { group in
                for writer in 0..<16 {
                    group.addTask {
                        var room = TestRoom("s\(writer)")
                        for number in 1...200 {
                            let id = "m\(writer)-\(number)"
                            let result = store.append(.message(room.next("x", id: id))) { outcome in
                                #expect(outcome == .committed)
                                tally.counts.withLock { $0[id, default: 0] += 1 }
                            }
                            #expect(result == .queued)
                        }
                    }
                }
            }
            for writer in 0..<16 {
                let room = try await store.room(TestRoom("s\(writer)").session, of: .default)
                #expect(room.messages.map(\.id) == (101...200).map { "m\(writer)-\($0)" })
            }
            #expect(store.health.committedEntries == 3_200)
            #expect(store.health.queuedEntries == 0)
            #expect(store.health.queuedBytes == 0)
        }
        #expect(tally.counts.withLock { $0.count } == 3_200)
        #expect(tally.counts.withLock { $0.values.allSatisfy { $0 == 1 } })
    }
}
