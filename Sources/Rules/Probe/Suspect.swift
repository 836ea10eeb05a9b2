/// The repeat that makes a pattern slow, as far as it can be told.
struct Suspect {
    private let meeting: MeetingRepeats?
    /// The repeat without which the pattern is fastest, where that is much faster.
    private var culprit: PatternOutline.Repeat?

    /// - Parameters:
    ///   - source: The pattern, on which `probe` has made the finding.
    ///   - options: Its options.
    ///   - outline: Its shape.
    ///   - meeting: The two of its repeats that can meet.
    ///   - finding: What it was slow on.
    ///   - probe: Tries it again.
    init(
        _ source: String,
        _ options: Pattern.Options,
        _ outline: PatternOutline,
        _ meeting: MeetingRepeats?,
        _ finding: LoadProbe.Finding,
        _ probe: LoadProbe
    ) {
        self.meeting = meeting
        let repeats = outline.repeats.filter { $0.maximum != 1 }.prefix(Self.maximumCount)
        let timed = repeats.compactMap { count in
            probe.nanoseconds(of: count.bounded(in: source), options, on: finding.text).map { (count: count, time: $0) }
        }
        let fastest = timed.min { $0.time < $1.time }
        self.culprit = fastest.flatMap { $0.time < finding.nanoseconds / 4 * 3 ? $0.count : nil }
    }

    /// So many repeats are tried at most.
    private static let maximumCount = 12

    /// What to write, for a diagnostic.
    var hint: String {
        if let (first, second) = self.meeting.map({ ($0.first, $0.second) }),
            self.culprit.map({ [first.offset, second.offset].contains($0.offset) }) ?? true
        {
            if first.offset == second.offset { return "replace \(first.short) by a bounded repeat" }
            return first.written == second.written
                ? "replace one of the two \(first.short) by a bounded repeat"
                : "replace \(first.short) or \(second.short) by a bounded repeat"
        }
        guard let culprit = self.culprit else { return "split it into several rules" }
        return culprit.isUnbounded
            ? "replace \(culprit.short) by a bounded repeat" : "let \(culprit.short) repeat less often"
    }
}

extension PatternOutline.Repeat {
    /// As written, cut where it is long.
    fileprivate var short: String {
        self.written.count > 40 ? "\(self.written.prefix(20))…\(self.written.suffix(15))" : self.written
    }

    /// The pattern with this repeat hardly repeating.
    fileprivate func bounded(in source: String) -> String {
        let scalars = source.unicodeScalars
        let start = scalars.index(scalars.startIndex, offsetBy: self.offset)
        let end = scalars.index(start, offsetBy: self.written.unicodeScalars.count)
        let quantifier = scalars.index(end, offsetBy: -self.quantifier.unicodeScalars.count)
        return "\(source[..<quantifier]){\(self.minimum),\(self.minimum + 1)}\(source[end...])"
    }
}
