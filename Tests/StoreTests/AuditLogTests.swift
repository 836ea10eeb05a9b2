import Foundation
import Messages
import Testing

@testable import Store

@Suite("store: audit log")
struct AuditLogTests {
    private let folder: StoreFolder

    init() throws { self.folder = try StoreFolder() }

    private static let key = StoreKey(id: "audit", bytes: Array(repeating: 5, count: 32))

    private var path: String { self.folder.file("audit.jsonl") }

    private func log(_ key: StoreKey? = Self.key) -> AuditLog {
        let time = self.folder.time
        return AuditLog(at: self.path, key: key) { time.now }
    }

    private func fill(_ count: Int, _ key: StoreKey? = Self.key) throws {
        for number in 1...count {
            try self.log(key).append(
                AuditEvent("erase", by: "operator", details: ["sessions": "\(number)", "b": "\"\n"])
            )
        }
    }

    private func lines() throws -> [String] {
        try String(contentsOfFile: self.path, encoding: .utf8).split(separator: "\n").map(String.init)
    }

    private func write(_ lines: [String]) throws {
        try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: URL(fileURLWithPath: self.path))
    }

    @Test("entries are numbered JSON lines, and a log that nobody touched is sound", arguments: [true, false])
    func sound(hasKey: Bool) throws {
        let key = hasKey ? Self.key : nil
        #expect(try AuditLog.verify(self.path, key: key) == .sound(.empty))
        try self.fill(20, key)
        let head = try self.log(key).head()
        #expect(head.count == 20)
        #expect(try AuditLog.verify(self.path, key: key) == .sound(head))
        #expect(try AuditLog.verify(self.path, key: key, against: head) == .sound(head))
        for (index, line) in try self.lines().enumerated() {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            #expect(object?["n"] as? Int == index + 1)
            #expect(object?["actor"] as? String == "operator")
            #expect((object?["details"] as? [String: String])?["sessions"] == "\(index + 1)")
        }
        let attributes = try FileManager.default.attributesOfItem(atPath: self.path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test("I7: each entry that is deleted, from the first to the last, is missed at its place", arguments: 1...8)
    func delete(number: Int) throws {
        try self.fill(8)
        var lines = try self.lines()
        lines.remove(at: number - 1)
        try self.write(lines)
        let flaw: AuditFlaw =
            number == 8 ? .endMissing(found: 7, expected: 8) : .wrongNumber(found: number + 1, expected: number)
        #expect(try AuditLog.verify(self.path, key: Self.key) == .broken(line: number, flaw))
    }

    @Test("I7: a tail of any length that is cut off is missed, and stays missed when the log goes on", arguments: 0...7)
    func cut(left: Int) throws {
        try self.fill(8)
        let head = try self.log().head()
        try self.write(Array(try self.lines().prefix(left)))
        let missing = AuditVerdict.broken(line: left + 1, .endMissing(found: left, expected: 8))
        #expect(try AuditLog.verify(self.path, key: Self.key) == missing)
        try self.log().append(AuditEvent("start", by: "server"))
        let hole = AuditVerdict.broken(line: left + 1, .wrongNumber(found: 9, expected: left + 1))
        #expect(try AuditLog.verify(self.path, key: Self.key) == hole)
        // Somebody who takes both files can't take what is kept elsewhere.
        try FileManager.default.removeItem(atPath: self.path)
        try FileManager.default.removeItem(atPath: self.path + ".head")
        #expect(try AuditLog.verify(self.path, key: Self.key) == .sound(.empty))
        let known = try AuditLog.verify(self.path, key: Self.key, against: head)
        #expect(known == .broken(line: 1, .endMissing(found: 0, expected: 8)))
    }

    @Test("I7: a log that can't be read isn't taken for an empty one")
    func unreadable() throws {
        // A link to itself: no right of the user's opens it.
        try FileManager.default.createSymbolicLink(atPath: self.path, withDestinationPath: self.path)
        let error = #expect(throws: StoreError.self) { try AuditLog.verify(self.path, key: Self.key) }
        #expect(error?.code == .cannotOpen)
    }

    @Test("I7: two entries that change places are found")
    func reorder() throws {
        try self.fill(8)
        for first in 0..<7 {
            var lines = try self.lines()
            lines.swapAt(first, first + 1)
            try self.write(lines)
            let flaw = AuditFlaw.wrongNumber(found: first + 2, expected: first + 1)
            #expect(try AuditLog.verify(self.path, key: Self.key) == .broken(line: first + 1, flaw))
            lines.swapAt(first, first + 1)
            try self.write(lines)
        }
    }

    @Test("I7: every byte that is changed is found", arguments: [true, false])
    func edit(hasKey: Bool) throws {
        let key = hasKey ? Self.key : nil
        try self.fill(3, key)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: self.path))
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            try changed.write(to: URL(fileURLWithPath: self.path))
            guard case .broken(let line, _) = try AuditLog.verify(self.path, key: key) else {
                Issue.record("byte \(index) was changed unnoticed")
                continue
            }
            let place = bytes[..<index].count { $0 == 0x0A } + 1
            #expect(abs(line - place) <= 1)
        }
    }

    @Test("I7: an entry that is put in is found, also one with a code that fits, if its maker hasn't the key")
    func insert() throws {
        try self.fill(4)
        var lines = try self.lines()
        lines.insert(lines[1], at: 2)
        try self.write(lines)
        let twice = AuditVerdict.broken(line: 3, .wrongNumber(found: 2, expected: 3))
        #expect(try AuditLog.verify(self.path, key: Self.key) == twice)
        // A whole log that somebody made anew, with the number of entries that is known.
        try FileManager.default.removeItem(atPath: self.path)
        try FileManager.default.removeItem(atPath: self.path + ".head")
        try self.fill(4, nil)
        #expect(try AuditLog.verify(self.path, key: Self.key) == .broken(line: 1, .wrongCode))
        let other = StoreKey(id: "audit", bytes: Array(repeating: 6, count: 32))
        #expect(try AuditLog.verify(self.path, key: other) == .broken(line: 1, .wrongCode))
    }

    @Test("without a key a log that was made anew is found by what was kept elsewhere")
    func remade() throws {
        try self.fill(4, nil)
        let head = try self.log(nil).head()
        try FileManager.default.removeItem(atPath: self.path)
        try FileManager.default.removeItem(atPath: self.path + ".head")
        for number in 1...4 { try self.log(nil).append(AuditEvent("forged", by: "\(number)")) }
        guard case .sound = try AuditLog.verify(self.path, key: nil) else {
            Issue.record("plain codes protect from more than was thought")
            return
        }
        #expect(try AuditLog.verify(self.path, key: nil, against: head) == .broken(line: 4, .otherHead))
    }

    @Test("a missing or wrong file of the end is found")
    func head() throws {
        try self.fill(4)
        let head = URL(fileURLWithPath: self.path + ".head")
        try Data("nonsense".utf8).write(to: head)
        #expect(try AuditLog.verify(self.path, key: Self.key) == .broken(line: 5, .headMissing))
        try FileManager.default.removeItem(at: head)
        #expect(try AuditLog.verify(self.path, key: Self.key) == .broken(line: 5, .headMissing))
        let code = String(repeating: "0", count: 64)
        try Data(#"{"count":3,"code":"\#(code)"}"#.utf8).write(to: head)
        #expect(try AuditLog.verify(self.path, key: Self.key) == .broken(line: 3, .otherHead))
    }

    @Test("what a process leaves that ends in the midst of an entry is no flaw, and is cut off by the next entry")
    func torn() throws {
        try self.fill(3)
        let whole = try Data(contentsOf: URL(fileURLWithPath: self.path))
        let headBefore = try Data(contentsOf: URL(fileURLWithPath: self.path + ".head"))
        try self.log().append(AuditEvent("start", by: "server"))
        let next = try Data(contentsOf: URL(fileURLWithPath: self.path))
        for end in whole.count...next.count {
            try next.prefix(end).write(to: URL(fileURLWithPath: self.path))
            try headBefore.write(to: URL(fileURLWithPath: self.path + ".head"))
            guard case .sound(let head) = try AuditLog.verify(self.path, key: Self.key) else {
                Issue.record("cut at \(end)")
                continue
            }
            #expect(head.count == (end == next.count ? 4 : 3))
            let after = try self.log().append(AuditEvent("start", by: "server"))
            #expect(after.count == head.count + 1)
            #expect(try AuditLog.verify(self.path, key: Self.key) == .sound(after))
        }
    }

    @Test("entries that are out of their bounds are refused")
    func bounds() throws {
        let long = String(repeating: "x", count: 257)
        let many = Dictionary(uniqueKeysWithValues: (0..<17).map { ("\($0)", "") })
        for event in [
            AuditEvent("", by: "x"), AuditEvent(String(repeating: "a", count: 41), by: "x"), AuditEvent("a", by: long),
            AuditEvent("a", by: "x", details: ["k": long]), AuditEvent("a", by: "x", details: [long: "v"]),
            AuditEvent("a", by: "x", details: many),
        ] {
            let error = #expect(throws: StoreError.self) { try self.log().append(event) }
            #expect(error?.code == .invalidEntry)
        }
        #expect(!FileManager.default.fileExists(atPath: self.path))
    }

    @Test("nothing is appended behind what is no entry")
    func foreign() throws {
        try self.write(["a shopping list"])
        let error = #expect(throws: StoreError.self) { try self.fill(1) }
        #expect(error?.code == .corrupt)
        #expect(try self.lines() == ["a shopping list"])
        #expect(try AuditLog.verify(self.path, key: Self.key) == .broken(line: 1, .noEntry))
    }

    @Test("many threads append, each entry once and in the chain")
    func concurrency() async throws {
        let log = self.log()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<8 {
                group.addTask { for number in 0..<20 { try log.append(AuditEvent("a", by: "\(writer)-\(number)")) } }
            }
            try await group.waitForAll()
        }
        #expect(try AuditLog.verify(self.path, key: Self.key) == .sound(try log.head()))
        let lines = try self.lines()
        #expect(lines.count == 160)
        #expect(Set(lines).count == 160)
    }

    @Test("a log is gone on with only by the key that it was made with, so that a command without it breaks nothing")
    func otherKey() throws {
        let other = StoreKey(id: "audit", bytes: Array(repeating: 6, count: 32))
        for (mine, theirs, explanation) in [
            (Self.key, nil, "was written with a key; name the configuration that has its audit_key"),
            (nil, Self.key, "was begun without a key; move it and its .head away to begin one with audit_key"),
            (
                Self.key, other,
                "was written with another key, or its last entry was changed; give the right audit_key, or verify it"
            ),
        ] {
            for count in [1, 3] {
                try self.fill(count, mine)
                let before = try self.lines()
                let error = #expect(throws: StoreError.self) { try self.fill(1, theirs) }
                #expect(error?.description == "\(self.path): \(explanation) [wrong-key]")
                #expect(try self.lines() == before)
                guard case .sound = try AuditLog.verify(self.path, key: mine) else {
                    Issue.record("broken by what was refused")
                    return
                }
                for suffix in ["", ".head"] { try FileManager.default.removeItem(atPath: self.path + suffix) }
            }
        }
    }

    @Test("where the end can't be noted nothing is appended")
    func headUnwritable() throws {
        try self.fill(2)
        let before = try self.lines()
        // A folder that isn't empty is in the way of any file.
        try FileManager.default.createDirectory(
            atPath: self.path + ".head.partial/x",
            withIntermediateDirectories: true
        )
        #expect(throws: StoreError.self) { try self.fill(1) }
        #expect(try self.lines() == before)
        try FileManager.default.removeItem(atPath: self.path + ".head.partial")
        try self.fill(1)
        #expect(try AuditLog.verify(self.path, key: Self.key) == .sound(try self.log().head()))
    }
}
