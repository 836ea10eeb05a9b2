internal import CPCRE2

/// A regular expression in PCRE2's syntax, compiled once and matched by any number of threads.
///
/// Text and pattern are UTF-8. The first match is the leftmost one. Every match is bounded by ``MatchLimit``, for the
/// whole text and not for each start position. The first match translates the pattern to machine code, so a pattern
/// that never runs costs no memory for that.
///
/// All of its parts are constant but for the ``CodeSlot``s, which are filled by an atomic exchange.
public final class Pattern: Sendable {
    /// Whether this system refuses to run patterns as machine code.
    ///
    /// They are interpreted then, one to two times slower, and guarded by a clock.
    public static let isMachineCodeRefused: Bool = {
        guard let code = try? PatternCode("a", []) else { return false }
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

    /// Whether a match may start anywhere, so that the text has to be searched for it.
    let isSearched: Bool

    /// As it is written and never translated, so that it may be interpreted at any time.
    private let written: CodeSlot
    /// The same for the whole text: see ``PatternCode/searching(for:_:start:isGuarded:)``.
    private let whole: CodeSlot
    /// What searches of the whole text run: machine code or, where that is refused, guarded code.
    private let runnable = CodeSlot()
    /// Machine code for a match that starts where the attempt does.
    private let attempt = CodeSlot()
    /// Guarded code for the interpreter, made when the stack of the machine code was too small once.
    private let watched = CodeSlot()

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
        self.written = CodeSlot(written)
        self.source = source
        self.options = options
        self.build = build
        let groups = written.namedGroups
        self.captureNames = groups.map(\.name)
        self.captureNumbers = groups.map(\.number)
        self.pairCount = written.pairCount
        self.isSearched = !written.isAnchored
        // What is put around it may make a large pattern too large, and that has to be known now.
        let isLarge = written.byteCount > Self.certainlyFitting || build.contains(.guarded)
        self.whole =
            isLarge
            ? CodeSlot(try Self.whole(source, options, written, isGuarded: build.contains(.guarded))) : CodeSlot()
    }

    /// How many bytes of code certainly fit with what is put around them; PCRE2 takes 64 KiB.
    private static let certainlyFitting = 32_768

    private static func whole(
        _ source: String,
        _ options: Options,
        _ written: PatternCode,
        isGuarded: Bool
    ) throws(PatternProblem) -> PatternCode {
        guard !written.isAnchored else { return try PatternCode(source, options, isGuarded: isGuarded) }
        let start = written.startCondition
        return try PatternCode.searching(for: source, options, start: start, isGuarded: isGuarded)
    }

    /// The same pattern, run under a clock; nothing where it is too large for that.
    ///
    /// Its code is about four times as large, and PCRE2 has a limit.
    var guarded: Pattern? {
        try? Pattern(self.source, options: self.options, build: self.build.union(.guarded))
    }

    /// The same pattern once more: machine code that is made for it goes with it.
    var copy: Pattern? { try? Pattern(self.source, options: self.options, build: self.build) }

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
    var needsCharacter: Bool { self.written.code?.needsCharacter ?? false }

    /// Whether the empty text matches.
    ///
    /// It is interpreted, since whoever asks may never run the pattern again.
    func matchesEmptyText(using scanner: borrowing Scanner) -> Bool {
        let text = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
        return self.written.code.map { self.match(text, $0, in: scanner.scratch, scanner) >= 0 } ?? false
    }

    /// Searches valid UTF-8 for the first match and leaves its offsets in `matchData`.
    ///
    /// - Parameters:
    ///   - bytes: The text.
    ///   - isAtStarts: Whether a match starts at one of the places that the scanner has found for this pattern.
    ///   - matchData: Where the offsets go.
    ///   - scanner: The calling thread's.
    /// - Returns: Whether there is a match, or which limit has ended the search.
    func search(
        _ bytes: UnsafeBufferPointer<UInt8>,
        isAtStarts: Bool = false,
        in matchData: OpaquePointer,
        using scanner: borrowing Scanner
    ) -> SearchOutcome {
        let isAtStarts = isAtStarts && self.isSearched && self.build.isEmpty
        // Made once for all messages, so it isn't taken from the time of the first one.
        if !scanner.isInterpreting { self.prepare(isAtStarts: isAtStarts, scanner) }
        guard scanner.startSearch() else { return .limit(.budget) }
        defer { scanner.endSearch() }
        if isAtStarts, let outcome = self.attempts(bytes, in: matchData, scanner) { return outcome }
        guard scanner.isInterpreting else {
            self.prepare(isAtStarts: false, scanner)
            return self.run(bytes, in: matchData, scanner)
        }
        // Machine code and interpreter have limits of their own, and what one of them finds is true.
        if self.isTranslated, let outcome = self.run(bytes, in: matchData, scanner).certain { return outcome }
        guard let code = self.wholeCode else { return self.run(bytes, in: matchData, scanner) }
        let outcome = SearchOutcome(self.match(bytes, code, in: matchData, scanner))
        return outcome.certain ?? self.run(bytes, in: matchData, scanner)
    }

