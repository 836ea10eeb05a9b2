/// Searches a text for many texts at once, in one pass: the automaton of Aho and Corasick with a row for each state.
///
/// Capital ASCII letters count as small ones; everything else has to be folded before.
struct LiteralAutomaton: Sendable {
    typealias Literal = RequiredLiterals.Literal

    /// A literal that ends in a state.
    private struct End: Sendable {
        var literal: UInt32
        /// In bytes.
        var length: UInt16
        var startsWord: Bool
        var endsWord: Bool
    }

    /// The column of each byte; 0 for those that occur in no literal.
    private let columns: [UInt8]
    /// A row for each state: where each column's next row starts, then the range of `ends` in two elements.
    ///
    /// The rows stand in the order of breadth, so that those of the first letters, which are read most, lie together.
    /// The top bit says that a literal ends in the next state.
    private let rows: [UInt32]
    private let columnCount: Int
    private let ends: [End]

    private static let endFlag: UInt32 = 1 << 31

    /// How many bytes the tables take.
    var byteCount: Int { self.rows.count * 4 + self.ends.count * MemoryLayout<End>.stride + self.columns.count }

    /// - Parameter literals: Folded, none empty, no two equal. ``scan(_:found:)`` names them by their indices.
    init(_ literals: [Literal]) {
        var columns = [UInt8](repeating: 0, count: 256)
        var columnCount = 1
        for byte in Set(literals.lazy.flatMap(\.bytes)).sorted() {
            columns[Int(byte)] = UInt8(columnCount)
            columnCount += 1
        }
        for byte in 0x41...0x5A { columns[byte] = columns[byte | 0x20] }
        var builder = Builder(literals, columns: columns, columnCount: columnCount)
        builder.build()
        self.columns = columns
        self.columnCount = columnCount
        self.rows = builder.rows
        self.ends = builder.ends.map { index in
            let literal = literals[index]
            return End(
                literal: UInt32(index),
                length: UInt16(literal.bytes.count),
                startsWord: literal.startsWord,
                endsWord: literal.endsWord
            )
        }
    }

    /// Calls `found` with each literal that occurs and with its first byte, once for each occurrence.
    @inline(__always)
    func scan(_ text: UnsafeBufferPointer<UInt8>, found: (_ literal: Int, _ start: Int) -> Void) {
        guard let bytes = text.baseAddress else { return }
        self.rows.withUnsafeBufferPointer { rows in
            self.ends.withUnsafeBufferPointer { ends in
                var row = 0
                var index = 0
                while self.advance(&row, &index, bytes, text.count) {
                    let last = Int(rows[row + self.columnCount + 1])
                    for end in Int(rows[row + self.columnCount])..<last
                    where Self.isWhole(ends[end], text, endingAt: index - 1) {
                        found(Int(ends[end].literal), index - Int(ends[end].length))
                    }
                }
            }
        }
    }

    /// Reads on until a literal ends, at the byte before `index`.
    ///
    /// A function of its own, so that the state stays in a register: the next one waits for it.
    ///
    /// - Returns: Whether there is one; else the text is at its end.
    @inline(never)
    private func advance(_ row: inout Int, _ index: inout Int, _ text: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        self.columns.withUnsafeBufferPointer { columns in
            self.rows.withUnsafeBufferPointer { rows in
                guard let columns = columns.baseAddress, let rows = rows.baseAddress else { return false }
                var state = row
                var next = index
                var isEnd = false
                while next < count {
                    let found = rows[state + Int(columns[Int(text[next])])]
                    state = Int(found & ~Self.endFlag)
                    next += 1
                    if found & Self.endFlag != 0 {
                        isEnd = true
                        break
                    }
                }
                row = state
                index = next
                return isEnd
            }
        }
    }

    /// Whether what stands beside the literal may stand there.
    @inline(__always)
    private static func isWhole(_ end: End, _ text: UnsafeBufferPointer<UInt8>, endingAt index: Int) -> Bool {
        if end.endsWord, index + 1 < text.count, isWordByte(text[index + 1]) { return false }
        let before = index - Int(end.length)
        return !end.startsWord || before < 0 || !isWordByte(text[before])
    }

