/// Tries a pattern on texts that are made to keep it busy, before it may answer anybody.
///
/// Not shared by threads.
final class LoadProbe {
    /// How long one search may take.
    static let limit = Duration.milliseconds(1)
    /// How often a search that took longer is tried again: the shortest time counts.
    private static let repetitions = 3

    /// A text that took too long.
    struct Finding: Equatable {
        var text: AttackText
        var nanoseconds: UInt64

        /// For people, without the hint: `4,000 x "a" took 7 ms (limit 1 ms)`.
        var problem: String {
            "\(self.text) took \(self.time) ms (limit \(LoadProbe.limit.nanoseconds / 1_000_000) ms)"
        }

        private var time: String {
            // Rounded up, so that nobody reads that it took as long as it may.
            let tenths = (self.nanoseconds + 99_999) / 100_000
            return tenths < 20 ? "\(tenths / 10).\(tenths % 10)" : "\((tenths + 5) / 10)"
        }
    }

    /// How many times slower than the reference this machine is at the moment.
    private let slowdown: @Sendable () -> Double
    /// Whether what it finds is only a reason to look again, and nobody reads it.
    let isStrict: Bool
    /// Measures what this thread computes; dear to ask.
    private let exact: Scanner
    /// Measures at least that, and is cheap to ask: enough for what takes hardly any time.
    private let quick: Scanner
    /// The text that is tried.
    private var bytes: [UInt8] = []

    /// A probe that measures what this thread computes, in time of the reference machine: neither a busy machine nor a
    /// slow one must reject what another one accepts.
    convenience init() {
        self.init(Scanner(clock: .processor, processor: .processor), slowdown: { ReferenceSearch.slowdown() })
    }

    /// A probe for a thread that isn't alone: what it finds has to be found by another one, too, and what it doesn't find
    /// isn't there, since the speed of the machine excuses nothing.
    static func strict() -> LoadProbe {
        LoadProbe(Scanner(clock: .processor, processor: .processor), slowdown: { 1 }, isStrict: true)
    }

    private init(
        _ exact: consuming Scanner,
        slowdown: @escaping @Sendable () -> Double,
        isStrict: Bool = false
    ) {
        self.exact = exact
        self.isStrict = isStrict
        self.quick = Scanner(clock: .monotonic, processor: .processor)
        self.slowdown = slowdown
    }

    /// A probe that measures by another clock.
    init(clock: NanosecondClock) {
        self.exact = Scanner(clock: clock, processor: clock)
        self.quick = Scanner(clock: clock, processor: clock)
        self.slowdown = { 1 }
        self.isStrict = false
    }

    /// The first text on which the pattern takes too long; nothing where all are fine.
    ///
    /// - Parameters:
    ///   - pattern: A pattern that isn't guarded.
    ///   - texts: What to try.
    /// - Returns: The text as short as it can be said, and its time.
    func finding(_ pattern: Pattern, on texts: [AttackText]) -> Finding? {
        // Else the first text would seem to take as long as the translation.
        pattern.prepare()
        // Without machine code a clock ends every search, and the time says nothing about the pattern.
        guard pattern.isTranslated else { return nil }
        for text in texts where !self.isHarmless(text, pattern) {
            let time = self.nanoseconds(of: pattern, on: text)
            guard time > Self.limit.nanoseconds else { continue }
            let finding = Finding(text: text, nanoseconds: time)
            return self.isStrict ? finding : self.simplified(finding, pattern)
        }
        return nil
    }

    /// Whether the beginning of a text takes so little that the whole can't take too long.
    ///
    /// Eight times the text takes 64 times as long at most: what grows faster is ended by the limit of steps, of which
    /// each is a walk over the text at most.
    private func isHarmless(_ text: AttackText, _ pattern: Pattern) -> Bool {
        let time = self.time(of: pattern, on: text, length: Self.beginning, self.quick)
        guard time >= Self.limit.nanoseconds / 100 else { return true }
        return time < Self.limit.nanoseconds / 40 && self.isProportional(text, pattern, time)
    }

    /// How long the beginning is that is tried first.
    private static let beginning = RuleSet.textLimit / 8

