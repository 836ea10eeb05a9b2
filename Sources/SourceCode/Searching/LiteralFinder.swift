#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Finds a text in a file, the best place of it.
struct LiteralFinder {
    /// As written.
    private let text: [UInt8]
    let folded: [UInt8]

    /// So many places of a file are looked at.
    private static let maximumMatches = 1_000

    init(_ text: String) {
        self.text = Array(text.utf8)
        self.folded = self.text.map(\.lowercased)
    }

    struct Match {
        var offset: Int
        var line: Int
        var column: Int
        var isWholeWord: Bool
        var hasCase: Bool
    }

    /// Where a file has the text; letters of ASCII match in either case.
    ///
    /// - Returns: The first one of those that have it as a whole word and as it is written; and how many there are.
    func matches(in source: SourceText) -> (best: Match, count: Int)? {
        let folded = source.folded
        var (best, count): (Match?, Int) = (nil, 0)
        var (line, lineStart, scanned) = (1, 0, 0)
        var start = 0
        while count < Self.maximumMatches, let offset = Self.first(self.folded, in: folded, from: start) {
            for index in scanned..<offset where folded[index] == 0x0A {
                line += 1
                lineStart = index + 1
            }
            (scanned, start, count) = (offset, offset + self.folded.count, count + 1)
            let match = Match(
                offset: offset,
                line: line,
                column: offset - lineStart + 1,
                isWholeWord: self.isWholeWord(folded, at: offset),
                hasCase: source.bytes[offset..<start].elementsEqual(self.text)
            )
            if best.map({ Self.weight(match) > Self.weight($0) }) ?? true { best = match }
        }
        return best.map { ($0, count) }
    }

    private static func weight(_ match: Match) -> Int { (match.isWholeWord ? 2 : 0) + (match.hasCase ? 1 : 0) }

    private func isWholeWord(_ bytes: [UInt8], at offset: Int) -> Bool {
        let end = offset + self.folded.count
        let isOpen = self.folded[0].isWordPart && offset > 0 && bytes[offset - 1].isWordPart
        let isUnended = self.folded[self.folded.count - 1].isWordPart && end < bytes.count && bytes[end].isWordPart
        return !isOpen && !isUnended
    }

    private static func first(_ needle: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        bytes.withUnsafeBytes { bytes in
            needle.withUnsafeBytes { needle in
                guard let base = bytes.baseAddress, let wanted = needle.baseAddress else { return nil as Int? }
                var place = start
                while place + needle.count <= bytes.count,
                    let found = memchr(base + place, CInt(needle[0]), bytes.count - needle.count - place + 1)
                {
                    let offset = UnsafeRawPointer(found) - base
                    if memcmp(found, wanted, needle.count) == 0 { return offset }
                    place = offset + 1
                }
                return nil
            }
        }
    }
}
