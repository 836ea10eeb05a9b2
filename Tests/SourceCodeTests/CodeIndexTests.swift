import Foundation
import GRDB
import Indexing
import Testing

@testable import SourceCode

@Suite("index of code")
struct CodeIndexTests {
    /// Everything an index has but ids, so that two ways to make it can be compared.
    private func contents(_ index: CodeIndex) throws -> [String] {
        try index.pool.read { db in
            let files = try Dictionary(
                uniqueKeysWithValues: Row.fetchAll(db, sql: "SELECT id, path, digest FROM file").map {
                    ($0[0] as Int64, "\($0[1] as String) \($0[2] as Int64)")
                }
            )
            var lines = Array(files.values)
            for row in try Row.fetchAll(db, sql: "SELECT gram, files FROM posting") {
                let numbers = PostingList.numbers(in: row[1] as Data)
                lines += numbers.compactMap { files[$0] }.map { "\(row[0] as Int64) \($0)" }
            }
            for row in try Row.fetchAll(db, sql: "SELECT file, line, name FROM symbol") {
                lines.append("\(files[row[0]] ?? "of nothing") \(row[1] as Int) \(row[2] as String)")
            }
            return lines.sorted()
        }
    }

    @Test("after any changes it has what one made anew has", arguments: [1, 2, 3] as [UInt64])
    func model(seed: UInt64) throws {
        let folder = try CodeFolder()
        let index = try folder.open()
        var random = SeededGenerator(seed)
        for round in 0..<80 {
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let name = "d\(Int.random(in: 0..<3, using: &random))/f\(Int.random(in: 0..<6, using: &random)).py"
                switch Int.random(in: 0..<4, using: &random) {
                case 0: try? folder.remove(name)
                case 1: try folder.write(Data([0x00, 0x01]), to: name)
                default:
                    try folder.write(
                        "def f\(round)():\n    return w\(Int.random(in: 0..<40, using: &random))\n",
                        to: name
                    )
                }
            }
            _ = try index.update()
        }
        let fresh = try CodeIndex.open("\(folder.path)/fresh.sqlite", roots: index.roots, now: index.now)
        _ = try fresh.update()
        #expect(try self.contents(index) == self.contents(fresh))
        _ = try index.update(full: true)
        #expect(try self.contents(index) == self.contents(fresh))
    }

    @Test("many small updates are made one segment again")
    func segments() throws {
        let folder = try CodeFolder()
        let index = try folder.open()
        for number in 0..<70 {
            try folder.write("word_\(number)\n", to: "a.py")
            _ = try index.update()
        }
        #expect(try index.pool.read { try Int.fetchOne($0, sql: "SELECT segments FROM total") ?? 0 } < 65)
        #expect(try index.places("word_69") == ["a.py:1"])
        #expect(try index.places("word_68") == [])
    }

    @Test("an update that is ended leaves an index that answers, and the next one goes on")
    func ended() throws {
        let folder = try CodeFolder(["a.py": "some_word\n"])
        let index = try folder.open()
        #expect(throws: CodeError.self) { try index.update { _, _ in false } }
        #expect(try index.places("some_word") == [])
        #expect(try index.update().changed == 1)
        #expect(try index.places("some_word") == ["a.py:1"])
        #expect(throws: CodeError.self) { try index.update(full: true) { _, _ in false } }
        #expect(try index.places("some_word") == ["a.py:1"])
    }

    @Test("a database of another program is left alone")
    func foreign() throws {
        let folder = try CodeFolder()
        try DatabaseQueue(path: folder.indexPath).write { try $0.execute(sql: "CREATE TABLE theirs (x)") }
        let error = #expect(throws: CodeError.self) { try folder.open() }
        #expect(error?.code == "not-an-index")
    }

    @Test("lists of numbers survive being written and read, and broken bytes end them")
    func lists() {
        let numbers: [Int64] = [1, 2, 127, 128, 300, 16_384, 1 << 40]
        #expect(PostingList.numbers(in: PostingList.bytes(of: numbers)) == numbers)
        #expect(PostingList.numbers(in: [0x01, 0x80]) == [1])
        #expect(PostingList.numbers(in: [UInt8](repeating: 0xFF, count: 100)).count <= 12)
    }

    @Test(
        "what lines define is found by their looks",
        arguments: [
            ("a.swift", "    public func total(of x: Int) -> Int {", "function total"),
            ("a.swift", "private(set) var x = 1", ""),
            ("a.swift", "extension Basket.Item: Sendable {", "extension Item"),
            ("a.py", "async def total(x):", "function total"), ("a.py", "# def total", ""),
            ("a.js", "export const total = async (x) => {", "function total"), ("a.js", "const x = 1;", ""),
            ("a.ts", "export default class Basket<T> {", "class Basket"),
            ("A.java", "    public static List<String> total(int x) {", "function total"),
            ("A.java", "        return total(x);", ""), ("A.java", "    if (x) {", ""),
            ("a.go", "func (b *Basket) Total() int {", "function Total"),
            ("a.go", "type Basket struct {", "type Basket"),
            ("a.rs", "pub(crate) async fn total<T>() {", "function total"),
            ("a.rb", "  def self.total?", "function total?"),
            ("a.php", "  public function total() {", "function total"), ("a.c", "#define TOTAL(x) 1", "macro TOTAL"),
            ("a.c", "static int total(int x)", "function total"), ("a.c", "  total(1);", ""), ("a.txt", "def x", ""),
        ]
    )
    func symbols(path: String, line: String, expected: String) throws {
        let text = try #require(SourceText(Array(line.utf8)))
        let symbols = SymbolPatterns.symbols(in: text, path: path).map { "\($0.kind) \($0.name)" }
        #expect(symbols.joined(separator: ", ") == expected)
    }
}

/// SplitMix64, so that a failure can be had again.
private struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var z = self.state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
