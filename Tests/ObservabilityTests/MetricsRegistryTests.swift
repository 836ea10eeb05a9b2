import Testing

@testable import Observability

/// The lines of a page that aren't comments, and not about the registry itself.
func samples(of registry: MetricsRegistry) async -> [String] {
    await registry.exposition().split(separator: "\n").map(String.init).filter {
        !$0.hasPrefix("#") && !$0.hasPrefix("metrics_")
    }
}

/// The lines in which a registry says what it folded and refused, without those that say zero.
func complaints(of registry: MetricsRegistry) async -> [String] {
    await registry.exposition().split(separator: "\n").map(String.init).filter {
        $0.hasPrefix("metrics_") && !$0.hasSuffix(" 0")
    }
}

@Suite("metrics registry")
struct MetricsRegistryTests {
    @Test("the same name and labels give the same handle, in whatever order they are written")
    func same() {
        let registry = MetricsRegistry()
        let counter = registry.counter("messages", help: "x", labels: ["a": "1", "b": "2"])
        #expect(counter === registry.counter("messages_total", help: "y", labels: ["b": "2", "a": "1"]))
        #expect(counter !== registry.counter("messages", help: "x", labels: ["a": "1"]))
        #expect(registry.gauge("g", help: "") === registry.gauge("g", help: ""))
        #expect(registry.histogram("h", help: "") === registry.histogram("h", help: ""))
    }

    @Test("a name that another type has keeps its first meaning, and the second handle works all the same")
    func otherType() async {
        let registry = MetricsRegistry()
        registry.gauge("jobs_total", help: "x").set(7)
        let counter = registry.counter("jobs", help: "y")
        counter.increment(by: 3)
        #expect(counter.value == 3)
        #expect(await samples(of: registry) == ["jobs_total 7"])
        #expect(await complaints(of: registry) == ["metrics_refused_total{reason=\"name_taken\"} 1"])
    }

    @Test(
        "no metric takes the name of another's line",
        arguments: ["times", "times_bucket", "times_sum", "times_count", "metrics_folded_total"]
    )
    func lineNames(name: String) async {
        let registry = MetricsRegistry()
        _ = registry.histogram("times", help: "x", bounds: [])
        registry.gauge(name, help: "y").set(9)
        #expect(await samples(of: registry) == ["times_bucket{le=\"+Inf\"} 0", "times_sum 0", "times_count 0"])
        #expect(await complaints(of: registry) == ["metrics_refused_total{reason=\"name_taken\"} 1"])
    }

    @Test("a histogram doesn't spread over names that are taken")
    func histogramAfter() async {
        let registry = MetricsRegistry()
        registry.gauge("times_count", help: "y").set(9)
        registry.histogram("times", help: "x").observe(nanoseconds: 1)
        #expect(await samples(of: registry) == ["times_count 9"])
    }

    @Test("all histograms of a name have the bounds of the first")
    func otherBounds() async {
        let registry = MetricsRegistry()
        _ = registry.histogram("h", help: "x", labels: ["a": "1"], bounds: [1, 2])
        #expect(registry.histogram("h", help: "x", labels: ["a": "2"], bounds: [3]).bounds == [1, 2])
        #expect(await complaints(of: registry) == ["metrics_refused_total{reason=\"other_bounds\"} 1"])
    }

