internal import Foundation

/// Texts of which at least one occurs in every text that a pattern matches.
struct RequiredLiterals: Hashable, Sendable {
    /// A folded text, and what may stand beside it.
    struct Literal: Hashable, Sendable {
        /// UTF-8, folded by ``Folding``.
        var bytes: [UInt8]
        /// Whether no letter, digit or `_` may stand before it.
        var startsWord = false
        /// Whether no letter, digit or `_` may stand behind it.
        var endsWord = false

        func hash(into hasher: inout Hasher) {
            // At once: an array hashes its elements one after the other.
            self.bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
            hasher.combine(self.startsWord)
            hasher.combine(self.endsWord)
        }

        /// For people, in the case that folding gives it.
        var text: String { String(decoding: self.bytes, as: UTF8.self) }
    }

    /// At most this many texts; a longer list is found in nearly every message.
    static let maximumCount = 256
    /// A run of characters that may be one of several is spelt out up to this many texts.
    static let maximumSpellings = 16

    let literals: [Literal]

    /// The texts for people, in the order of the pattern.
    var texts: [String] { self.literals.map(\.text) }

    /// What a pattern requires: of each set one text, all of them at once.
    ///
    /// Nothing where nothing is certain. A set that would be found in nearly every message is left out.
    ///
    /// - Parameters:
    ///   - node: The pattern.
    ///   - isUnicode: Whether word edges know the letters of all scripts (``Pattern/Options/ucp``). Without that
    ///     `\b` holds between ſ and an ASCII letter, which folding would hide, so edges then say nothing.
    /// - Returns: The sets, in the order of the pattern.
    static func required(by node: PatternNode, isUnicode: Bool) -> [RequiredLiterals] {
        var collector = LiteralCollector(knowsEdges: isUnicode)
        collector.collect(node, isBeforeEdge: false)
        collector.finish(isBeforeEdge: false)
        return collector.sets
    }

    /// What is required where one of several patterns has to match, from what each of them requires.
    ///
    /// - Returns: One set: whichever pattern matches, one of its texts is there. Nothing where nothing is certain.
    static func required(byOneOf patterns: [[RequiredLiterals]]) -> [RequiredLiterals] {
        let best = patterns.compactMap { self.rarest(of: $0) }
        guard best.count == patterns.count else { return [] }
        return RequiredLiterals(best.flatMap(\.literals)).map { [$0] } ?? []
    }

    /// The set that is likely to rule out most messages.
    static func rarest(of sets: [RequiredLiterals]) -> RequiredLiterals? { sets.min { $0.frequency < $1.frequency } }

    /// How often one of the texts is found, in an arbitrary measure.
    private var frequency: Double { self.literals.reduce(0) { $0 + $1.frequency } }

    /// `nil` where the set is of no use.
    ///
    /// - Parameters:
    ///   - literals: The texts, some of them perhaps twice.
    ///   - takesShortWords: Whether a letter is of use where it has to be a word of its own.
    init?(_ literals: [Literal], takesShortWords: Bool = false) {
        // Most sets hold a few texts, which are compared faster than hashed.
        var unique: [Literal] = []
        for literal in literals where !unique.contains(literal) { unique.append(literal) }
        let isUseful = unique.allSatisfy { literal in
            // One letter is in nearly every message, and so is a space.
            literal.bytes.count > 1 || literal.bytes.first.map { !(0x61...0x7A).contains($0) && $0 != 0x20 } ?? false
                || takesShortWords && literal.startsWord && literal.endsWord
        }
        guard !unique.isEmpty, unique.count <= Self.maximumCount, isUseful else { return nil }
        self.literals = unique
    }
}

extension RequiredLiterals.Literal {
    /// How often the text is found, in an arbitrary measure.
    ///
    /// A product of letter frequencies; but words are no random letters, so a long text isn't arbitrarily rare.
    var frequency: Double {
        let bits =
            self.bytes.reduce(0) { $0 + Self.bits(of: $1) }
            + (self.startsWord ? 2.5 : 0) + (self.endsWord ? 2.5 : 0)
        return exp2(-min(bits, 30)) + exp2(-11)
    }

    /// How much a byte of a message tells, in bits: few for a frequent one.
    private static func bits(of byte: UInt8) -> Double {
        switch byte {
        case UInt8(ascii: "e"), UInt8(ascii: "t"), UInt8(ascii: "a"), UInt8(ascii: "o"), UInt8(ascii: " "): 3.5
        case UInt8(ascii: "j"), UInt8(ascii: "q"), UInt8(ascii: "x"), UInt8(ascii: "z"): 9
        case 0x61...0x7A: 5
        case 0x80...: 4
        default: 6
        }
    }
}

/// Walks over a pattern from left to right and collects what it requires.
private struct LiteralCollector {
    private typealias Literal = RequiredLiterals.Literal

