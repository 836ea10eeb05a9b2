// Writes to a store as a server under load does, and says on standard output what was acknowledged, until it is killed.
//
//     StoreCrashWriter PATH SESSION=FIRST …
//
// For each session it sends the messages k1, k2, … from FIRST on, with up to 32 on their way, as clients send again what
// was not acknowledged. A line `SESSION NUMBER SEQ` stands for one acknowledgement.

import Dispatch
import Messages
import Store
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

func say(_ line: String) {
    var line = line + "\n"
    // One call for one line, so that none is cut by the end.
    line.withUTF8 { _ = write(1, $0.baseAddress, $0.count) }
}

let time = StoreTime(
    now: { Timestamp(milliseconds: Int64(DispatchTime.now().uptimeNanoseconds / 1_000_000) + 1_800_000_000_000) },
    nanoseconds: { DispatchTime.now().uptimeNanoseconds },
    sleep: { try? await ContinuousClock().sleep(for: $0) }
)
let arguments = CommandLine.arguments
let store = try MessageStore.open(StoreOptions(path: arguments[1]), as: .server, time: time)

/// One visitor and the room that the hub would keep for it.
func send(_ session: SessionID, from first: Int, to store: MessageStore) async throws {
    let room = try await store.room(session, of: .default)
    var seq = room.top
    let known = Dictionary(uniqueKeysWithValues: room.remembered.map { ($0.id, $0.seq) })
    var number = first
    let (acknowledged, acknowledge) = AsyncStream.makeStream(of: Void.self)
    for _ in 0..<32 { acknowledge.yield() }
    for await _ in acknowledged {
        let id = "k\(number)"
        let sent = number
        number += 1
        if let seq = known[id] {
            say("\(session) \(sent) \(seq)")
            acknowledge.yield()
            continue
        }
        seq += 1
        let assigned = seq
        let message = Message(.user, "message \(sent) of \(session)", id: id, at: time.now())
        let entry = MessageEntry(
            message,
            site: .default,
            session: session,
            epoch: room.epoch,
            seq: seq,
            page: "/page",
            frame: ServerFrame.durable(message, session: session, seq: seq, epoch: room.epoch),
            turn: TurnOpening(turn: "t_\(session)_\(sent)")
        )
        let result = store.append(.message(entry)) { outcome in
            guard outcome == .committed else { fatalError("\(session) \(sent): \(outcome)") }
            say("\(session) \(sent) \(assigned)")
            acknowledge.yield()
        }
        guard result == .queued else { fatalError("\(session) \(sent): \(result)") }
    }
}

try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { await store.run() }
    for argument in arguments.dropFirst(2) {
        let parts = argument.split(separator: "=")
        guard let session = SessionID(parts[0]), let first = Int(parts[1]) else { fatalError("SESSION=FIRST") }
        group.addTask { try await send(session, from: first, to: store) }
    }
    try await group.waitForAll()
}
