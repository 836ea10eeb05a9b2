import Foundation
import GRDB
import Testing

@testable import Tracker

/// The program that ends where it is told to.
func crashWriter() throws -> URL {
    let folders =
        Bundle.allBundles.map { $0.bundleURL.deletingLastPathComponent() }
        + [URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()]
    for var folder in folders {
        for _ in 0..<6 {
            let program = folder.appendingPathComponent("TrackerCrashWriter")
            if FileManager.default.isExecutableFile(atPath: program.path) { return program }
            folder.deleteLastPathComponent()
        }
    }
    throw CocoaError(.fileNoSuchFile)
}

@Suite("outbox: killed between any two steps", .serialized, .timeLimit(.minutes(5)))
struct OutboxCrashTests {
    private static let points = ["posted", "claimed", "stored", "asked", "found", "delivered", "never"]

    /// What is left after processes that each ended at a point, two minutes apart, and then three that didn't.
    private struct Rest {
        var issues: Int
        var entries: [OutboxEntry]
        var filed: Int
        var killed: Int
    }

    private func run(_ points: [String], _ kind: String) async throws -> Rest {
        let (folder, far) = (try IssueFolder(), try IssueFolder())
        var killed = 0
        for (index, point) in (points + ["never", "never", "never"]).enumerated() {
            let process = Process()
            process.executableURL = try crashWriter()
            let time = 1_800_000_000_000 + index * 120_000
            process.arguments = ["outbox", folder.path, far.path, point, "\(time)", kind]
            try process.run()
            process.waitUntilExit()
            if process.terminationReason == .uncaughtSignal {
                killed += 1
            } else {
                #expect(process.terminationStatus == 0)
            }
        }
        let file = try folder.file()
        let integrity = try await file.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
        #expect(integrity == ["ok"])
        return Rest(
            issues: try await far.open().issues(IssueFilter(limit: 1_000)).issues.count,
            entries: try await file.outbox(in: Set(OutboxEntry.State.allCases), limit: 10),
            filed: try await file.news().filter { $0.kind == .filed }.count,
            killed: killed
        )
    }

    @Test("one issue, one note of it to the session, whichever two steps SIGKILL comes between", arguments: points)
    func search(first: String) async throws {
        var killed = 0
        for second in Self.points {
            let rest = try await self.run([first, second], "search")
            #expect(rest.issues == 1, "\(first) \(second)")
            #expect(rest.entries.map(\.state) == [.done], "\(first) \(second)")
            #expect(rest.filed == 1 && rest.entries.first?.maybeTwice == false)
            killed += rest.killed
        }
        #expect(killed > 0)
    }

    @Test("a tracker that can't be asked has one issue, or two and the mark of it", arguments: points)
    func blind(first: String) async throws {
        for second in ["claimed", "stored", "delivered"] {
            let rest = try await self.run([first, second], "blind")
            #expect(1...3 ~= rest.issues, "\(first) \(second)")
            #expect(rest.issues == 1 || rest.entries.first?.maybeTwice == true, "\(first) \(second)")
            #expect(rest.entries.map(\.state) == [.done] && rest.filed == 1)
        }
    }
}
