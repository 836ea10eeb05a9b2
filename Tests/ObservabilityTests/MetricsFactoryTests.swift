import CoreMetrics
import Testing

@testable import Observability

@Suite("swift-metrics")
struct MetricsFactoryTests {
    private let registry = MetricsRegistry()

    @Test("counters of a library appear with legal names and their dimensions")
    func counter() async {
        let counter = CoreMetrics.Counter(
            label: "hb.requests",
            dimensions: [("hb.uri", "/api/chat"), ("method", "GET")],
            factory: self.registry
        )
        counter.increment()
        counter.increment(by: 4)
        counter.increment(by: -9)
        #expect(await samples(of: self.registry) == ["hb_requests_total{hb_uri=\"/api/chat\",method=\"GET\"} 5"])
        counter.reset()
        #expect(await samples(of: self.registry) == ["hb_requests_total{hb_uri=\"/api/chat\",method=\"GET\"} 0"])
    }

    @Test("counters with a fraction keep it, and nothing spoils them")
    func floating() async {
        let counter = CoreMetrics.FloatingPointCounter(label: "used", factory: self.registry)
        for amount in [0.5, 0.25, -1, .nan, .infinity] { counter.increment(by: amount) }
        #expect(await samples(of: self.registry) == ["used_total 0.75"])
    }

    @Test("meters rise, fall and are set")
    func meter() async {
        let meter = CoreMetrics.Meter(label: "active", factory: self.registry)
        meter.set(5)
        meter.increment()
        meter.decrement(by: 0.5)
        #expect(await samples(of: self.registry) == ["active 5.5"])
    }

    @Test("recorders are distributions or the last value")
    func recorder() async {
        let sizes = CoreMetrics.Recorder(label: "sizes", factory: self.registry)
        for size in [1, 4, 5, 1_000_000_000] { sizes.record(size) }
        sizes.record(Double.nan)
        CoreMetrics.Gauge(label: "last", factory: self.registry).record(2.5)
        let page = await samples(of: self.registry)
        #expect(page.first == "last 2.5")
        #expect(page.contains("sizes_bucket{le=\"4\"} 2"))
        #expect(page.contains("sizes_bucket{le=\"16777216\"} 3"))
        #expect(page.suffix(2) == ["sizes_sum 1000000010", "sizes_count 4"])
    }

    @Test(
        "timers are histograms in seconds, and their names say so",
        arguments: ["wait", "wait.seconds", "wait_seconds"]
    )
    func timer(label: String) async {
        let timer = CoreMetrics.Timer(label: label, factory: self.registry)
        timer.recordMilliseconds(30)
        timer.recordNanoseconds(-5)
        let page = await samples(of: self.registry)
        #expect(page.contains("wait_seconds_bucket{le=\"0.025\"} 1"))
        #expect(page.suffix(2) == ["wait_seconds_sum 0.03", "wait_seconds_count 2"])
    }

    @Test("a timer that names another unit is in seconds all the same")
    func milliseconds() async {
        CoreMetrics.Timer(label: "wait_milliseconds", factory: self.registry).recordSeconds(1)
        #expect(await samples(of: self.registry).contains("wait_milliseconds_seconds_sum 1"))
    }

    @Test("one name and its dimensions are one series, also after it was destroyed")
    func same() async {
        for _ in 0..<3 {
            let counter = CoreMetrics.Counter(label: "c", dimensions: [("a", "b")], factory: self.registry)
            counter.increment()
            counter.destroy()
        }
        self.registry.counter("c", help: "Ours.", labels: ["a": "b"]).increment()
        #expect(await samples(of: self.registry) == ["c_total{a=\"b\"} 4"])
        #expect(await self.registry.exposition().hasPrefix("# HELP c_total Ours.\n"))
    }

    @Test("methods that clients invent don't fill the memory")
    func hostile() async {
        for index in 0..<3_000 {
            CoreMetrics.Timer(label: "t", dimensions: [("method", "M\(index)")], factory: self.registry).recordSeconds(
                1
            )
        }
        let page = await samples(of: self.registry)
        #expect(page.count { $0.hasPrefix("t_seconds_count") } == 1_001)
        #expect(page.contains("t_seconds_count{method=\"other\"} 2000"))
    }
}
