import Hub

/// A message as a client sends it.
struct Outgoing: Equatable {
    /// Nothing for a client of the first form that makes no ids.
    let id: String?
    let text: String
}

/// What the subscriber does with a message: the first word of its text.
struct Plan {
    /// Whether it is finished at once.
    let isImmediate: Bool
    /// Whether its reply comes piece by piece.
    let isStreamed: Bool
    /// The numbers of the replies, in the order in which they are posted.
    let numbers: [Int]

    /// All of them, by their words: `n` for now, `l` for later, `t` for a reply that is posted twice,
    /// `p` for one that comes in pieces.
    static let words = ["n0", "n1", "n1", "n2", "n3", "t1", "t2", "l0", "l1", "l1", "l2", "l3", "p1", "p1"]

    init(of text: String) {
        let word = Array(text.utf8.prefix(2))
        let count = word.count == 2 ? Int(word[1]) - 0x30 : 0
        self.isStreamed = word.first == UInt8(ascii: "p")
        self.isImmediate = word.first != UInt8(ascii: "l") && !self.isStreamed
        let numbers = Array(1..<count + 1)
        self.numbers = word.first == UInt8(ascii: "t") ? numbers.flatMap { [$0, $0] } : numbers
    }

    /// A text that says what to do with it and names its room.
    static func text(_ word: String, _ key: RoomKey, _ number: Int, padding: Int = 0) -> String {
        "\(word) \(name(of: key)) \(number) " + String(repeating: "x", count: padding)
    }
}

/// Where a client stands in a room.
struct Place: Equatable {
    var epoch: String
    var seq: Int
}
