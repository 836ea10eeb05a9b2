import Testing

@testable import Observability

/// A generator whose numbers are the same in every run.
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var z = self.state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@Suite("histograms")
struct HistogramTests {
    private func counts(_ histogram: Histogram) -> [UInt64] {
        guard case .distribution(_, let counts, _) = histogram.reading else { return [] }
        return counts
    }

    private func sum(_ histogram: Histogram) -> Double {
        guard case .distribution(_, _, let sum) = histogram.reading else { return .nan }
        return sum
    }

    @Test("counts what one would count by hand, whatever the bounds and durations", arguments: 0..<200 as Range<UInt64>)
    func reference(seed: UInt64) {
        var generator = SplitMix64(state: seed)
        let bounds = (0..<Int.random(in: 0...20, using: &generator)).map { _ in
            // Half of them are whole nanoseconds, as people write them.
            let bound =
                Double.random(in: 0...1, using: &generator)
                * Double(10).powered(Int.random(in: -8...3, using: &generator))
            return Bool.random(using: &generator) ? (bound * 1e9).rounded() / 1e9 : bound
        }
        let histogram = Histogram(bounds: bounds)
        var values: [Int64] = []
        for bound in histogram.bounds { for step: Int64 in -1...1 { values.append(Int64(bound * 1e9) + step) } }
        for _ in 0..<200 {
            values.append(Int64.random(in: 0...(1 << Int64.random(in: 1...42, using: &generator)), using: &generator))
        }
        for value in values { histogram.observe(nanoseconds: value) }

        let seconds = values.map { Double(max($0, 0)) / 1e9 }
        let below = histogram.bounds.map { bound in UInt64(seconds.count { $0 <= bound }) } + [UInt64(values.count)]
        var total: UInt64 = 0
        let cumulative = self.counts(histogram).map { count in
            total += count
            return total
        }
        #expect(cumulative == below)
        #expect(abs(self.sum(histogram) - seconds.reduce(0, +)) <= 1e-9 * max(1, seconds.reduce(0, +)))
    }

    @Test("a bound belongs to its bucket")
    func boundary() {
        let histogram = Histogram(bounds: [0.005, 0.25])
        for value: Int64 in [4_999_999, 5_000_000, 5_000_001, 250_000_000, 250_000_001] {
            histogram.observe(nanoseconds: value)
        }
        #expect(self.counts(histogram) == [2, 2, 1])
    }

    @Test("bounds are sorted, and those that are none are left out")
    func bounds() {
        #expect(Histogram(bounds: [2, 1, .infinity, 2, .nan, -.infinity, 0.5]).bounds == [0.5, 1, 2])
        #expect(Histogram(bounds: (1...100).map(Double.init)).bounds.count == 64)
        let huge = Histogram(bounds: [-1, 1e200])
        huge.observe(nanoseconds: .max)
        #expect(self.counts(huge) == [0, 1, 0])
    }

    @Test(
        "durations count as nanoseconds, and stay within what can be counted",
        arguments: [
            (.milliseconds(5), 0.005), (.nanoseconds(1), 1e-9), (.seconds(-3), 0), (.zero, 0),
            (.seconds(Int64.max), Double(Int64.max) / 1e9), (.seconds(Int64.min), 0),
        ] as [(Duration, Double)]
    )
    func duration(duration: Duration, seconds: Double) {
        let histogram = Histogram(bounds: [])
        histogram.observe(duration)
        #expect(self.sum(histogram) == seconds)
    }

    @Test("a page has one line for each bound, added up, and the count is that of the last")
    func page() async {
        let registry = MetricsRegistry()
        let histogram = registry.histogram("t_seconds", help: "x", labels: ["a": "b"], bounds: [0.1, 1])
        for milliseconds in [50, 500, 600, 5_000] { histogram.observe(.milliseconds(milliseconds)) }
        #expect(
            await samples(of: registry) == [
                "t_seconds_bucket{a=\"b\",le=\"0.1\"} 1", "t_seconds_bucket{a=\"b\",le=\"1\"} 3",
                "t_seconds_bucket{a=\"b\",le=\"+Inf\"} 4", "t_seconds_sum{a=\"b\"} 6.15",
                "t_seconds_count{a=\"b\"} 4",
            ]
        )
    }
}

extension Double {
    fileprivate func powered(_ exponent: Int) -> Double {
        (0..<abs(exponent)).reduce(1) { result, _ in exponent < 0 ? result / self : result * self }
    }
}
