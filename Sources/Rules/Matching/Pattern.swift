internal import CPCRE2
internal import Synchronization

/// A regular expression in PCRE2's syntax, compiled once and matched by any number of threads.
///
/// Text and pattern are UTF-8. The first match is the leftmost one. Every match is bounded by ``MatchLimit``, for the
/// whole text and not for each start position. The first match translates the pattern to machine code, so a pattern
/// that never runs costs no memory for that.
// Guard: `code` is written in `init` and only read afterwards. To translate code writes into it, so that is done to a
// copy which no other thread knows; `runnable` and `watched` are then set once, by an atomic exchange.
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

    /// How a pattern is run.
    struct Build: OptionSet, Sendable {
        let rawValue: Int

        /// A clock is read while a search runs and ends it after ``Scanner/guardedSearchLimit``.
        ///
        /// Costs about four times as much as an ordinary search.
        static let guarded = Build(rawValue: 1 << 0)
        /// Never translated to machine code, as on a system that refuses that.
        static let interpreted = Build(rawValue: 1 << 1)
    }

    /// Whether this system refuses to run patterns as machine code.
    ///
    /// They are interpreted then, one to two times slower, and guarded by a clock.
    public static let isMachineCodeRefused: Bool = {
        guard let code = try? PatternCode("a", []) else { return false }
        defer { code.free() }
        guard let translated = code.translated() else { return true }
        translated.free()
        return false
    }()

    /// The pattern as written.
    public let source: String
    public let options: Options
    /// The names of the capturing groups, in the order of the groups.
    public let captureNames: [String]

    let build: Build
    /// The numbers of the groups in ``captureNames``, in the same order.
    let captureNumbers: [Int]
    /// How many pairs of offsets a match may need: one for the whole match and one for each group.
    let pairCount: Int

    /// Never translated, so that it may be copied and interpreted at any time.
    private let code: PatternCode
    /// What ``PatternCode/searching(for:_:start:isGuarded:)`` takes; nothing for an anchored pattern, which goes in as it
    /// is.
    private let start: String?
    /// What searches run, made by the first one: a copy in machine code or, where that is refused, a guarded one.
    private let runnable = Atomic<OpaquePointer?>(nil)
    /// Whether neither machine code nor a guarded copy could be made.
    private let isUnrunnable = Atomic<Bool>(false)
    /// A guarded copy for the interpreter, made when the stack of the machine code was too small once.
    private let watched = Atomic<OpaquePointer?>(nil)

    /// Compiles a pattern.
    ///
    /// - Parameters:
    ///   - source: The pattern. `\C` is refused, since it would cut characters into bytes.
    ///   - options: By default caseless, with Unicode's letters and digits.
    /// - Throws: What is wrong and at which Unicode scalar of `source`.
    public convenience init(_ source: String, options: Options = [.caseless, .ucp]) throws(PatternProblem) {
        try self.init(source, options: options, build: [])
    }

    /// Compiles a pattern that is run in a certain way.
    init(_ source: String, options: Options, build: Build) throws(PatternProblem) {
        let written = try PatternCode(source, options)
        defer { written.free() }
        self.source = source
        self.options = options
        self.build = build
        let groups = written.namedGroups
        self.captureNames = groups.map(\.name)
        self.captureNumbers = groups.map(\.number)
        self.pairCount = written.pairCount
        self.start = written.isAnchored ? nil : written.startCondition
        self.code = try Self.compile(source, options, start: self.start, isGuarded: build.contains(.guarded))
    }

    deinit {
        self.code.free()
        for pointer in [self.runnable.load(ordering: .acquiring), self.watched.load(ordering: .acquiring)] {
            if let pointer { PatternCode(pointer).free() }
        }
    }

    private init(copying pattern: Pattern, _ code: PatternCode) {
        self.source = pattern.source
        self.options = pattern.options
        self.build = pattern.build
        self.captureNames = pattern.captureNames
        self.captureNumbers = pattern.captureNumbers
        self.pairCount = pattern.pairCount
        self.start = pattern.start
        self.code = code
    }

    private static func compile(
        _ source: String,
        _ options: Options,
        start: String?,
        isGuarded: Bool
    ) throws(PatternProblem) -> PatternCode {
        guard let start else { return try PatternCode(source, options, isGuarded: isGuarded) }
        return try PatternCode.searching(for: source, options, start: start, isGuarded: isGuarded)
    }

    /// The same pattern, run under a clock; nothing where it is too large for that.
    ///
    /// Its code is about four times as large, and PCRE2 has a limit.
    var guarded: Pattern? {
        try? Pattern(self.source, options: self.options, build: self.build.union(.guarded))
    }

    /// The same pattern once more: machine code that is made for it goes with it.
    var copy: Pattern {
        guard let code = self.code.copied() else { fatalError("out of memory") }
        return Pattern(copying: self, code)
    }

    /// The first match in `text`.
    ///
    /// - Parameters:
    ///   - text: Any text. The cost is bounded by the limits, not by its length.
    ///   - scanner: The calling thread's scanner.
    /// - Returns: The match, or nothing where the pattern doesn't match.
    /// - Throws: ``MatchLimit`` when a limit ended the search: whether there is a match isn't known then.
    public func firstMatch(in text: String, using scanner: inout Scanner) throws(MatchLimit) -> PatternMatch? {
        var text = text
        scanner.startMessage(within: nil)
        let result: Result<PatternMatch?, MatchLimit> = text.withUTF8 { bytes in
            let matchData = scanner.captures(atLeast: self.pairCount)
            return switch self.search(bytes, in: matchData, using: scanner) {
            case .matched: .success(PatternMatch(of: self, in: bytes, matchData))
            case .unmatched: .success(nil)
            case .limit(let limit): .failure(limit)
            }
        }
        return try result.get()
    }

    /// Whether any match holds a certain character, so that a text without it costs nothing.
    var needsCharacter: Bool { self.code.needsCharacter }

    /// Whether the empty text matches.
    ///
    /// It is interpreted, since whoever asks may never run the pattern again.
    func matchesEmptyText(using scanner: borrowing Scanner) -> Bool {
        self.match(UnsafeBufferPointer(start: nil, count: 0), self.code, in: scanner.scratch, scanner) >= 0
    }

    /// Searches valid UTF-8 for the first match and leaves its offsets in `matchData`.
    func search(
        _ bytes: UnsafeBufferPointer<UInt8>,
        in matchData: OpaquePointer,
        using scanner: borrowing Scanner
    ) -> SearchOutcome {
        // Made once for all messages, so it isn't taken from the time of the first one.
        if !scanner.isInterpreting, !self.isReady { scanner.withoutCounting { _ = self.runnableCode } }
        guard scanner.startSearch() else { return .limit(.budget) }
        defer { scanner.endSearch() }
        guard scanner.isInterpreting else { return self.run(bytes, in: matchData, scanner) }
        // Machine code and interpreter have limits of their own, and what one of them finds is true.
        if self.isTranslated, let outcome = self.run(bytes, in: matchData, scanner).certain { return outcome }
        let outcome = SearchOutcome(self.match(bytes, self.code, in: matchData, scanner))
        return outcome.certain ?? self.run(bytes, in: matchData, scanner)
    }

    /// Searches as messages are searched.
    private func run(
        _ bytes: UnsafeBufferPointer<UInt8>,
        in matchData: OpaquePointer,
        _ scanner: borrowing Scanner
    ) -> SearchOutcome {
        // Nothing would end a search in time: the pattern may match, so this is not "no match".
        guard let code = self.runnableCode else { return .limit(.error(Int(PCRE2_ERROR_NOMEMORY))) }
        let result = self.match(bytes, code, in: matchData, scanner)
        guard result == PCRE2_ERROR_JIT_STACKLIMIT, let watched = self.watchedCode else { return SearchOutcome(result) }
        return SearchOutcome(self.match(bytes, watched, in: matchData, scanner))
    }

    private func match(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ code: PatternCode,
        in matchData: OpaquePointer,
        _ scanner: borrowing Scanner
    ) -> Int32 {
        // A `String` is valid UTF-8; to check it again would cost a fifth of the match.
        let options = UInt32(PCRE2_NO_UTF_CHECK)
        return pcre2_match_8(code.pointer, bytes.baseAddress, bytes.count, 0, options, matchData, scanner.context)
    }
}

