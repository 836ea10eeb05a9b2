internal import CPCRE2

/// What is wrong with a pattern.
public struct PatternProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// In PCRE2's words, lower case, no full stop: `missing closing parenthesis`.
    public var message: String
    /// Where, in Unicode scalars from the start of the pattern.
    public var offset: Int

    public init(_ message: String, at offset: Int) {
        self.message = message
        self.offset = offset
    }

    public var description: String { "\(self.message) at \(self.offset)" }
}

/// One match of a ``Pattern``.
public struct PatternMatch: Hashable, Sendable {
    /// The text that matched.
    public var text: String
    /// The named groups that took part, in the order of the groups.
    public var captures: [Capture]

    /// What the group `name` took, where it took part in the match.
    public subscript(name: String) -> String? { self.captures.first { $0.name == name }?.value }

    init(text: String, captures: [Capture]) {
        self.text = text
        self.captures = captures
    }

    init(of pattern: Pattern, in bytes: UnsafeBufferPointer<UInt8>, _ matchData: OpaquePointer) {
        self.text = slice(0, of: bytes, matchData).map { String(decoding: $0, as: UTF8.self) } ?? ""
        self.captures = zip(pattern.captureNames, pattern.captureNumbers).compactMap { name, number in
            slice(number, of: bytes, matchData).map { Capture(name: name, value: String(decoding: $0, as: UTF8.self)) }
        }
    }
}

/// A named group of a match and the text that it took.
public struct Capture: Hashable, Sendable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// What group `number` of the last match took, where it took part.
func slice(_ number: Int, of bytes: UnsafeBufferPointer<UInt8>, _ matchData: OpaquePointer)
    -> Slice<UnsafeBufferPointer<UInt8>>?
{
    guard let offsets = pcre2_get_ovector_pointer_8(matchData), number < pcre2_get_ovector_count_8(matchData) else {
        return nil
    }
    let start = offsets[2 * number]
    let end = offsets[2 * number + 1]
    // An unset group has the largest offset of C, here -1; `\K` inside a lookahead may put the start behind the end.
    return 0 <= start && start <= end && end <= bytes.count ? bytes[start..<end] : nil
}

/// What ended a search before its result was known.
///
/// Never the same as "no match".
public enum MatchLimit: Error, Hashable, Sendable, CustomStringConvertible {
    /// More than ``Scanner/matchLimit`` steps.
    case steps
    /// The stack of the machine code, 512 KiB, was too small.
    case stack
    /// More than 1 MiB of memory in the interpreter.
    case memory
    /// Nested more than 1,000 deep in the interpreter.
    case depth
    /// More than ``Scanner/guardedSearchLimit`` in a guarded search.
    case time
    /// The time for one message was spent before this pattern's turn.
    case budget
    /// Another error of PCRE2, by its number.
    case error(Int)

    init(_ error: Int32) {
        self =
            switch error {
            case PCRE2_ERROR_MATCHLIMIT: .steps
            case PCRE2_ERROR_JIT_STACKLIMIT: .stack
            case PCRE2_ERROR_HEAPLIMIT: .memory
            case PCRE2_ERROR_DEPTHLIMIT: .depth
            case PCRE2_ERROR_CALLOUT: .time
            default: .error(Int(error))
            }
    }

    /// A word for traces and metrics: `steps`, `stack`, `memory`, `depth`, `time`, `budget`, `error -52`.
    public var description: String {
        switch self {
        case .steps: "steps"
        case .stack: "stack"
        case .memory: "memory"
        case .depth: "depth"
        case .time: "time"
        case .budget: "budget"
        case .error(let number): "error \(number)"
        }
    }
}
