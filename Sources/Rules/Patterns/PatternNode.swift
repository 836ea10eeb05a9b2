/// A part of a pattern, as far as the engine needs to understand it.
///
/// The engine reads patterns to find what any match must contain and which groups are always set. PCRE2 alone
/// decides what matches, so an unknown construct is ``something``: less is known then, and nothing is wrong.
enum PatternNode: Equatable, Sendable {
    /// One character.
    case literal(Unicode.Scalar)
    /// One of at most four characters.
    case oneOf([Unicode.Scalar])
    /// One character of a larger set: `.`, `\w`, `[a-z]`.
    case oneOfMany
    /// One character that is no letter, digit or `_`: `\s`, `\W`.
    case nonWord
    /// Any text, perhaps none.
    case something
    /// `\b`, `(?<!\w)` or `(?!\w)`: beside a letter, a digit or `_` no other may stand.
    case wordEdge
    /// Consumes no text: `^`, a negative lookaround, an option setting.
    case assertion
    /// The end of the text, but perhaps for a line break: `$`, `\Z`, `\z`.
    case textEnd
    case sequence([PatternNode])
    case alternation([PatternNode])
    indirect case capture(name: String?, PatternNode)
    /// `(?=...)` or `(?<=...)`: the text around must match it.
    indirect case lookaround(PatternNode)
    /// Repeated at least `minimum` times, and where `maximum` is known no more often than that.
    indirect case repeated(PatternNode, minimum: Int, maximum: Int? = nil)

    /// The named groups that are set in every match.
    var alwaysSet: Set<String> {
        switch self {
        case .literal, .oneOf, .oneOfMany, .nonWord, .something, .wordEdge, .assertion, .textEnd: []
        case .sequence(let parts): parts.reduce(into: []) { $0.formUnion($1.alwaysSet) }
        case .alternation(let branches):
            branches.dropFirst().reduce(branches.first?.alwaysSet ?? []) { $0.intersection($1.alwaysSet) }
        case .capture(let name, let part): part.alwaysSet.union(name.map { [$0] } ?? [])
        case .lookaround(let part): part.alwaysSet
        case .repeated(let part, let minimum, _): minimum > 0 ? part.alwaysSet : []
        }
    }

    /// Whether a word can't go on into it.
    var startsBehindWord: Bool {
        switch self {
        case .wordEdge, .nonWord: true
        case .repeated(.nonWord, let minimum, _): minimum > 0
        default: false
        }
    }

    /// The alternatives at the top.
    var branches: [PatternNode] {
        switch self {
        case .alternation(let branches): branches.flatMap(\.branches)
        case .sequence(let parts) where parts.count == 1: parts[0].branches
        default: [self]
        }
    }

    /// The text, where this is nothing but letters in a row.
    var bareWord: String? {
        switch self {
        case .literal(let scalar): scalar.properties.isAlphabetic ? String(scalar) : nil
        case .sequence(let parts):
            parts.reduce("" as String?) { word, part in word.flatMap { word in part.bareWord.map { word + $0 } } }
        default: nil
        }
    }
}

/// A remark about a pattern, with its place.
struct PatternRemark: Equatable {
    enum Kind: Equatable {
        /// Refused always.
        case rejected
        /// Refused without `allow: [recursion]`.
        case recursion
        case unnamedGroup
    }

    var kind: Kind
    /// The construct as written, `\K`.
    var written: String
    /// In Unicode scalars from the start of the pattern.
    var offset: Int
}
