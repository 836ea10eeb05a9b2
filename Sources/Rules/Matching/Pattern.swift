internal import CPCRE2

/// A regular expression in PCRE2's syntax, compiled once and matched by any number of threads.
///
/// Text and pattern are UTF-8. The first match is the leftmost one. Every match is bounded by
/// ``MatchLimit``, for the whole text and not for each start position.
// Guard: the compiled code is written in `init` (translation to machine code included) and only read afterwards.
public final class Pattern: @unchecked Sendable {
    /// How a pattern is read and matched.
    public struct Options: OptionSet, Hashable, Sendable {
        public let rawValue: Int

        public init(rawValue: Int) { self.rawValue = rawValue }

        /// Upper and lower case are equal, in all scripts.
        public static let caseless = Options(rawValue: 1 << 0)
        /// `\w`, `\d`, `\b` and the like know all letters and digits of Unicode.
        public static let ucp = Options(rawValue: 1 << 1)
        /// White space and `# comments` in the pattern are ignored.
        public static let extended = Options(rawValue: 1 << 2)
        /// `.` also matches a line break.
        public static let dotAll = Options(rawValue: 1 << 3)
        /// `^` and `$` also match at line breaks.
        public static let multiline = Options(rawValue: 1 << 4)
    }

    /// The pattern as written.
    public let source: String
    public let options: Options
    /// The names of the capturing groups, in the order of the groups.
    public let captureNames: [String]

    /// The numbers of the groups in ``captureNames``, in the same order.
    let captureNumbers: [Int]
    /// How many pairs of offsets a match may need: one for the whole match and one for each group.
    let pairCount: Int
    private let code: OpaquePointer

    /// Compiles a pattern and translates it to machine code where the system allows that.
    ///
    /// - Parameters:
    ///   - source: The pattern. `\C` is refused, since it would cut characters into bytes.
    ///   - options: By default caseless, with Unicode's letters and digits.
    /// - Throws: What is wrong and at which Unicode scalar of `source`.
    public init(_ source: String, options: Options = [.caseless, .ucp]) throws(PatternProblem) {
        let written = try Self.compile(source, options: options)
        self.source = source
        self.options = options
        let names = Self.names(of: written)
        self.captureNames = names.map(\.name)
        self.captureNumbers = names.map(\.number)
        self.pairCount = Int(Self.information(UInt32(PCRE2_INFO_CAPTURECOUNT), of: written)) + 1
        if Self.information(UInt32(PCRE2_INFO_ALLOPTIONS), of: written) & UInt32(PCRE2_ANCHORED) != 0 {
            self.code = written
        } else {
            pcre2_code_free_8(written)
            self.code = try Self.compileSearching(source, options: options)
        }
        // Refused by some hardened kernels; the pattern is then interpreted, under the same limits.
        _ = pcre2_jit_compile_8(self.code, UInt32(PCRE2_JIT_COMPLETE))
    }

    deinit { pcre2_code_free_8(self.code) }

    /// The first match in `text`.
    ///
    /// - Parameters:
    ///   - text: Any text. The cost is bounded by the limits, not by its length.
    ///   - scanner: The calling thread's scanner.
    /// - Returns: The match, or nothing where the pattern doesn't match.
    /// - Throws: ``MatchLimit`` when a limit ended the search: whether there is a match isn't known then.
    public func firstMatch(in text: String, using scanner: inout Scanner) throws(MatchLimit) -> PatternMatch? {
        var text = text
        let result: Result<PatternMatch?, MatchLimit> = text.withUTF8 { bytes in
            switch self.search(bytes, in: scanner.captures(atLeast: self.pairCount), using: scanner) {
            case .matched: .success(PatternMatch(of: self, in: bytes, scanner.captures(atLeast: self.pairCount)))
            case .unmatched: .success(nil)
            case .limit(let limit): .failure(limit)
            }
        }
        return try result.get()
    }