    /// Makes the rows, state by state in the order of breadth.
    private struct Builder {
        /// A state: the literals that start with the text so far, and the state of its longest end that is one too.
        private struct State {
            var literals: Range<Int>
            var depth: Int
            var fallback: Int
        }

        private let literals: [Literal]
        /// The indices of the literals in the order of their bytes.
        private let order: [Int]
        private let columns: [UInt8]
        private let columnCount: Int
        private let stride: Int
        private var states: [State] = []
        /// Whether a literal ends in each state.
        private var hasEnd: [Bool] = [false]

        private(set) var rows: [UInt32] = []
        private(set) var ends: [Int] = []

        init(_ literals: [Literal], columns: [UInt8], columnCount: Int) {
            self.literals = literals
            self.order = literals.indices.sorted { literals[$0].bytes.lexicographicallyPrecedes(literals[$1].bytes) }
            self.columns = columns
            self.columnCount = columnCount
            self.stride = columnCount + 2
            self.states = [State(literals: 0..<literals.count, depth: 0, fallback: 0)]
        }

        mutating func build() {
            self.rows.reserveCapacity(self.stateCount * self.stride)
            var index = 0
            while index < self.states.count {
                self.appendRow(of: index)
                index += 1
            }
        }

        /// The root, and a state for each byte of each literal that it doesn't share with the one before.
        private var stateCount: Int {
            zip(self.order, self.order.dropFirst()).reduce(
                1 + (self.order.first.map { self.literals[$0].bytes.count } ?? 0)
            ) {
                let (previous, next) = (self.literals[$1.0].bytes, self.literals[$1.1].bytes)
                return $0 + next.count - zip(previous, next).prefix { $0 == $1 }.count
            }
        }

        /// The row of the fallback, whose state comes earlier, and over it the ways on from the state itself.
        private mutating func appendRow(of index: Int) {
            let state = self.states[index]
            let start = self.rows.count
            // Element by element: a slice of the rows would make the append copy all of them.
            for column in 0..<self.columnCount {
                self.rows.append(index == 0 ? 0 : self.rows[state.fallback * self.stride + column])
            }
            let firstEnd = self.ends.count
            var rest = state.literals
            while let first = rest.first, self.literals[self.order[first]].bytes.count == state.depth {
                self.ends.append(self.order[first])
                rest.removeFirst()
            }
            if index != 0 {
                let inherited = state.fallback * self.stride + self.columnCount
                for end in self.rows[inherited]..<self.rows[inherited + 1] { self.ends.append(self.ends[Int(end)]) }
            }
            self.appendStates(for: rest, depth: state.depth, rowStart: start, isRoot: index == 0)
            self.rows += [UInt32(firstEnd), UInt32(self.ends.count)]
        }

        /// A state for each byte that may follow.
        private mutating func appendStates(for literals: Range<Int>, depth: Int, rowStart: Int, isRoot: Bool) {
            var first = literals.lowerBound
            while first < literals.upperBound {
                let byte = self.literals[self.order[first]].bytes[depth]
                var end = first + 1
                while end < literals.upperBound, self.literals[self.order[end]].bytes[depth] == byte { end += 1 }
                let slot = rowStart + Int(self.columns[Int(byte)])
                let fallback = isRoot ? 0 : Int(self.rows[slot] & ~LiteralAutomaton.endFlag) / self.stride
                let isEnd = self.literals[self.order[first]].bytes.count == depth + 1 || self.hasEnd[fallback]
                self.rows[slot] = UInt32(self.states.count * self.stride) | (isEnd ? LiteralAutomaton.endFlag : 0)
                self.states.append(State(literals: first..<end, depth: depth + 1, fallback: fallback))
                self.hasEnd.append(isEnd)
                first = end
            }
        }
    }
}
