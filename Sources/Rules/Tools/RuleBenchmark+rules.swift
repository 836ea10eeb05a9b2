internal import Diagnostics

extension RuleBenchmark {
    /// What one rule costs.
    ///
    /// Encoded, it is an object of the list that `rules bench --json` prints.
    public struct RuleCost: Hashable, Sendable, Encodable {
        /// The full name.
        public var rule: String
        public var file: String
        public var line: Int
        /// How many of the messages it was tried on.
        public var triedCount: Int
        /// Microseconds a message, on average of all messages.
        public var meanMicroseconds: Double
        /// Its part of what all rules cost, from 0 to 1.
        public var share: Double

        private enum CodingKeys: String, CodingKey {
            case rule, file, line
            case triedCount = "tried"
            case meanMicroseconds = "mean_us"
            case share
        }
    }

    /// The rules that cost most: their conditions, patterns and vetoes, on the messages that they are tried on.
    ///
    /// A message tries the rules down to the one that wins. The search for required texts serves all rules and isn't
    /// in it.
    ///
    /// - Parameters:
    ///   - messages: What is answered.
    ///   - runCount: How often each rule is tried on each message; the fastest time counts.
    ///   - limit: How many rules are listed at most.
    /// - Returns: The dearest first; rules that were never tried are not among them.
    public func dearestRules(
        _ messages: [String],
        runCount: Int = RuleBenchmark.defaultRunCount,
        limit: Int = 5
    ) -> [RuleCost] {
        var totals = [(time: Duration, count: Int)](repeating: (.zero, 0), count: self.rules.ruleCount)
        var scanner = Scanner()
        for message in messages {
            for (rank, time) in self.rules.trialTimes(of: message, runCount: runCount, using: &scanner) {
                totals[rank].time += time
                totals[rank].count += 1
            }
        }
        let sum = totals.reduce(Duration.zero) { $0 + $1.time }
        let ranks = totals.indices.filter { totals[$0].count > 0 }.sorted { left, right in
            totals[left].time == totals[right].time ? left < right : totals[left].time > totals[right].time
        }
        return ranks.prefix(max(0, limit)).map { rank in
            let rule = self.rules.rules[rank]
            return RuleCost(
                rule: rule.name,
                file: rule.place.file,
                line: rule.place.line,
                triedCount: totals[rank].count,
                meanMicroseconds: totals[rank].time / .microseconds(1) / Double(messages.count),
                share: sum == .zero ? 0 : totals[rank].time / sum
            )
        }
    }
}

extension RuleSet {
    /// The rules that are tried on a message down to the winner, by rank, and how long each of them takes.
    fileprivate func trialTimes(
        of message: String,
        runCount: Int,
        using scanner: inout Scanner
    ) -> [(rank: Int, time: Duration)] {
        var text = Self.readable(message).text
        let winner = self.answer(to: message, in: RuleContext(), using: &scanner).rule
        return text.withUTF8 { bytes in
            scanner.startMessage(within: nil)
            self.prefilter.findCandidates(in: bytes, using: &scanner)
            var times: [(rank: Int, time: Duration)] = []
            var next = scanner.candidate(from: 0)
            while let rank = next {
                var fastest = Duration.seconds(1_000_000)
                for _ in 0..<max(1, runCount) {
                    let start = ContinuousClock.now
                    _ = self.rules[rank].trial(on: bytes, in: RuleContext(), at: rank, of: self, using: &scanner)
                    fastest = min(fastest, ContinuousClock.now - start)
                }
                times.append((rank, fastest))
                next = self.rules[rank].name == winner ? nil : scanner.candidate(from: rank + 1)
            }
            return times
        }
    }
}
