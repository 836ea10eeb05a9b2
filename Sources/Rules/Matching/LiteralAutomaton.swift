/// Searches a text for many ASCII texts at once, in one pass, without regard to case.
struct LiteralAutomaton: Sendable {
    /// The class of each byte; 0 for those that occur in no literal.
    ///
    /// Upper and lower case have one class.
    private let classes: [UInt8]
    private let classCount: Int
    /// For each state and class the next state, as its offset in this table.
    ///
    /// The top bit says that a literal ends there.
    private let transitions: [UInt32]
    /// For each state the range of `sets` whose literals end there.
    private let ends: [Range<UInt32>]
    private let sets: [UInt32]

    private static let endFlag: UInt32 = 1 << 31

    /// - Parameter literals: The texts of each set, lower case, ASCII, none empty.
    init(_ literals: [[String]]) {
        var classes = [UInt8](repeating: 0, count: 256)
        var classCount = 1
        for byte in Set(literals.joined().flatMap(\.utf8)).sorted() {
            classes[Int(byte)] = UInt8(classCount)
            if (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) { classes[Int(byte) - 32] = UInt8(classCount) }
            classCount += 1
        }
        var trie = Trie(classCount: classCount)
        for (set, texts) in literals.enumerated() {
            for text in texts { trie.insert(text.utf8.map { Int(classes[Int($0)]) }, set: UInt32(set)) }
        }
        trie.link()
        self.classes = classes
        self.classCount = classCount
        var sets: [UInt32] = []
        self.ends = trie.sets.map { ending in
            sets += ending
            return UInt32(sets.count - ending.count)..<UInt32(sets.count)
        }
        self.sets = sets
        self.transitions = trie.next.map { state in
            UInt32(state * classCount) | (trie.sets[state].isEmpty ? 0 : Self.endFlag)
        }
    }

    /// Calls `found` with each set of which a text occurs, perhaps more than once.
    @inline(__always)
    func scan(_ bytes: UnsafeBufferPointer<UInt8>, found: (Int) -> Void) {
        self.classes.withUnsafeBufferPointer { classes in
            self.transitions.withUnsafeBufferPointer { transitions in
                var state = 0
                var index = 0
                while index < bytes.count {
                    let byte = bytes[index] < 0x80 ? bytes[index] : Self.fold(bytes, &index)
                    index += 1
                    let next = transitions[state + Int(classes[Int(byte)])]
                    state = Int(next & ~Self.endFlag)
                    if next & Self.endFlag != 0 {
                        for end in self.ends[state / self.classCount] { found(Int(self.sets[Int(end)])) }
                    }
                }
            }
        }
    }

    /// The ASCII letter that PCRE2 holds equal to the character at `index`, if there is one, else the byte itself.
    ///
    /// There are two: U+017F LATIN SMALL LETTER LONG S, and U+212A KELVIN SIGN. `index` goes to the character's last byte.
    private static func fold(_ bytes: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> UInt8 {
        let byte = bytes[index]
        if byte == 0xC5, index + 1 < bytes.count, bytes[index + 1] == 0xBF {
            index += 1
            return UInt8(ascii: "s")
        }
        if byte == 0xE2, index + 2 < bytes.count, bytes[index + 1] == 0x84, bytes[index + 2] == 0xAA {
            index += 2
            return UInt8(ascii: "k")
        }
        return byte
    }

    /// The automaton while it is built: first a tree, then with a next state for every class.
    private struct Trie {
        let classCount: Int
        /// The next state for each state and class; 0, the root, where the tree has none.
        var next: [Int]
        /// The sets whose texts end at each state.
        var sets: [[UInt32]] = [[]]

        init(classCount: Int) {
            self.classCount = classCount
            self.next = Array(repeating: 0, count: classCount)
        }

        mutating func insert(_ classes: [Int], set: UInt32) {
            var state = 0
            for byteClass in classes {
                let slot = state * self.classCount + byteClass
                if self.next[slot] == 0 {
                    self.next[slot] = self.sets.count
                    self.sets.append([])
                    self.next += Array(repeating: 0, count: self.classCount)
                }
                state = self.next[slot]
            }
            self.sets[state].append(set)
        }

        /// Fills in where to go when the tree has no way on: to the longest end of the text so far that is in the tree.
        mutating func link() {
            var fallback = Array(repeating: 0, count: self.sets.count)
            var queue = [0]
            var head = 0
            while head < queue.count {
                let state = queue[head]
                head += 1
                self.sets[state] += state == 0 ? [] : self.sets[fallback[state]]
                for byteClass in 0..<self.classCount {
                    let slot = state * self.classCount + byteClass
                    let inherited = state == 0 ? 0 : self.next[fallback[state] * self.classCount + byteClass]
                    let child = self.next[slot]
                    if child == 0 {
                        self.next[slot] = inherited
                    } else {
                        fallback[child] = inherited
                        queue.append(child)
                    }
                }
            }
        }
    }
}