    /// Whether a text that is twice as long takes twice as long, and so little that the whole can't take too long.
    ///
    /// With a growth of 2.2 at most from half of the repetition to all of it, the part of the time that grows with the
    /// square is at most a ninth of the rest at half. A text of `k` times the repetition then takes at most `k + 2k²/9`
    /// times as long, for which there is half of the limit. What stands beside the repetition is measured alone: it would
    /// hide the growth. `time` is what the beginning took.
    private func isProportional(_ text: AttackText, _ pattern: Pattern, _ time: UInt64) -> Bool {
        let fixed = text.head.unicodeScalars.count + text.tail.unicodeScalars.count
        let repeated = Self.beginning - fixed
        guard repeated >= Self.beginning / 4 else { return false }
        let factor = (RuleSet.textLimit - fixed + repeated - 1) / repeated
        guard UInt64(factor + 2 * factor * factor / 9 + 1) * time < Self.limit.nanoseconds / 2 else { return false }
        let alone = self.time(of: pattern, on: text, length: fixed, self.quick)
        // In turns, and the shortest against the longest: the machine may be slower for a while.
        let half = fixed + repeated / 2
        let first = self.time(of: pattern, on: text, length: half, self.quick)
        let whole = max(time, self.time(of: pattern, on: text, length: Self.beginning, self.quick))
        let shorter = min(first, self.time(of: pattern, on: text, length: half, self.quick))
        guard shorter > alone, whole > alone else { return false }
        return (whole - alone) * 10 <= (shorter - alone) * 22
    }

    private func time(
        of pattern: Pattern,
        on text: AttackText,
        length: Int,
        _ scanner: borrowing Scanner
    ) -> UInt64 {
        text.write(to: &self.bytes, length: length)
        return self.bytes.withUnsafeBufferPointer { pattern.nanoseconds(on: $0, scanner) }
    }

    /// The same finding with a simpler text, if that takes too long as well.
    private func simplified(_ finding: Finding, _ pattern: Pattern) -> Finding {
        let simpler = [
            AttackText(unit: finding.text.unit), AttackText(head: finding.text.head, unit: finding.text.unit),
            AttackText(unit: finding.text.unit, tail: finding.text.tail),
        ]
        for text in simpler where text != finding.text {
            let time = self.nanoseconds(of: pattern, on: text)
            if time > Self.limit.nanoseconds { return Finding(text: text, nanoseconds: time) }
        }
        return finding
    }

    /// How long one search takes; nothing where the pattern doesn't compile.
    func nanoseconds(of source: String, _ options: Pattern.Options, on text: AttackText) -> UInt64? {
        guard let pattern = try? Pattern(source, options: options) else { return nil }
        return self.time(of: pattern, on: text, length: RuleSet.textLimit, self.exact)
    }

    private func nanoseconds(of pattern: Pattern, on text: AttackText) -> UInt64 {
        let length = RuleSet.textLimit
        var best = self.time(of: pattern, on: text, length: length, self.exact)
        for _ in 0..<Self.repetitions where best > Self.limit.nanoseconds {
            best = min(best, self.time(of: pattern, on: text, length: length, self.exact))
        }
        guard best > Self.limit.nanoseconds else { return best }
        return UInt64(Double(best) / self.slowdown())
    }
}

/// A search whose time is known, which tells how fast the machine is.
private enum ReferenceSearch {
    /// How long it takes on the machine that the limit was set on, which has a core of its own.
    private static let nominal = 350_000.0
    /// A machine that seems slower than that can't be measured.
    private static let maximum = 4.0

    static func slowdown() -> Double {
        guard let pattern = try? Pattern("[a-z]+[0-9]") else { return 1 }
        let scanner = Scanner(clock: .processor, processor: .processor)
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: 750)
        let times = (0..<5).map { _ in text.withUnsafeBufferPointer { pattern.nanoseconds(on: $0, scanner) } }
        return min(max(1, Double(times.min() ?? 0) / self.nominal), self.maximum)
    }
}

extension Pattern {
    /// How long a search takes by the scanner's clock.
    fileprivate func nanoseconds(on bytes: UnsafeBufferPointer<UInt8>, _ scanner: borrowing Scanner) -> UInt64 {
        scanner.startMessage(within: nil)
        let start = scanner.now
        _ = self.search(bytes, in: scanner.scratch, using: scanner)
        return scanner.now - start
    }
}
