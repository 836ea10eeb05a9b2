internal import CPCRE2

/// Finds every match of a pattern in texts of any length, in bounded time.
///
/// Safe on every thread.
// Guard: a constant after `init`; the code is only read, and freed when no thread has the finder any more.
public final class PatternFinder: Sendable {
    /// The longest text that machine code is asked about first, in bytes: what it may take in steps is for texts of that
    /// length.
    private static let quickBytes = 4_000

    private let pattern: Pattern
    /// Calls back at each part of the pattern, so that a clock ends it.
    private let guarded: PatternCode

    /// Compiles a pattern.
    ///
    /// - Parameter source: Caseless, with Unicode's letters and digits.
    /// - Throws: What is wrong and at which Unicode scalar of `source`.
    public init(_ source: String) throws(PatternProblem) {
        self.pattern = try Pattern(source)
        self.guarded = try PatternCode(source, self.pattern.options, isGuarded: true)
    }

    deinit { self.guarded.free() }

    /// All matches, from left to right.
    ///
    /// - Parameters:
    ///   - text: Any text.
    ///   - scanner: The calling thread's scanner.
    ///   - budget: How long it may take in all.
    /// - Returns: Their offsets in the text's UTF-8. They don't overlap, and none is empty.
    /// - Throws: ``MatchLimit`` when a limit ended the search: what else there is isn't known then.
    public func ranges(
        in text: String,
        using scanner: inout Scanner,
        within budget: Duration
    ) throws(MatchLimit) -> [Range<Int>] {
        var text = text
        scanner.startMessage(within: budget)
        let matchData = scanner.captures(atLeast: self.pattern.pairCount)
        let result = text.withUTF8 { bytes -> Result<[Range<Int>], MatchLimit> in
            if bytes.count <= Self.quickBytes,
                case .unmatched = self.pattern.search(bytes, in: matchData, using: scanner)
            {
                return .success([])
            }
            return self.ranges(in: bytes, matchData, scanner, budget)
        }
        return try result.get()
    }

    private func ranges(
        in bytes: UnsafeBufferPointer<UInt8>,
        _ matchData: OpaquePointer,
        _ scanner: borrowing Scanner,
        _ budget: Duration
    ) -> Result<[Range<Int>], MatchLimit> {
        var found: [Range<Int>] = []
        var start = 0
        while start <= bytes.count {
            guard scanner.startSearch(within: budget) else { return .failure(.budget) }
            let result = pcre2_match_8(
                self.guarded.pointer,
                bytes.baseAddress,
                bytes.count,
                start,
                UInt32(PCRE2_NO_UTF_CHECK),
                matchData,
                scanner.context
            )
            scanner.endSearch()
            if result == PCRE2_ERROR_NOMATCH { break }
            guard result >= 0, let offsets = pcre2_get_ovector_pointer_8(matchData) else {
                return .failure(MatchLimit(result))
            }
            // `\K` inside a lookahead may put the start behind the end, or before where the search began.
            let (lower, upper) = (max(start, offsets[0]), offsets[1])
            if lower < upper { found.append(lower..<upper) }
            start = lower < upper ? upper : max(start, upper) + 1
            while start < bytes.count, bytes[start] & 0xC0 == 0x80 { start += 1 }
        }
        return .success(found)
    }
}
