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
    /// Measures what this thread computes; dear to ask.
    private let exact: Scanner
    /// Measures at least that, and is cheap to ask: enough for what takes hardly any time.
    private let quick: Scanner
    /// The text that is tried.
    private var bytes: [UInt8] = []

    /// A probe that measures what this thread computes, in time of the reference machine: neither a busy machine nor a
    /// slow one must reject what another one accepts.
    init() {
        self.exact = Scanner(clock: .processor, processor: .processor)
        self.quick = Scanner(clock: .monotonic, processor: .processor)
        self.slowdown = { ReferenceSearch.slowdown() }
    }

    /// A probe that measures by another clock.
    init(clock: NanosecondClock) {
        self.exact = Scanner(clock: clock, processor: clock)
        self.quick = Scanner(clock: clock, processor: clock)
        self.slowdown = { 1 }
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
            return self.simplified(finding, pattern)
        }
        return nil
    }

    /// Whether the beginning of a text takes so little that the whole can't take too long.
    ///
    /// Eight times the text takes 64 times as long at most: what grows faster is ended by the limit of steps, of which
    /// each is a walk over the text at most. Where half of the beginning takes nearly half of the time, the part that
    /// grows with the square is small: with a growth of 2.2 the whole takes 18 times as long as the beginning. What stands
    /// before the repetition would hide the growth.
    private func isHarmless(_ text: AttackText, _ pattern: Pattern) -> Bool {
        let length = RuleSet.textLimit / 8
        let limit = Self.limit.nanoseconds
        let time = self.time(of: pattern, on: text, length: length, self.quick)
        if time < limit / 100 { return true }
        let whole = min(time, self.time(of: pattern, on: text, length: length, self.quick))
        guard whole < limit / 40, text.head.isEmpty else { return whole < limit / 100 }
        // Only the shortest times tell something about the growth.
        let half = (0..<3).map { _ in self.time(of: pattern, on: text, length: length / 2, self.quick) }.min() ?? 0
        return whole * 10 <= half * 22
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
