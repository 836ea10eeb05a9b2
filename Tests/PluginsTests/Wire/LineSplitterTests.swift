import Testing

@testable import Plugins

@Suite("lines of a plugin")
struct LineSplitterTests {
    private func lines(of pieces: [[UInt8]], limit: Int) -> [String] {
        var splitter = LineSplitter(limit: limit)
        var lines: [LineSplitter.Line] = []
        for piece in pieces { lines += piece.withUnsafeBytes { splitter.append($0) } }
        lines += splitter.finish()
        return lines.map { String(decoding: $0.bytes, as: UTF8.self) + ($0.isCut ? "…" : "") }
    }

    @Test(
        "are the same wherever the stream is cut",
        arguments: [
            ("a\nbc\r\n\ndef", ["a", "bc", "", "def"]), ("", []), ("\n\n", ["", ""]), ("a\rb\n", ["a\rb"]),
            ("12345\n", ["12345"]), ("12345\r\n1\n", ["12345", "1"]), ("123456\n1\n", ["12345…", "1"]),
            ("1234567890123456\n1", ["12345…", "1"]), ("123456", ["12345…"]), ("12345\r6\n7\n", ["12345…", "7"]),
            ("1\n1234567\r\n\n2\n", ["1", "12345…", "", "2"]),
        ]
    )
    func cuts(text: String, expected: [String]) {
        let bytes = Array(text.utf8)
        #expect(self.lines(of: [bytes], limit: 5) == expected)
        #expect(self.lines(of: bytes.map { [$0] }, limit: 5) == expected)
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let pieces = [Array(bytes[..<first]), Array(bytes[first..<second]), Array(bytes[second...])]
                #expect(self.lines(of: pieces, limit: 5) == expected, "cut at \(first) and \(second)")
            }
        }
    }
}
