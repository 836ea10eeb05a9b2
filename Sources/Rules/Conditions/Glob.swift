/// A text with wildcards, compared with a whole text.
///
/// All ways to place the wildcards are followed at once, so a comparison costs at most the length of the text times the
/// number of places after the first wildcard.
struct Glob: Hashable, Sendable {
    /// What the text is: that decides how far a `*` goes.
    enum Kind: Sendable {
        /// A path: `*` stays within a segment and `**` doesn't. `/**` before a `/` or at the end also stands for no
        /// segment at all, so `/admin/**` includes `/admin`. Case matters.
        case path
        /// Words: `*` is any text, and neither case nor the way of composing accents matters.
        case words
    }

    /// How many bytes may follow the first wildcard: a state has one bit for each.
    static let maximumTail = 60

    /// As written.
    let text: String
    private let kind: Kind
    /// What the text starts with.
    private let prefix: [UInt8]
    /// What comes after it.
    private let tail: [Token]
    /// The tokens that may stand for nothing, as bits.
    private let optional: UInt64
    /// The slashes of `/**`, with which the wildcard behind them may be left out.
    private let optionalSlashes: UInt64

    private enum Token: Hashable, Sendable {
        case byte(UInt8)
        /// `*`
        case segment
        /// `**`
        case any
    }

    /// - Returns: Nothing where more than ``maximumTail`` bytes follow the first wildcard.
    init?(_ text: String, _ kind: Kind) {
        self.text = text
        self.kind = kind
        let bytes = Array(kind == .words ? normalized(text).lowercased().utf8 : text.utf8)
        var tokens: [Token] = []
        var slashes: UInt64 = 0
        let star = UInt8(ascii: "*")
        var start = bytes.firstIndex(of: star) ?? bytes.count
        let isSlashBefore = start > 0 && bytes[start - 1] == UInt8(ascii: "/")
        if kind == .path, isSlashBefore, start + 1 < bytes.count, bytes[start + 1] == star { start -= 1 }
        self.prefix = Array(bytes[..<start])
        var index = start
        while index < bytes.count {
            let isWildcard = bytes[index] == star
            let count = bytes[index...].prefix { $0 == star }.count
            if !isWildcard {
                tokens.append(.byte(bytes[index]))
            } else {
                tokens.append(kind == .path && count == 1 ? .segment : .any)
            }
            guard tokens.count <= Self.maximumTail else { return nil }
            let next = index + (isWildcard ? count : 1)
            let endsSegment = next == bytes.count || bytes[next] == UInt8(ascii: "/")
            if tokens.count > 1, tokens.suffix(2) == [.byte(UInt8(ascii: "/")), .any], kind == .path, endsSegment {
                slashes |= 1 << UInt64(tokens.count - 2)
            }
            index = next
        }
        self.tail = tokens
        self.optionalSlashes = slashes
        self.optional = tokens.enumerated().reduce(0) { bits, token in
            if case .byte = token.element { bits } else { bits | 1 << UInt64(token.offset) }
        }
    }

    /// Whether it stands for the whole of `text`.
    func matches(_ text: String) -> Bool {
        switch self.kind {
        case .path: self.matches(text.utf8)
        case .words: self.matches(normalized(text).lowercased().utf8)
        }
    }

    private func matches(_ bytes: String.UTF8View) -> Bool {
        var rest = bytes[...]
        for byte in self.prefix { guard rest.popFirst() == byte else { return false } }
        // Bit i: the tokens before i stand for what was read so far.
        var states = self.closed(1)
        for byte in rest {
            var next: UInt64 = 0
            var left = states
            while left != 0 {
                let index = left.trailingZeroBitCount
                left &= left - 1
                guard index < self.tail.count else { continue }
                switch self.tail[index] {
                case .byte(byte): next |= 1 << UInt64(index + 1)
                case .byte: break
                case .segment: if byte != UInt8(ascii: "/") { next |= 1 << UInt64(index) }
                case .any: next |= 1 << UInt64(index)
                }
            }
            states = self.closed(next)
            if states == 0 { return false }
        }
        return states & (1 << UInt64(self.tail.count)) != 0
    }

    /// The states, with those that are reached by leaving out what may be left out.
    private func closed(_ states: UInt64) -> UInt64 {
        var states = states
        while true {
            let more = states | (states & self.optional) << 1 | (states & self.optionalSlashes) << 2
            if more == states { return states }
            states = more
        }
    }
}
