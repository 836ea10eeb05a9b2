import Foundation
import GRDB
import Messages
import Testing

@testable import Store

@Suite("store: killed under load", .serialized)
struct CrashTests {
    private static let sessions = ["a", "b", "c", "d"]

    private static let writer = Bundle.allBundles.map { $0.bundleURL.deletingLastPathComponent() }
        .first { FileManager.default.isExecutableFile(atPath: $0.appendingPathComponent("StoreCrashWriter").path) }

    /// Where the program is: beside the tests, however those are run.
    private static func program() throws -> URL {
        var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        if let writer = self.writer { folder = writer }
        for _ in 0..<6 {
            let program = folder.appendingPathComponent("StoreCrashWriter")
            if FileManager.default.isExecutableFile(atPath: program.path) { return program }
            folder.deleteLastPathComponent()
        }
        throw CocoaError(.fileNoSuchFile)
    }

    @Test("J1: whatever was acknowledged is there once and in order after SIGKILL, and what wasn't lands once later")
    func kill() async throws {
        let rounds = ProcessInfo.processInfo.environment["CLAUDE_CHAT_CRASH_ROUNDS"].flatMap(Int.init) ?? 20
        let folder = try StoreFolder()
        var generator = SplitMix64(state: UInt64(rounds))
        /// The highest number of each session that was acknowledged, with the number in the room of each.
        var acknowledged: [String: [Int: Int]] = [:]
        var epochs: Set<String> = []
        for _ in 0..<rounds {
            try self.round(folder, killAfter: Int.random(in: 0..<1_000, using: &generator), &acknowledged)
            let store = try folder.open(as: .tool)
            try await self.check(store, acknowledged, &epochs)
            store.close()
        }
        #expect(acknowledged.values.reduce(0) { $0 + $1.count } > 0)
        #expect(epochs.count == rounds)
    }

    /// Runs the writer until it has acknowledged so many messages, then kills it in the midst of its work.
    private func round(_ folder: StoreFolder, killAfter count: Int, _ acknowledged: inout [String: [Int: Int]]) throws {
        let process = Process()
        process.executableURL = try Self.program()
        process.arguments =
            [folder.path] + Self.sessions.map { "\($0)=\((acknowledged[$0]?.keys.max() ?? 0) + 1)" }
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        var rest = Data()
        var lines = 0
        var isKilled = false
        while true {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { break }
            rest.append(data)
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let words = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
                rest = Data(rest[rest.index(after: end)...])
                lines += 1
                if words.count == 3, let number = Int(words[1]), let seq = Int(words[2]) {
                    acknowledged[String(words[0]), default: [:]][number] = seq
                } else {
                    Issue.record("\(words)")
                }
            }
            if lines >= count, !isKilled {
                isKilled = true
                Foundation.kill(process.processIdentifier, SIGKILL)
            }
        }
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal)
        #expect(process.terminationStatus == SIGKILL)
    }

    private func check(
        _ store: MessageStore,
        _ acknowledged: [String: [Int: Int]],
        _ epochs: inout Set<String>
    ) async throws {
        let (integrity, rows) = try await store.read { db in
            try (
                String.fetchAll(db, sql: "PRAGMA integrity_check"),
                Row.fetchAll(
                    db,
                    sql: """
                        SELECT room.session, message.seq, message.name FROM message JOIN room ON room.id = message.room
                        ORDER BY message.room, message.seq
                        """
                )
                .map { ($0[0] as String, $0[1] as Int, $0[2] as String) }
            )
        }
        #expect(integrity == ["ok"])
        for session in Self.sessions {
            let stored = rows.filter { $0.0 == session }
            // Sent in the order of their numbers, so they stand in it: each once, none left out.
            #expect(stored.map(\.1) == Array(1..<stored.count + 1))
            #expect(stored.map(\.2) == stored.indices.map { "k\($0 + 1)" })
            for (number, seq) in acknowledged[session] ?? [:] {
                #expect(seq == number)
                #expect(number <= stored.count, "\(session) \(number) was acknowledged")
            }
            let page = try await store.history(try #require(SessionID(session)), of: .default, limit: 100)
            #expect(page.damaged.isEmpty)
            for message in page.messages { #expect(message.text == "message \(message.seq) of \(session)") }
        }
        let turns = try await store.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM turn") }
        #expect(turns == rows.count)
        epochs.insert(try await store.room(try #require(SessionID("a")), of: .default).epoch)
    }
}
