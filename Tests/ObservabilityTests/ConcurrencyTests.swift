import CoreMetrics
import Dispatch
import Testing

@testable import Observability

@Suite("metrics on many threads")
struct ConcurrencyTests {
    private static let tasks = 8
    private static let rounds = 20_000

    @Test("a counter and a gauge lose nothing to another thread that counts at the same time")
    func tight() {
        let registry = MetricsRegistry()
        let counter = registry.counter("c", help: "x")
        let gauge = registry.gauge("g", help: "x")
        // Threads of their own, one kind at a time and nothing else in the loop, so that an addition that isn't atomic is
        // caught in the act.
        DispatchQueue.concurrentPerform(iterations: 4) { _ in for _ in 0..<2_000_000 { counter.increment() } }
        DispatchQueue.concurrentPerform(iterations: 4) { _ in for _ in 0..<2_000_000 { gauge.increment() } }
        #expect(counter.value == 8_000_000)
        #expect(gauge.value == 8_000_000)
    }

    @Test("nothing is lost, while pages are made")
    func exact() async {
        let registry = MetricsRegistry()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.tasks {
                group.addTask { Self.count(in: registry) }
                group.addTask { for _ in 0..<20 { _ = await registry.exposition() } }
            }
        }
        let total = Self.tasks * Self.rounds
        let page = await samples(of: registry)
        for line in [
            "messages_total \(3 * total)", "open 0", "parts_total \(total / 2)", "level \(total / 4)",
            "t_seconds_bucket{le=\"0.001\"} \(total / 2)", "t_seconds_count \(total)",
            "t_seconds_sum \(Exposition.number(Double(total) * 1_000_500 / 1e9))", "sizes_sum \(total)",
        ] {
            #expect(page.contains(line))
        }
    }

    private static func count(in registry: MetricsRegistry) {
        // Each task asks for the handles itself: whoever comes first makes them.
        let messages = registry.counter("messages", help: "x")
        let open = registry.gauge("open", help: "x")
        let times = registry.histogram("t_seconds", help: "x", bounds: [0.001])
        let parts = registry.makeFloatingPointCounter(label: "parts", dimensions: [])
        let level = registry.makeMeter(label: "level", dimensions: [])
        let sizes = registry.makeRecorder(label: "sizes", dimensions: [], aggregate: true)
        for round in 0..<Self.rounds {
            messages.increment()
            messages.increment(by: 2)
            open.increment()
            times.observe(nanoseconds: round.isMultiple(of: 2) ? 1_000_000 : 1_001_000)
            parts.increment(by: 0.5)
            level.increment(by: 0.5)
            level.decrement(by: 0.25)
            sizes.record(1 as Int64)
            open.decrement()
        }
    }

    @Test("asking for many handles at once gives each label set one handle")
    func handles() async {
        let registry = MetricsRegistry()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<Self.tasks {
                group.addTask {
                    for index in 0..<200 { registry.counter("c", help: "x", labels: ["i": "\(index)"]).increment() }
                }
            }
        }
        let page = await samples(of: registry)
        #expect(page.count == 200)
        #expect(page.allSatisfy { $0.hasSuffix(" \(Self.tasks)") })
    }
}
