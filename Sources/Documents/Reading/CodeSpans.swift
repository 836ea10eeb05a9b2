/// Finds code within a paragraph of Markdown: what stands between two rows of as many back ticks (CommonMark, section
/// "Code spans").
///
/// To be asked from the left to the right; takes time in proportion to the length.
struct CodeSpans {
    private let bytes: [UInt8]
    /// Where rows of back ticks begin, by their length; those that were passed are gone, and the first is the last one here.
    private var rows: [Int: [Int]] = [:]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var index = 0
        while let start = bytes[index...].firstIndex(of: UInt8(ascii: "`")) {
            index = Self.end(ofRowAt: start, bytes)
            self.rows[index - start, default: []].append(start)
        }
        for length in self.rows.keys { self.rows[length]?.reverse() }
    }

    private static func end(ofRowAt start: Int, _ bytes: [UInt8]) -> Int {
        bytes[start...].firstIndex { $0 != UInt8(ascii: "`") } ?? bytes.count
    }

    /// The code that begins at a back tick.
    ///
    /// - Returns: Its content, and where the text goes on; without a second row nothing but the first one.
    mutating func span(at start: Int) -> (content: Range<Int>, end: Int) {
        let begin = Self.end(ofRowAt: start, self.bytes)
        let length = begin - start
        while let next = self.rows[length]?.last {
            self.rows[length]?.removeLast()
            if next >= begin { return (begin..<next, next + length) }
        }
        return (begin..<begin, begin)
    }
}
