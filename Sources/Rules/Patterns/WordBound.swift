extension PatternNode {
    /// How many words a text has at most that the pattern matches from its first character to its last.
    ///
    /// A word starts with an ASCII letter, a digit or `_` that stands at the start of the text or behind another ASCII
    /// character: see ``wordCount(of:)``. Characters beyond ASCII start none and end none, since some of them count as
    /// ASCII letters where case doesn't matter.
    ///
    /// - Returns: Nothing where the pattern need not reach the end of the text, or has room for any number of words.
    var maximumWords: Int? { self.endsWithText ? WordSpan(self).count : nil }

    /// Whether every match ends where the text does, but perhaps for a line break.
    private var endsWithText: Bool {
        switch self {
        case .textEnd: true
        case .capture(_, let part): part.endsWithText
        case .alternation(let branches): branches.allSatisfy(\.endsWithText)
        case .sequence(let parts): parts.last { !$0.consumesNothing }?.endsWithText ?? false
        default: false
        }
    }

    /// Whether it says something about a place, other than that the text ends there.
    private var consumesNothing: Bool {
        switch self {
        case .assertion, .wordEdge, .lookaround: true
        default: false
        }
    }
}

/// The words of a text, as ``PatternNode/maximumWords`` counts them.
func wordCount(of bytes: UnsafeBufferPointer<UInt8>) -> Int {
    var count = 0
    var isBehindSpace = true
    for byte in bytes {
        let isWord = isWordByte(byte)
        count += isWord && isBehindSpace ? 1 : 0
        isBehindSpace = byte < 0x80 && !isWord
    }
    return count
}

/// What a part of a pattern consumes, as far as words may start in it.
private struct WordSpan {
    /// More than a message can have.
    private static let maximumCount = 10_000

    /// How many words start in it at most; nothing for any number.
    var count: Int?
    /// Whether it may consume nothing.
    var isOptional: Bool
    /// Whether its first character, where it has one, is a letter that ``count`` counts as the start of a word.
    var startsInWord: Bool
    /// Whether its last character, where it has one, is no ASCII character that ends a word.
    var endsInWord: Bool

    private static let nothing = WordSpan(count: 0, isOptional: true, startsInWord: true, endsInWord: true)

    init(count: Int?, isOptional: Bool, startsInWord: Bool, endsInWord: Bool) {
        self.count = count
        self.isOptional = isOptional
        self.startsInWord = startsInWord
        self.endsInWord = endsInWord
    }

    init(_ node: PatternNode) {
        switch node {
        case .literal(let scalar): self.init([scalar])
        case .oneOf(let scalars): self.init(scalars)
        case .oneOfMany: self.init(count: 1, isOptional: false, startsInWord: false, endsInWord: false)
        case .nonWord: self.init(count: 0, isOptional: false, startsInWord: false, endsInWord: false)
        case .something: self.init(count: nil, isOptional: true, startsInWord: false, endsInWord: false)
        case .wordEdge, .assertion, .textEnd, .lookaround: self = .nothing
        case .sequence(let parts): self = parts.reduce(.nothing) { $0.followed(by: WordSpan($1)) }
        case .alternation(let branches): self = WordSpan(branches: branches.map { WordSpan($0) })
        case .capture(_, let part): self.init(part)
        case .repeated(let part, let minimum, let maximum):
            self = WordSpan(part).repeated(atMost: maximum)
            self.isOptional = self.isOptional || minimum == 0
        }
    }

    /// One of some characters.
    private init(_ scalars: [Unicode.Scalar]) {
        func mayBeWord(_ scalar: Unicode.Scalar) -> Bool { !scalar.isASCII || isWordByte(UInt8(scalar.value)) }
        let isAlwaysWord = scalars.allSatisfy(mayBeWord)
        self.init(
            count: scalars.contains(where: mayBeWord) ? 1 : 0,
            isOptional: false,
            startsInWord: isAlwaysWord,
            endsInWord: isAlwaysWord
        )
    }

    /// One of some alternatives.
    private init(branches: [WordSpan]) {
        self.init(
            count: branches.reduce(0 as Int?) { most, branch in
                most.flatMap { most in branch.count.map { max(most, $0) } }
            },
            isOptional: branches.contains(where: \.isOptional),
            startsInWord: branches.allSatisfy(\.startsInWord),
            endsInWord: branches.allSatisfy(\.endsInWord)
        )
    }

    private func followed(by next: WordSpan) -> WordSpan {
        WordSpan(
            count: self.count.flatMap { first in
                next.count.flatMap { Self.bounded(first + $0 - self.sharedWords(with: next)) }
            },
            isOptional: self.isOptional && next.isOptional,
            startsInWord: self.startsInWord && (!self.isOptional || next.startsInWord),
            endsInWord: next.endsInWord && (!next.isOptional || self.endsInWord)
        )
    }

    /// One where a word of this goes on in the next.
    private func sharedWords(with next: WordSpan) -> Int {
        self.endsInWord && next.startsInWord && self.count != 0 && next.count != 0 ? 1 : 0
    }

    private func repeated(atMost maximum: Int?) -> WordSpan {
        guard let count = self.count, count > 0 else { return self }
        let shared = self.sharedWords(with: self)
        var span = self
        // Each round but the first adds what it doesn't share with the one before.
        if count > shared { span.count = maximum.flatMap { Self.bounded(count + max(0, $0 - 1) * (count - shared)) } }
        return span
    }

    private static func bounded(_ count: Int) -> Int? { count <= self.maximumCount ? count : nil }
}
