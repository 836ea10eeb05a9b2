/// Puts one character in the place of all that PCRE2's caseless matching holds equal to it.
///
/// K (U+212A) becomes k, ſ (U+017F) becomes s, ς becomes σ, ẞ becomes ß. Folding equates every two characters that
/// PCRE2 equates, and perhaps more. Folded UTF-8 is never longer than the text, but often shorter: a position in it
/// says nothing about the text.
struct Folding: Sendable {
    /// Made once; it takes 30 KB.
    static let table = Folding()

    /// Characters of one page are found together: most pages have none that folds.
    private static let pageBits = 7
    private static let pageSize = 1 << pageBits

    /// For each page of characters where its offsets start; all pages without folding share the first.
    private let pages: [UInt16]
    /// What has to be added to a character to get its representative.
    private let offsets: [Int32]

    private init() {
        let count = ((Self.runs.last?.last ?? 0) >> Self.pageBits) + 1
        var pages = [UInt16](repeating: 0, count: count)
        var offsets = [Int32](repeating: 0, count: Self.pageSize)
        for run in Self.runs {
            for scalar in stride(from: run.first, through: run.last, by: run.step) {
                if pages[scalar >> Self.pageBits] == 0 {
                    pages[scalar >> Self.pageBits] = UInt16(offsets.count / Self.pageSize)
                    offsets += [Int32](repeating: 0, count: Self.pageSize)
                }
                let page = Int(pages[scalar >> Self.pageBits])
                offsets[page * Self.pageSize + scalar % Self.pageSize] = Int32(run.offset)
            }
        }
        self.pages = pages
        self.offsets = offsets
    }

    /// The character that stands for `scalar`.
    @inline(__always)
    func representative(of scalar: UInt32) -> UInt32 {
        let page = Int(scalar) >> Self.pageBits
        guard page < self.pages.count else { return scalar }
        let offset = self.offsets[Int(self.pages[page]) * Self.pageSize + Int(scalar) % Self.pageSize]
        return UInt32(bitPattern: Int32(bitPattern: scalar) &+ offset)
    }

    /// `text` folded, as UTF-8.
    func fold(_ text: String) -> [UInt8] {
        var text = text
        return text.withUTF8 { bytes in
            Array(unsafeUninitializedCapacity: bytes.count) { $1 = self.fold(bytes, into: $0) }
        }
    }

    /// Folds valid UTF-8 into `folded`, which has room for as many bytes.
    ///
    /// - Returns: How many bytes were written.
    func fold(_ bytes: UnsafeBufferPointer<UInt8>, into folded: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var read = 0
        var written = 0
        while read < bytes.count {
            let first = bytes[read]
            if first < 0x80 {
                folded[written] = first &- 0x41 < 26 ? first | 0x20 : first
                read += 1
                written += 1
            } else {
                let scalar = Self.decode(bytes, &read)
                Self.encode(self.representative(of: scalar), folded, &written)
            }
        }
        return written
    }

    /// The character beyond ASCII that starts at `index`, which goes behind it.
    @inline(__always)
    private static func decode(_ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> UInt32 {
        let first = UInt32(bytes[index])
        let count = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        // The first byte has one marking bit more than the character has bytes.
        var scalar = first & (0xFF >> UInt32(count + 1))
        for next in (index + 1)..<(index + count) { scalar = scalar << 6 | UInt32(bytes[next] & 0x3F) }
        index += count
        return scalar
    }

    @inline(__always)
    private static func encode(
        _ scalar: UInt32,
        _ bytes: UnsafeMutableBufferPointer<UInt8>,
        _ index: inout Int
    ) {
        let count = scalar < 0x80 ? 1 : scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4
        var rest = scalar
        for place in stride(from: index + count - 1, to: index, by: -1) {
            bytes[place] = 0x80 | UInt8(truncatingIfNeeded: rest & 0x3F)
            rest >>= 6
        }
        let marks: UInt32 = count == 1 ? 0 : 0xFF00 >> UInt32(count)
        bytes[index] = UInt8(truncatingIfNeeded: marks | rest)
        index += count
    }
}
