import Foundation
import GRDB
import Store
import Synchronization
import Testing

@Suite("store: the small stores of plugins")
struct StateFileTests {
    private static let folder = FileManager.default.temporaryDirectory

    /// A path for one test; what is there is removed afterwards.
    private func withPath(_ body: (String) throws -> Void) throws {
        let folder = Self.folder.appendingPathComponent("claude-chat-state-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body("\(folder)/deep/counts.sqlite")
    }

    private func entries(_ file: StateFile) throws -> [String: StateFile.Entry] {
        try file.entries(after: 1_000, atMost: 10_000)
    }

    @Test("have after a restart what was written, the last of each key, and nothing that has ended")
    func restart() throws {
        try self.withPath { path in
            let file = try StateFile.open(path)
            for number in 0..<1_000 { file.write("k\(number % 10)", .init("v\(number)", until: 5_000)) }
            file.write("ended", .init("x", until: 1_000))
            file.write("k0", nil)
            file.close()
            let again = try StateFile.open(path)
            let found = try self.entries(again)
            #expect(found.keys.sorted() == (1..<10).map { "k\($0)" })
            #expect(found["k9"] == .init("v999", until: 5_000))
            #expect(try again.entries(after: 1_000, atMost: 3).count == 3)
            again.close()
            let rights = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
            #expect(rights?.intValue == 0o600)
        }
    }

    @Test("take any text as a key and as a value")
    func texts() throws {
        try self.withPath { path in
            let file = try StateFile.open(path)
            let texts = ["'; DROP TABLE entry; --", "a\u{0}b", "\u{1F469}\u{200D}\u{1F527}", "%_", " "]
            for text in texts { file.write(text, .init(text, until: 5_000)) }
            file.close()
            let again = try StateFile.open(path)
            let found = try self.entries(again)
            #expect(Set(found.keys) == Set(texts) && found.allSatisfy { $0.key == $0.value.value })
            again.close()
        }
    }

    @Test("that are no file of ours are left alone; a server puts them aside, says so, and begins anew")
    func damaged() throws {
        for content in [Data(String(repeating: "a letter, no database. ", count: 100).utf8), Data(count: 8_192)] {
            try self.withPath { path in
                let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                try content.write(to: URL(fileURLWithPath: path))
                #expect(throws: StoreError.self) { try StateFile.open(path) }
                #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == content)
                let told = Mutex<[String]>([])
                let file = try StateFile.openOrReplace(path) { problem in told.withLock { $0.append("\(problem)") } }
                #expect(try self.entries(file).isEmpty)
                file.write("k", .init("v", until: 5_000))
                file.close()
                #expect(try Data(contentsOf: URL(fileURLWithPath: "\(path).damaged")) == content)
                #expect(
                    told.withLock(\.self) == [
                        "\(path): could not be read, is now \(path).damaged, and was begun anew [store-corrupt]"
                    ]
                )
                let again = try StateFile.open(path)
                #expect(try self.entries(again) == ["k": .init("v", until: 5_000)])
                again.close()
            }
        }
    }

    @Test("whose middle was overwritten are begun anew, too")
    func overwritten() throws {
        try self.withPath { path in
            let file = try StateFile.open(path)
            for number in 0..<2_000 { file.write("key \(number)", .init("value \(number)", until: 5_000)) }
            file.close()
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try handle.seek(toOffset: 4_096)
            try handle.write(contentsOf: Data(repeating: 0xA5, count: 40_000))
            try handle.close()
            let again = try StateFile.openOrReplace(path)
            #expect(try self.entries(again).isEmpty)
            again.close()
        }
    }

    @Test("of a later version are not touched")
    func later() throws {
        try self.withPath { path in
            try StateFile.open(path).close()
            let queue = try DatabaseQueue(path: path)
            try queue.write { try $0.execute(sql: "PRAGMA user_version = 9") }
            try queue.close()
            #expect(throws: StoreError.self) { try StateFile.openOrReplace(path) }
            #expect(!FileManager.default.fileExists(atPath: "\(path).damaged"))
        }
    }
}
