import Foundation
import GRDB
import Messages
import Testing

@testable import Store
@testable import Tracker

@Suite("issues: the file")
struct IssueFileTests {
    private let folder: IssueFolder

    init() throws { self.folder = try IssueFolder() }

    private func error(as role: StoreRole = .server) async -> TrackerError? {
        await trackerError { _ = try self.folder.open(as: role) }
    }

    @Test("a file of a later version is refused and stays as it is")
    func newer() async throws {
        try self.folder.open().file.close()
        try self.folder.change("PRAGMA user_version = 99")
        let expected =
            "\(self.folder.path): was written by a later version (99, this program knows 3); start that version "
            + "[newer-tracker]"
        #expect(await self.error().map { "\($0)" } == expected)
        #expect(await self.error(as: .tool)?.code.rawValue == "newer-tracker")
        let queue = try DatabaseQueue(path: self.folder.path)
        #expect(try await queue.read { try Int.fetchOne($0, sql: "PRAGMA user_version") } == 99)
    }

    @Test("a store of messages, another program's database and a text are refused and stay as they are")
    func foreign() async throws {
        try self.folder.change("CREATE TABLE bookmarks (url TEXT)")
        let before = try Data(contentsOf: URL(fileURLWithPath: self.folder.path))
        #expect(await self.error()?.code.rawValue == "not-a-tracker")
        #expect(try Data(contentsOf: URL(fileURLWithPath: self.folder.path)) == before)
        let text = Data("These are the shopping lists of a whole year, not a database.".utf8)
        try text.write(to: URL(fileURLWithPath: self.folder.path))
        #expect(await self.error()?.code.rawValue == "not-a-tracker")
        #expect(try Data(contentsOf: URL(fileURLWithPath: self.folder.path)) == text)
    }

    @Test("a tool makes no file where none is, and only the owner reads what a server makes")
    func rights() async throws {
        let error = await self.error(as: .tool)
        let expected =
            "\(self.folder.path): there are no issues; start a server whose chain has the plugin, or name another file "
            + "[cannot-open-tracker]"
        #expect(error.map { "\($0)" } == expected)
        #expect(!FileManager.default.fileExists(atPath: self.folder.path))
        let tracker = try self.folder.open()
        _ = try await tracker.create(try IssueDraft(title: "one"), key: DedupeKey("a"))
        for suffix in ["", "-wal", "-shm"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: self.folder.path + suffix)
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(suffix)")
        }
        let values = try await tracker.file.write { db in
            try ["synchronous", "journal_mode", "secure_delete"].map {
                try String.fetchOne(db, sql: "PRAGMA \($0)")
            }
        }
        #expect(values == ["2", "wal", "1"])
    }

    @Test("what can't be written is said, is not half there, and works again afterwards")
    func locked() async throws {
        let tracker = try self.folder.open(busyMilliseconds: 0)
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: self.folder.path, configuration: configuration)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let draft = try IssueDraft(title: "one")
        let error = await trackerError { _ = try await tracker.create(draft, key: DedupeKey("a")) }
        #expect(error?.code.rawValue == "tracker-locked")
        #expect(error?.kind == .busy)
        #expect(try await tracker.issues().issues.isEmpty)
        try await other.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
        #expect(try await tracker.create(draft, key: DedupeKey("a")).number == "1")
    }

    @Test("a file that may not be written, is full, is damaged or was moved gives an error by name")
    func faults() async throws {
        let tracker = try self.folder.open()
        let draft = try IssueDraft(title: "one", body: String(repeating: "x", count: 16_000))
        func code() async -> String? {
            await trackerError { _ = try await tracker.create(draft, key: DedupeKey("a")) }?.code.rawValue
        }
        try await tracker.file.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = ON") }
        #expect(await code() == "tracker-read-only")
        try await tracker.file.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = OFF") }
        try await tracker.file.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1") }
        #expect(await code() == "disk-full")
        try FileManager.default.moveItem(atPath: self.folder.path, toPath: self.folder.path + ".moved")
        #expect(await code() == "tracker-removed")
        let other = try IssueFolder()
        let whole = try other.open()
        _ = try await whole.create(draft, key: DedupeKey("a"))
        whole.file.close()
        var bytes = try Data(contentsOf: URL(fileURLWithPath: other.path))
        #expect(bytes.count > 8_192)
        for index in 4_096..<bytes.count { bytes[index] = 0x5A }
        try bytes.write(to: URL(fileURLWithPath: other.path))
        let damaged = await trackerError {
            _ = try await other.open().create(draft, key: DedupeKey("b"))
        }
        #expect(damaged?.code.rawValue == "tracker-corrupt")
    }
}

@Suite("issues: killed while it writes", .serialized)
struct IssueCrashTests {
    private func start(_ folder: IssueFolder, _ prefix: String, count: Int) throws -> (Process, Pipe) {
        let process = Process()
        process.executableURL = try crashWriter()
        process.arguments = [folder.path, prefix, "\(count)"]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        return (process, output)
    }

    @Test("what a writer was told is there after SIGKILL, once and under its number, and the file is whole")
    func kill() async throws {
        let folder = try IssueFolder()
        var told: [String: Int] = [:]
        for round in 0..<8 {
            let (process, output) = try self.start(folder, "r\(round)-", count: 100_000)
            var rest = Data()
            var isKilled = false
            while true {
                let data = output.fileHandleForReading.availableData
                guard !data.isEmpty else { break }
                rest.append(data)
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    let words = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
                    rest = Data(rest[rest.index(after: end)...])
                    told[String(words[0])] = Int(words[1])
                }
                if told.count > round * 20, !isKilled {
                    isKilled = true
                    Foundation.kill(process.processIdentifier, SIGKILL)
                }
            }
            process.waitUntilExit()
            #expect(process.terminationReason == .uncaughtSignal)
        }
        let tracker = try folder.open()
        let (integrity, rows) = try await tracker.file.read { db in
            let rows = try Row.fetchAll(db, sql: "SELECT key, number FROM issue ORDER BY number")
                .map { ($0[0] as String, $0[1] as Int) }
            return (try String.fetchAll(db, sql: "PRAGMA integrity_check"), rows)
        }
        #expect(integrity == ["ok"])
        #expect(rows.map(\.1) == Array(1..<rows.count + 1))
        let stored = Dictionary(uniqueKeysWithValues: rows)
        for (key, number) in told { #expect(stored[key] == number) }
        // At most one of each round was made and not told.
        #expect(rows.count - told.count <= 8)
        // Each issue has the event that made it, and is found by its words.
        let events = try await tracker.file.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM issue_event") }
        #expect(events == rows.count)
        let found = try await tracker.issues(IssueFilter(words: "report", limit: 1_000)).issues
        #expect(found.count == min(1_000, rows.count))
    }

    @Test("two processes that write at once give each number once")
    func twoProcesses() async throws {
        let folder = try IssueFolder()
        let writers = try ["a", "b"].map { try self.start(folder, $0, count: 60) }
        for (process, output) in writers {
            _ = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }
        let issues = try await folder.open().issues(IssueFilter(limit: 1_000)).issues
        #expect(issues.map(\.number) == (1...120).reversed())
        #expect(Set(issues.map(\.reference)).count == 120)
    }
}
