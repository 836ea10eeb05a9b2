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

/// Times the store.
///
/// - `StoreTimes FOLDER SECONDS` times acknowledgements.
/// - `StoreTimes fill FILE MESSAGES` makes a store of so many messages.
/// - `StoreTimes read FILE` times what is read from one that `fill` made.
/// - `StoreTimes maintain FILE` times statistics, backup, check and erasure of it; it is another one afterwards.
///
/// For acknowledgements each writer is a visitor who sends the next message when the last one was acknowledged. A message has a text of about
/// 60 bytes and opens a turn; its time is from the call of `append` to its completion, after the commit.
@main
struct StoreTimes {
    static func main() async throws {
        let arguments = CommandLine.arguments
        switch (arguments.dropFirst().first, arguments.count) {
        case ("fill", 4):
            if let count = Int(arguments[3]), count > 0 { return try await FilledStore.make(arguments[2], count) }
        case ("read", 3): return try await ReadTimes.measure(arguments[2])
        case ("maintain", 3): return try await MaintenanceTimes.measure(arguments[2])
        case (let folder?, 3):
            if let seconds = Int(arguments[2]), seconds > 0 { return try await self.measure(folder, seconds) }
        default: break
        }
        print("usage: StoreTimes FOLDER SECONDS | fill FILE MESSAGES | read FILE | maintain FILE")
    }

    private static func measure(_ folder: String, _ seconds: Int) async throws {
        print("| store | writers | acks/s | p50 ms | p99 ms | slowest ms | bytes a message |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for isEncrypted in [false, true] {
            for writers in [1, 10, 100, 1_000] {
                let path = "\(folder)/times-\(writers)-\(isEncrypted ? "encrypted" : "plain").sqlite"
                try await self.measure(path, writers, seconds, isEncrypted)
            }
        }
    }

    private static func measure(_ path: String, _ writers: Int, _ seconds: Int, _ isEncrypted: Bool) async throws {
        for suffix in ["", "-wal", "-shm", ".lock"] { unlink(path + suffix) }
        var options = StoreOptions(path: path)
        if isEncrypted, let key = StoreKey(id: "k", bytes: (0..<32).map { _ in .random(in: 0...255) }) {
            options.keys = StoreKeyRing(active: key)
        }
        let store = try MessageStore.open(options, as: .server, time: .system)
        let load = Load(store, until: DispatchTime.now().uptimeNanoseconds + UInt64(seconds) * 1_000_000_000)
        let start = DispatchTime.now().uptimeNanoseconds
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await store.run() }
            for writer in 0..<writers { group.addTask { await load.visit(writer) } }
            for _ in 0..<writers { await group.next() }
            store.finish()
        }
        let elapsed = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
        let times = load.times
        store.close()
        var status = stat()
        stat(path, &status)
        func milliseconds(_ share: Double) -> String {
            let nanoseconds = times[min(times.count - 1, Int(Double(times.count) * share))]
            return "\(Double(nanoseconds / 10_000) / 100)"
        }
        print(
            "| \(isEncrypted ? "encrypted" : "plain") | \(writers) | \(Int(Double(times.count) / elapsed)) "
                + "| \(milliseconds(0.5)) | \(milliseconds(0.99)) | \(milliseconds(1)) "
                + "| \(Int(status.st_size) / max(1, times.count)) |"
        )
    }
}

/// What visitors do, and how long each message took.
private final class Load: Sendable {
    private let store: MessageStore
    private let end: UInt64
    private let measured = Mutex<[UInt64]>([])

    init(_ store: MessageStore, until end: UInt64) {
        self.store = store
        self.end = end
    }

    /// Nanoseconds from the fastest to the slowest.
    var times: [UInt64] { self.measured.withLock { $0.sorted() } }

    /// Sends one message after the other until the time is over.
    func visit(_ writer: Int) async {
        guard let session = SessionID("s\(writer)") else { return }
        await withCheckedContinuation { continuation in
            self.send(1, session) { continuation.resume() }
        }
    }

    private func send(_ seq: Int, _ session: SessionID, _ finish: @escaping @Sendable () -> Void) {
        let start = DispatchTime.now().uptimeNanoseconds
        guard start < self.end else { return finish() }
        let text = "Where do I change the address of invoice \(seq) for my company?"
        let message = Message(.user, text, id: "m\(seq)-\(session)", at: StoreTime.system.now())
        let entry = MessageEntry(
            message,
            site: .default,
            session: session,
            epoch: "abc123.def456",
            seq: seq,
            page: "/account/invoices",
            frame: ServerFrame.durable(message, session: session, seq: seq, epoch: "abc123.def456"),
            turn: TurnOpening(turn: "t\(seq)-\(session)")
        )
        let result = self.store.append(.message(entry)) { outcome in
            precondition(outcome == .committed, "\(outcome)")
            let time = DispatchTime.now().uptimeNanoseconds - start
            self.measured.withLock { $0.append(time) }
            self.send(seq + 1, session, finish)
        }
        precondition(result == .queued, "\(result)")
    }
}

extension StoreTime {
    static let system = StoreTime(
        now: {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Timestamp(milliseconds: Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000)
        },
        nanoseconds: { DispatchTime.now().uptimeNanoseconds },
        sleep: { try? await Task.sleep(for: $0) }
    )
}