    private(set) var sets: [RequiredLiterals] = []
    private let knowsEdges: Bool
    /// The spellings of the characters that stand directly before this place; one empty one where none is certain.
    private var run = [Literal(bytes: [])]
    private var isRunEmpty: Bool { self.run.count == 1 && self.run[0].bytes.isEmpty }
    /// Whether a word edge stands directly before the run.
    private var isBehindEdge: Bool

    init(knowsEdges: Bool, isBehindEdge: Bool = false) {
        self.knowsEdges = knowsEdges
        self.isBehindEdge = isBehindEdge
    }

    /// - Parameters:
    ///   - node: The part that comes next.
    ///   - isBeforeEdge: Whether a word edge stands directly behind it.
    mutating func collect(_ node: PatternNode, isBeforeEdge: Bool) {
        switch node {
        case .literal(let scalar): self.append(scalar)
        case .oneOf(let scalars): self.append(scalars)
        case .oneOfMany, .something, .assertion, .textEnd: self.finish(isBeforeEdge: false)
        case .wordEdge, .nonWord: self.passEdge()
        case .repeated(.nonWord, let minimum, _) where minimum > 0: self.passEdge()
        case .sequence(let parts):
            for (index, part) in parts.enumerated() {
                let isLast = index == parts.count - 1
                self.collect(part, isBeforeEdge: isLast ? isBeforeEdge : parts[index + 1].startsBehindWord)
            }
        case .capture(_, let part): self.collect(part, isBeforeEdge: isBeforeEdge)
        case .alternation(let branches): self.collect(branches: branches, isBeforeEdge: isBeforeEdge)
        case .lookaround(let part):
            self.finish(isBeforeEdge: false)
            self.collect(part, isBeforeEdge: false)
            self.finish(isBeforeEdge: false)
        case .repeated(let part, let minimum, _):
            // The first repetition stands directly behind what comes before.
            if minimum > 0 { self.collect(part, isBeforeEdge: false) }
            self.finish(isBeforeEdge: false)
        }
    }

    /// A word ends before this place, and another one may start behind it.
    private mutating func passEdge() {
        self.finish(isBeforeEdge: true)
        self.isBehindEdge = self.knowsEdges
    }

    /// One set of the best of each branch: whichever branch matches, one of its texts is there.
    private mutating func collect(branches: [PatternNode], isBeforeEdge: Bool) {
        let isBehindEdge = self.isBehindEdge && self.isRunEmpty
        self.finish(isBeforeEdge: false)
        var literals: [Literal] = []
        for branch in branches {
            var collector = LiteralCollector(knowsEdges: self.knowsEdges, isBehindEdge: isBehindEdge)
            collector.collect(branch, isBeforeEdge: isBeforeEdge)
            collector.finish(isBeforeEdge: isBeforeEdge)
            guard let best = RequiredLiterals.rarest(of: collector.sets) else { return }
            literals += best.literals
        }
        if let set = RequiredLiterals(literals) { self.sets.append(set) }
    }

    /// One more character.
    private mutating func append(_ scalar: Unicode.Scalar) {
        guard scalar.isASCII else { return self.append([scalar]) }
        let byte = UInt8(scalar.value)
        let folded = byte &- 0x41 < 26 ? byte | 0x20 : byte
        for index in self.run.indices {
            if self.run[index].bytes.isEmpty { self.run[index].startsWord = self.isBehindEdge && isWordByte(folded) }
            self.run[index].bytes.append(folded)
        }
    }

    /// One more character, which is one of `scalars`.
    private mutating func append(_ scalars: [Unicode.Scalar]) {
        var spellings: [[UInt8]] = []
        for scalar in scalars {
            let folded = Folding.table.fold(String(scalar))
            if !spellings.contains(folded) { spellings.append(folded) }
        }
        if self.run.count * spellings.count > RequiredLiterals.maximumSpellings { self.finish(isBeforeEdge: false) }
        let isBehindEdge = self.isBehindEdge
        self.run = self.run.flatMap { literal in
            spellings.map { spelling in
                var longer = literal
                if literal.bytes.isEmpty { longer.startsWord = isBehindEdge && isWordByte(spelling[0]) }
                longer.bytes += spelling
                return longer
            }
        }
    }

    /// Ends the run: what comes next need not stand directly behind it.
    mutating func finish(isBeforeEdge: Bool) {
        self.isBehindEdge = false
        guard !self.isRunEmpty else { return }
        if isBeforeEdge && self.knowsEdges {
            for index in self.run.indices { self.run[index].endsWord = isWordByte(self.run[index].bytes.last ?? 0) }
        }
        if let set = RequiredLiterals(self.run) { self.sets.append(set) }
        self.run = [Literal(bytes: [])]
    }
}

/// Whether a byte is an ASCII letter, a digit or `_`: what beside another such byte is no word edge in any mode.
@inline(__always)
func isWordByte(_ byte: UInt8) -> Bool {
    (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == 0x5F
}