// MARK: Code that is made when it is needed

extension Pattern {
    /// Makes what searches run, where none has done so.
    func prepare() { _ = self.runnableCode }

    /// Whether what searches run has been made, or can't be.
    var isReady: Bool {
        self.runnable.load(ordering: .acquiring) != nil || self.isUnrunnable.load(ordering: .relaxed)
    }

    /// Whether that is machine code.
    var isTranslated: Bool {
        self.runnable.load(ordering: .acquiring).map { PatternCode($0).isTranslated } ?? false
    }

    private var runnableCode: PatternCode? {
        if let pointer = self.runnable.load(ordering: .acquiring) { return PatternCode(pointer) }
        guard !self.isUnrunnable.load(ordering: .relaxed) else { return nil }
        guard let code = self.makeRunnable() else {
            self.isUnrunnable.store(true, ordering: .relaxed)
            return nil
        }
        return Self.publish(code, in: self.runnable)
    }

    /// Machine code; where that is refused, a copy that runs under a clock, or nothing where the pattern is too large for
    /// one: what is interpreted without a clock may take a thousand times as long.
    private func makeRunnable() -> PatternCode? {
        if !self.build.contains(.interpreted), let translated = self.code.translated() { return translated }
        return self.makeWatched()
    }

    private var watchedCode: PatternCode? {
        if let pointer = self.watched.load(ordering: .acquiring) { return PatternCode(pointer) }
        return self.makeWatched().map { Self.publish($0, in: self.watched) }
    }

    /// Compiles it once more, guarded.
    private func makeWatched() -> PatternCode? {
        try? Self.compile(self.source, self.options, start: self.start, isGuarded: true)
    }

    /// Makes `code` known to all threads, unless another one was faster.
    private static func publish(_ code: PatternCode, in place: borrowing Atomic<OpaquePointer?>) -> PatternCode {
        let result = place.compareExchange(
            expected: nil,
            desired: code.pointer,
            ordering: .acquiringAndReleasing
        )
        guard !result.exchanged, let first = result.original else { return code }
        code.free()
        return PatternCode(first)
    }
}

/// What a search found.
enum SearchOutcome {
    case matched
    case unmatched
    case limit(MatchLimit)

    /// The outcome, where no limit ended the search.
    var certain: SearchOutcome? { if case .limit = self { nil } else { self } }

    /// What PCRE2 returned.
    init(_ result: Int32) {
        // 0 is a match with more groups than pairs: fine where only the match itself is asked for.
        self = result >= 0 ? .matched : result == PCRE2_ERROR_NOMATCH ? .unmatched : .limit(MatchLimit(result))
    }
}