    /// Searches valid UTF-8 for the first match and leaves its offsets in `matchData`.
    func search(
        _ bytes: UnsafeBufferPointer<UInt8>,
        in matchData: OpaquePointer,
        using scanner: borrowing Scanner
    ) -> SearchOutcome {
        // A `String` is valid UTF-8; to check it again would cost a fifth of the match.
        let options = UInt32(PCRE2_NO_UTF_CHECK)
        let result = pcre2_match_8(self.code, bytes.baseAddress, bytes.count, 0, options, matchData, scanner.context)
        // 0 is a match with more groups than pairs: fine where only the match itself is asked for.
        if result >= 0 { return .matched }
        return result == PCRE2_ERROR_NOMATCH ? .unmatched : .limit(MatchLimit(result))
    }
}

/// What a search found.
enum SearchOutcome {
    case matched
    case unmatched
    case limit(MatchLimit)
}

// MARK: Compiling

extension Pattern {
    /// Compiles a pattern so that one match limit holds for the whole text.
    ///
    /// PCRE2 counts anew at each position where a match may start. An anchored pattern that steps over the text by
    /// itself is counted once; `\K` keeps the true start of the match.
    private static func compileSearching(_ source: String, options: Options) throws(PatternProblem) -> OpaquePointer {
        let head = #"\A(?s:.*?)\K(?:"#
        // The first ends an open `\Q`; the second a comment, which `(?x)` may have brought.
        if let code = try? self.compile(head + source + #"\E)"#, options: options) { return code }
        do {
            return try self.compile(head + source + "\n)", options: options)
        } catch {
            throw PatternProblem(error.message, at: max(0, error.offset - head.unicodeScalars.count))
        }
    }

    static func compile(_ source: String, options: Options) throws(PatternProblem) -> OpaquePointer {
        var source = source
        var error: Int32 = 0
        var offset = 0
        let code = source.withUTF8 { bytes in
            pcre2_compile_8(bytes.baseAddress, bytes.count, options.flags, &error, &offset, nil)
        }
        if let code { return code }
        let scalars = source.utf8.prefix(offset).count { $0 & 0xC0 != 0x80 }
        throw PatternProblem(self.message(of: error), at: scalars)
    }

    /// PCRE2's own words for an error, `missing closing parenthesis`.
    private static func message(of error: Int32) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { buffer in
            let count = pcre2_get_error_message_8(error, buffer.baseAddress, buffer.count)
            return count < 0 ? "error \(error)" : String(decoding: buffer.prefix(Int(count)), as: UTF8.self)
        }
    }

    private static func information(_ what: UInt32, of code: OpaquePointer) -> UInt32 {
        var value: UInt32 = 0
        return pcre2_pattern_info_8(code, what, &value) == 0 ? value : 0
    }

    /// The named groups, in the order of their numbers.
    private static func names(of code: OpaquePointer) -> [(name: String, number: Int)] {
        let count = Int(self.information(UInt32(PCRE2_INFO_NAMECOUNT), of: code))
        let size = Int(self.information(UInt32(PCRE2_INFO_NAMEENTRYSIZE), of: code))
        var table: UnsafePointer<UInt8>?
        guard count > 0, pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMETABLE), &table) == 0, let table else {
            return []
        }
        return (0..<count).map { index in
            // Two bytes of number, then the name, then zeros.
            let entry = UnsafeBufferPointer(start: table + index * size, count: size)
            let name = String(decoding: entry.dropFirst(2).prefix { $0 != 0 }, as: UTF8.self)
            return (name, Int(entry[0]) << 8 | Int(entry[1]))
        }
        .sorted { $0.number < $1.number }
    }
}

extension Pattern.Options {
    /// The same for `pcre2_compile`.
    fileprivate var flags: UInt32 {
        var flags = UInt32(PCRE2_UTF) | UInt32(PCRE2_NEVER_BACKSLASH_C)
        if self.contains(.caseless) { flags |= UInt32(PCRE2_CASELESS) }
        if self.contains(.ucp) { flags |= UInt32(PCRE2_UCP) }
        if self.contains(.extended) { flags |= UInt32(PCRE2_EXTENDED) }
        if self.contains(.dotAll) { flags |= UInt32(PCRE2_DOTALL) }
        if self.contains(.multiline) { flags |= UInt32(PCRE2_MULTILINE) }
        return flags
    }
}
