/// Which literals of a prefilter occur in the last message, and where.
struct FoundLiterals {
    /// More places than this are searched faster by a pattern that steps over the text itself.
    private static let maximumStartCount = 64
    /// A place costs about as much as stepping over so many bytes.
    private static let bytesPerStart = 16

    /// One place of a literal.
    private struct Place {
        /// Where it starts, in bytes.
        var start: UInt32
        /// Where the one before it of the same literal stands in ``places``; the largest number for none.
        var previous: UInt32
    }

    /// In the order in which they were found.
    private(set) var list: [UInt32] = []
    /// Whether the places are those of the message: folding may have made characters shorter.
    var knowsPlaces = true
    /// What ``findStarts(of:)`` has found, in ascending order, none twice.
    private(set) var starts: [UInt32] = []
    /// A bit for each literal.
    private var bits: [UInt64] = []
    /// For each literal that was found its last place.
    private var last: [UInt32] = []
    private var places: [Place] = []
    private var byteCount = 0
    /// Counted when somebody asks first.
    private var words: Int?

    /// Forgets the last message and makes room for `count` literals in a message of `byteCount` bytes.
    mutating func prepare(for count: Int, in byteCount: Int) {
        let wordCount = (count + 63) / 64
        if self.bits.count < wordCount {
            self.bits = [UInt64](repeating: 0, count: wordCount)
            self.last = [UInt32](repeating: 0, count: wordCount * 64)
        } else {
            for literal in self.list { self.bits[Int(literal) / 64] = 0 }
        }
        self.list.removeAll(keepingCapacity: true)
        self.places.removeAll(keepingCapacity: true)
        self.knowsPlaces = true
        self.byteCount = byteCount
        self.words = nil
    }

    /// How many words the message has.
    ///
    /// - Parameter bytes: The message that was searched last.
    /// - Returns: Their number, counted once for each message.
    mutating func wordCount(of bytes: UnsafeBufferPointer<UInt8>) -> Int {
        if let words { return words }
        let words = Rules.wordCount(of: bytes)
        self.words = words
        return words
    }

    /// Notes all places of literals that `scan` reports, in ascending order of their ends.
    ///
    /// - Parameter scan: Calls what it is given with each literal and the byte where it starts.
    @inline(__always)
    mutating func insert(_ scan: ((_ literal: Int, _ start: Int) -> Void) -> Void) {
        self.bits.withUnsafeMutableBufferPointer { bits in
            self.last.withUnsafeMutableBufferPointer { last in
                scan { literal, start in
                    let bit = UInt64(1) << UInt64(literal % 64)
                    let isFirst = bits[literal / 64] & bit == 0
                    if isFirst {
                        bits[literal / 64] |= bit
                        self.list.append(UInt32(literal))
                    }
                    let previous = isFirst ? UInt32.max : last[literal]
                    last[literal] = UInt32(self.places.count)
                    self.places.append(Place(start: UInt32(start), previous: previous))
                }
            }
        }
    }

    @inline(__always)
    func contains(_ literal: UInt32) -> Bool { self.bits[Int(literal) / 64] & (1 << UInt64(literal % 64)) != 0 }

    /// Finds where something may match that starts with one of these literals.
    ///
    /// - Returns: ``Prefilter/Outlook/atStarts`` where ``starts`` now holds the places; ``Prefilter/Outlook/anywhere``
    ///   where they aren't known or too many to go from one to the next.
    mutating func findStarts(of literals: UnsafeBufferPointer<UInt32>) -> Prefilter.Outlook {
        self.starts.removeAll(keepingCapacity: true)
        let limit = min(Self.maximumStartCount, 2 + self.byteCount / Self.bytesPerStart)
        for literal in literals where self.contains(literal) {
            guard self.knowsPlaces else { return .anywhere }
            var index = self.last[Int(literal)]
            while index != .max {
                guard self.starts.count < limit else { return .anywhere }
                self.insertStart(self.places[Int(index)].start)
                index = self.places[Int(index)].previous
            }
        }
        return self.starts.isEmpty ? .nowhere : .atStarts
    }

    /// A few of them are put in order faster one by one than all at once.
    private mutating func insertStart(_ start: UInt32) {
        var index = self.starts.count
        while index > 0, self.starts[index - 1] >= start { index -= 1 }
        if index < self.starts.count, self.starts[index] == start { return }
        self.starts.insert(start, at: index)
    }
}
