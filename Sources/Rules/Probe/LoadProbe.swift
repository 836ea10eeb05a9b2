/// Tries a pattern on texts that are made to keep it busy, before it may answer anybody.
struct LoadProbe {
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

    private let clock: NanosecondClock
    /// How many times slower than the reference this machine is at the moment.
    private let slowdown: @Sendable () -> Double

    /// A probe that measures what this thread computes, in time of the reference machine: neither a busy machine nor a
    /// slow one must reject what another one accepts.
    init() {
        self.clock = .processor
        self.slowdown = { ReferenceSearch.slowdown() }
    }

    /// A probe that measures by another clock.
    init(clock: NanosecondClock) {
        self.clock = clock
        self.slowdown = { 1 }
    }

    /// The first text on which the pattern takes too long; nothing where all are fine.
    ///
    /// - Parameters:
    ///   - pattern: A pattern that isn't guarded.
    ///   - texts: What to try.
    /// - Returns: The text as short as it can be said, and its time.
    func finding(_ pattern: Pattern, on texts: [AttackText]) -> Finding? {
        var scanner = Scanner(clock: self.clock, processor: self.clock)
        for text in texts where !self.isHarmless(text, pattern, &scanner) {
            // Without machine code a clock ends every search, and the time says nothing about the pattern.
            guard pattern.isTranslated else { return nil }
            let time = self.nanoseconds(of: pattern, on: text, &scanner)
            guard time > Self.limit.nanoseconds else { continue }
            let finding = Finding(text: text, nanoseconds: time)
            return self.simplified(finding, pattern, &scanner)
        }
        return nil
    }

    /// Whether the beginning of a text takes so little that the whole can't take too long.
    ///
    /// Eight times the text takes 64 times as long at most: what grows faster is ended by the limit of steps, of which
    /// each is a walk over the text at most.
    private func isHarmless(_ text: AttackText, _ pattern: Pattern, _ scanner: inout Scanner) -> Bool {
        var beginning = text.text(length: RuleSet.textLimit / 8)
        let time = beginning.withUTF8 { pattern.nanoseconds(on: $0, &scanner) }
        return time < Self.limit.nanoseconds / 100
    }

    /// The same finding with a simpler text, if that takes too long as well.
    private func simplified(_ finding: Finding, _ pattern: Pattern, _ scanner: inout Scanner) -> Finding {
        let simpler = [
            AttackText(unit: finding.text.unit), AttackText(head: finding.text.head, unit: finding.text.unit),
            AttackText(unit: finding.text.unit, tail: finding.text.tail),
        ]
        for text in simpler where text != finding.text {
            let time = self.nanoseconds(of: pattern, on: text, &scanner)
            if time > Self.limit.nanoseconds { return Finding(text: text, nanoseconds: time) }
        }
        return finding
    }

    /// How long one search takes; nothing where the pattern doesn't compile.
    func nanoseconds(of source: String, _ options: Pattern.Options, on text: AttackText) -> UInt64? {
        guard let pattern = try? Pattern(source, options: options) else { return nil }
        var scanner = Scanner(clock: self.clock, processor: self.clock)
        var text = text.text(length: RuleSet.textLimit)
        return text.withUTF8 { pattern.nanoseconds(on: $0, &scanner) }
    }

    private func nanoseconds(of pattern: Pattern, on text: AttackText, _ scanner: inout Scanner) -> UInt64 {
        var text = text.text(length: RuleSet.textLimit)
        var best = text.withUTF8 { pattern.nanoseconds(on: $0, &scanner) }
        guard best > Self.limit.nanoseconds else { return best }
        for _ in 0..<Self.repetitions { best = min(best, text.withUTF8 { pattern.nanoseconds(on: $0, &scanner) }) }
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
        var scanner = Scanner(clock: .processor, processor: .processor)
        var text = String(repeating: "a", count: 750)
        let times = (0..<5).map { _ in text.withUTF8 { pattern.nanoseconds(on: $0, &scanner) } }
        return min(max(1, Double(times.min() ?? 0) / self.nominal), self.maximum)
    }
}

extension Pattern {
    /// How long a search takes by the scanner's clock.
    fileprivate func nanoseconds(on bytes: UnsafeBufferPointer<UInt8>, _ scanner: inout Scanner) -> UInt64 {
        scanner.startMessage(within: nil)
        let start = scanner.now
        _ = self.search(bytes, in: scanner.scratch, using: scanner)
        return scanner.now - start
    }
}