    /// Makes what a search runs, in time that doesn't count.
    private func prepare(isAtStarts: Bool, _ scanner: borrowing Scanner) {
        if isAtStarts ? self.attempt.isSettled : self.isReady { return }
        scanner.withoutCounting { _ = isAtStarts ? self.attemptCode : self.runnableCode }
    }

    /// Tries one after the other of the places where a match may start.
    ///
    /// - Returns: Nothing where only a search of the whole text can tell: all of them together may take as many steps as
    ///   that, and each an equal share.
    private func attempts(
        _ bytes: UnsafeBufferPointer<UInt8>,
        in matchData: OpaquePointer,
        _ scanner: borrowing Scanner
    ) -> SearchOutcome? {
        guard let code = scanner.isInterpreting ? self.written.code : self.attemptCode else { return nil }
        let starts = scanner.found.starts
        scanner.limitSteps(to: Scanner.matchLimit / max(1, starts.count))
        defer { scanner.limitSteps(to: Scanner.matchLimit) }
        // Machine code has it built in, and is left aside where it is asked for.
        let options = scanner.isInterpreting ? UInt32(PCRE2_ANCHORED) : 0
        for start in starts {
            let result = self.match(bytes, code, from: Int(start), options, in: matchData, scanner)
            if result != PCRE2_ERROR_NOMATCH { return SearchOutcome(result).certain }
        }
        return .unmatched
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
        guard result == PCRE2_ERROR_JIT_STACKLIMIT, let watched = self.watched.code(made: self.makeWatched) else {
            return SearchOutcome(result)
        }
        return SearchOutcome(self.match(bytes, watched, in: matchData, scanner))
    }

    private func match(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ code: PatternCode,
        from start: Int = 0,
        _ options: UInt32 = 0,
        in matchData: OpaquePointer,
        _ scanner: borrowing Scanner
    ) -> Int32 {
        // A `String` is valid UTF-8; to check it again would cost a fifth of the match.
        let options = options | UInt32(PCRE2_NO_UTF_CHECK)
        return pcre2_match_8(
            code.pointer,
            bytes.baseAddress,
            bytes.count,
            start,
            options,
            matchData,
            scanner.context
        )
    }
}

// MARK: Code that is made when it is needed

extension Pattern {
    /// Makes what searches run, where none has done so.
    ///
    /// - Parameter isAtStarts: Whether they know where a match may start.
    func prepare(isAtStarts: Bool = false) { _ = isAtStarts ? self.attemptCode : self.runnableCode }

    /// Whether what searches of the whole text run has been made, or can't be.
    var isReady: Bool { self.runnable.isSettled }

    /// Whether that is machine code.
    var isTranslated: Bool { self.runnable.code?.isTranslated ?? false }

    private var wholeCode: PatternCode? {
        self.whole.code { self.makeWhole() }
    }

    /// Machine code; where that is refused, code that runs under a clock, or nothing where the pattern is too large for
    /// that: what is interpreted without a clock may take a thousand times as long.
    private var runnableCode: PatternCode? {
        self.runnable.code {
            guard !self.build.contains(.interpreted), let code = self.whole.code?.copied() ?? self.makeWhole(),
                let translated = code.translated()
            else { return self.makeWatched() }
            return translated
        }
    }

    /// Machine code; nothing where that is refused.
    private var attemptCode: PatternCode? {
        self.attempt.code { (try? PatternCode(self.source, self.options, isAttempt: true))?.translated() }
    }

    private func makeWhole(isGuarded: Bool = false) -> PatternCode? {
        self.written.code.flatMap { try? Self.whole(self.source, self.options, $0, isGuarded: isGuarded) }
    }

    private func makeWatched() -> PatternCode? { self.makeWhole(isGuarded: true) }
}
