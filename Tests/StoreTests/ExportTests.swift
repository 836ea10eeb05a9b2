import Foundation
import Messages
import Synchronization
import Testing

@testable import Store

@Suite("store: export and import")
struct ExportTests {
    private let folder: StoreFolder

    init() throws { self.folder = try StoreFolder() }

    private static let texts = [
        "hello", "=cmd()", "+1", "-2", "@x", "\ttab", "\rreturn", "a,b", "say \"hi\"", "two\nlines", "日本語 \u{1F600}",
        "",
        "a\u{0}b", "'quoted'", #"back\slash"#,
    ]

    private func fill(_ store: MessageStore) async {
        var room = TestRoom()
        for (index, text) in Self.texts.enumerated() {
            store.append(.message(room.next(text, id: "m\(index)", page: "=page", turn: "t\(index)")))
            let trace = Array(#"{"turn":"t\#(index)","steps":[{"n":1}]}"#.utf8)
            let time = self.folder.time.now
            store.append(
                .turnEnded(TurnOutcome(turn: "t\(index)", outcome: "answered", time: time, rule: "a/b", trace: trace))
            )
        }
        let feedback = Feedback(
            site: room.site,
            session: room.session,
            message: "m1",
            value: .down,
            comment: "=wrong",
            time: self.folder.time.now
        )
        store.append(.feedback(feedback))
        _ = try? await store.room(room.session, of: room.site)
    }

    private func export(_ store: MessageStore, _ format: ExportFormat = .jsonLines) async throws -> [UInt8] {
        let bytes = Mutex<[UInt8]>([])
        try await store.export(as: format) { part in bytes.withLock { $0 += part } }
        return bytes.withLock { $0 }
    }

    private static func lines(_ bytes: [UInt8]) -> [[UInt8]] { bytes.split(separator: 0x0A).map(Array.init) }

    private static func stream(_ lines: [[UInt8]]) -> AsyncStream<[UInt8]> {
        AsyncStream { continuation in
            for line in lines { continuation.yield(line) }
            continuation.finish()
        }
    }

    @Test(
        "what was exported and imported is exported the same, and an import twice adds nothing",
        arguments: [true, false]
    )
    func roundTrip(isEncrypted: Bool) async throws {
        let bytes = try await self.folder.withStore { store in
            await self.fill(store)
            return try await self.export(store)
        }
        #expect(Self.lines(bytes).count == Self.texts.count)
        for line in Self.lines(bytes) {
            #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line)) }
        }
        let other = try StoreFolder()
        var options = other.options
        options.keys =
            isEncrypted ? StoreKey(id: "k", bytes: Array(repeating: 3, count: 32)).map { .init(active: $0) } : nil
        try await other.withStore(options) { store in
            let first = try await store.importLines(Self.stream(Self.lines(bytes)))
            #expect(first == ImportResult(imported: Self.texts.count))
            #expect(try await self.export(store) == bytes)
            let again = try await store.importLines(Self.stream(Self.lines(bytes)))
            #expect(again == ImportResult(present: Self.texts.count))
            #expect(try await self.export(store) == bytes)
            let room = try await store.room(TestRoom().session, of: .default)
            #expect(room.messages.map(\.text) == Self.texts)
            #expect(try await store.unfinishedTurns().isEmpty)
            #expect(try await store.verify().isSound)
        }
    }

    @Test("H7: no cell of a table is taken for a formula, and every cell is one")
    func csv() async throws {
        try await self.folder.withStore { store in
            await self.fill(store)
            let csv = String(decoding: try await self.export(store, .csv), as: UTF8.self)
            let rows = Self.cells(csv)
            #expect(rows.count == Self.texts.count + 1)
            #expect(rows.allSatisfy { $0.count == 12 })
            let expected = Self.texts.map { text in
                text.unicodeScalars.first.map { "=+-@\t\r".unicodeScalars.contains($0) } == true ? "'" + text : text
            }
            #expect(rows.dropFirst().map { $0[7] } == expected)
            #expect(rows.dropFirst().allSatisfy { $0[6] == "'=page" })
            #expect(rows[2][10] == "down")
            #expect(rows[1][9] == "a/b")
        }
    }

    /// Reads CSV as RFC 4180 describes it.
    private static func cells(_ csv: String) -> [[String]] {
        var rows: [[String]] = [[""]]
        var isQuoted = false
        var scalars = Array(csv.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            let cell = rows[rows.count - 1].count - 1
            switch (scalar, isQuoted) {
            case ("\"", true) where scalars.first == "\"":
                rows[rows.count - 1][cell].unicodeScalars.append("\"")
                scalars.removeFirst()
            case ("\"", _): isQuoted.toggle()
            case (",", false): rows[rows.count - 1].append("")
            case ("\r", false) where scalars.first == "\n":
                scalars.removeFirst()
                rows.append([""])
            default: rows[rows.count - 1][cell].unicodeScalars.append(scalar)
            }
        }
        return rows.dropLast()
    }

    @Test("lines that are none are left out with their numbers, and those between them are taken")
    func hostileLines() async throws {
        let good = try await self.folder.withStore { store in
            var room = TestRoom()
            #expect(await store.store(room.next("one", id: "m1", turn: "t1")) == .committed)
            return try await self.export(store)
        }
        let line = String(decoding: good.dropLast(), as: UTF8.self)
        func changed(_ old: String, _ new: String) -> [UInt8] {
            #expect(line.contains(old))
            return Array(line.replacing(old, with: new).utf8)
        }
        let hostile: [[UInt8]] = [
            Array("no JSON".utf8), Array("{}".utf8), Array("[]".utf8), [0xFF, 0xFE], Array(line.utf8.dropLast()),
            changed(#""site":"default""#, #""site":"../x""#), changed(#""site":"default""#, #""site":7"#),
            changed(#""session":"s1""#, #""session":"s2""#),
            changed(#""seq":1,"id":"m1","speaker""#, #""seq":2,"id":"m1","speaker""#),
            changed(#""seq":1,"id":"m1","speaker""#, #""seq":-1,"id":"m1","speaker""#),
            changed(#""speaker":"user""#, #""speaker":"claude""#), changed(#""speaker":"user""#, #""speaker":"root""#),
            changed(#""frame":{"#, #""frame":[{"#), changed(#""message":"one""#, #""message":1"#),
            changed(#""turn":"t1""#, #""turn":"""#),
            changed(#""page":"/""#, #""page":"\#(String(repeating: "p", count: 3_000))""#),
            changed(#""time":1800000000000"#, #""time":1e99"#), changed(#""turn":"t1""#, #""feedback":"maybe""#),
            Array((#"{"a":"# + String(repeating: "[", count: 5_000)).utf8),
        ]
        let other = try StoreFolder()
        try await other.withStore { store in
            let lines = hostile + [Array(line.utf8), []]
            let result = try await store.importLines(Self.stream(lines))
            #expect(result.refusedLines == Array(1...hostile.count))
            #expect(result.refused == hostile.count)
            #expect(result.imported == 1)
            #expect(try await store.verify().isSound)
        }
    }

    @Test("a line for a number that is another message's is left out")
    func conflict() async throws {
        let other = try StoreFolder()
        let bytes = try await self.folder.withStore { store in
            var room = TestRoom()
            #expect(await store.store(room.next("one", id: "m1")) == .committed)
            return try await self.export(store)
        }
        try await other.withStore { store in
            var room = TestRoom()
            #expect(await store.store(room.next("other", id: "x1")) == .committed)
            let result = try await store.importLines(Self.stream(Self.lines(bytes)))
            #expect(result == ImportResult(refused: 1, refusedLines: [1]))
            let message = try await store.message("x1", session: room.session, of: .default)
            #expect(message?.text == "other")
        }
    }

    @Test("whose a session is goes along, so that it can be erased where it was taken to")
    func visitor() async throws {
        let bytes = try await self.folder.withStore { store in
            var room = TestRoom()
            for number in 1...3 { store.append(.message(room.next("mine", id: "m\(number)", visitor: "v \"1\""))) }
            _ = try await store.room(room.session, of: room.site)
            return try await self.export(store)
        }
        let other = try StoreFolder()
        try await other.withStore { store async throws in
            #expect(try await store.importLines(Self.stream(Self.lines(bytes))).imported == 3)
            #expect(try await self.export(store) == bytes)
            #expect(try await store.erase(visitor: "v \"1\"", of: .default).messages == 3)
        }
        #expect(try other.bytes().range(of: Data("mine".utf8)) == nil)
    }

    @Test("traces and comments that are damaged are left out and counted")
    func damagedParts() async throws {
        try await self.folder.withStore { await self.fill($0) }
        try self.folder.change("UPDATE comment SET record = x'0100'; UPDATE turn SET trace = x'0100' WHERE name = 't2'")
        try await self.folder.withStore { store in
            let lines = Self.lines(try await self.export(store))
            #expect(lines.count == Self.texts.count)
            #expect(store.health.damagedRecords == 2)
        }
    }
}