    @Test("label sets that are one too many count as other, each time that one is asked for")
    func folded() async {
        let registry = MetricsRegistry(maximumLabelSets: 2)
        for name in ["a", "b", "c", "d", "a"] {
            registry.counter("hits", help: "x", labels: ["rule": name]).increment()
        }
        #expect(
            await samples(of: registry) == [
                "hits_total{rule=\"a\"} 2", "hits_total{rule=\"b\"} 1", "hits_total{rule=\"other\"} 2",
            ]
        )
        #expect(await complaints(of: registry) == ["metrics_folded_total{metric=\"hits_total\"} 2"])
    }

    @Test("a hostile crowd of labels leaves a page of bounded size")
    func crowd() async {
        let registry = MetricsRegistry()
        for index in 0..<20_000 { registry.counter("hits", help: "x", labels: ["path": "/\(index)"]).increment() }
        let lines = await samples(of: registry)
        #expect(lines.count == 1_001)
        #expect(lines.contains("hits_total{path=\"other\"} 19000"))
    }

    @Test("a value that is named other, and other for those that are too many, are one line")
    func namedOther() async {
        let registry = MetricsRegistry(maximumLabelSets: 2)
        for name in ["other", "b", "c"] { registry.counter("hits", help: "x", labels: ["rule": name]).increment() }
        #expect(await samples(of: registry) == ["hits_total{rule=\"b\"} 1", "hits_total{rule=\"other\"} 2"])
    }

    @Test("a metric without labels is never folded")
    func unlabelled() async {
        let registry = MetricsRegistry(maximumLabelSets: 1)
        for labels: Labels in [["a": "1"], [:], ["a": "2"]] {
            registry.gauge("g", help: "x", labels: labels).increment()
        }
        #expect(await samples(of: registry) == ["g 1", "g{a=\"1\"} 1", "g{a=\"other\"} 1"])
    }

    @Test("names that are too many are not exposed")
    func names() async {
        let registry = MetricsRegistry(maximumNames: 2)
        for name in ["a", "b", "c", "d", "a"] { registry.gauge(name, help: "x").increment() }
        registry.collect { $0.gauge("e", help: "x", 1) }
        #expect(await samples(of: registry) == ["a 2", "b 1"])
        #expect(await complaints(of: registry) == ["metrics_refused_total{reason=\"too_many_names\"} 4"])
    }
}

@Suite("sources of metrics")
struct SourceTests {
    private actor Rooms {
        var open = 0
        func enter() { self.open += 1 }
    }

    @Test("a source is asked at each scrape, and may wait for an actor")
    func asked() async {
        let rooms = Rooms()
        let registry = MetricsRegistry()
        registry.collect { samples in samples.gauge("rooms_open", help: "Rooms.", await rooms.open) }
        #expect(await samples(of: registry) == ["rooms_open 0"])
        await rooms.enter()
        #expect(await samples(of: registry) == ["rooms_open 1"])
    }

    @Test("sources and handles of one name stand in one block")
    func block() async {
        let registry = MetricsRegistry()
        registry.collect { $0.counter("hits", help: "late", labels: ["rule": "b"], 2) }
        registry.counter("hits", help: "Hits.", labels: ["rule": "a"]).increment()
        registry.collect { $0.counter("hits_total", help: "later", labels: ["rule": "c"], 2.5) }
        let page = await registry.exposition()
        #expect(
            page.hasPrefix(
                """
                # HELP hits_total Hits.
                # TYPE hits_total counter
                hits_total{rule="a"} 1
                hits_total{rule="b"} 2
                hits_total{rule="c"} 2.5

                """
            )
        )
    }

    @Test("samples that are too many are added up")
    func folded() async {
        let registry = MetricsRegistry(maximumLabelSets: 1)
        registry.collect { samples in
            for index in 1...4 { samples.counter("hits", help: "x", labels: ["rule": "\(index)"], index) }
            for index in 1...4 { samples.gauge("load", help: "x", labels: ["rule": "\(index)"], Double(index) / 2) }
        }
        #expect(
            await samples(of: registry) == [
                "hits_total{rule=\"1\"} 1", "hits_total{rule=\"other\"} 9",
                "load{rule=\"1\"} 0.5", "load{rule=\"other\"} 4.5",
            ]
        )
    }

    @Test("what a source gives twice, or can't mean, is left out and counted")
    func refused() async {
        let registry = MetricsRegistry()
        registry.collect { samples in
            samples.gauge("g", help: "x", 1)
            samples.gauge("g", help: "x", 2)
            samples.counter("g", help: "x", -1)
            samples.counter("c", help: "x", Double.nan)
            samples.counter("c", help: "x", Double.infinity)
            samples.counter("g", help: "another name, for it ends in _total", 5)
            samples.counter("big", help: "x", UInt64.max)
        }
        #expect(await samples(of: registry) == ["big_total 18446744073709551615", "g 1", "g_total 5"])
        let complaints = await complaints(of: registry)
        #expect(
            complaints == [
                "metrics_refused_total{reason=\"invalid_value\"} 6",
                "metrics_refused_total{reason=\"repeated_sample\"} 2",
            ]
        )
    }
}
