import Foundation
import Testing

@testable import Observability

@Suite("exposition")
struct ExpositionTests {
    /// A page with everything that may go wrong in one; `Tests/Metrics/check_exposition.py` reads it with a parser
    /// that isn't ours.
    private static let page = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Metrics/exposition.txt")

    private func hostileRegistry() -> MetricsRegistry {
        let registry = MetricsRegistry(maximumLabelSets: 3)
        registry.counter("chat messages", help: "Messages, with a \\ and a\nline feed.", labels: ["kind": "user"])
            .increment(by: 3)
        registry.counter("chat messages", help: "Unread.", labels: ["kind": "a \"quote\", a \\ and a\nline feed"])
            .increment()
        registry.counter("chat messages", help: "", labels: ["kind": String(repeating: "ä", count: 5_000)]).increment()
        registry.counter("chat messages", help: "", labels: ["kind": "fourth"]).increment(by: 4)
        registry.counter("chat messages", help: "", labels: ["kind": "fifth"]).increment(by: 5)
        registry.gauge("chat_queue_bytes", help: "Bytes in queues.", labels: ["b": "}{,=#", "a": "\r\0\u{85}"]).set(-7)
        let times = registry.histogram(
            "chat_answer_seconds",
            help: "Until the answer.",
            labels: ["le": "x"],
            bounds: [0.005, 1, 2.5]
        )
        for nanoseconds: Int64 in [1, 5_000_000, 5_000_001, 2_000_000_000, 9_000_000_000] {
            times.observe(nanoseconds: nanoseconds)
        }
        _ = registry.histogram("0.empty", help: "Never seen.", bounds: [])
        _ = registry.gauge("chat_answer_seconds_sum", help: "Taken.")
        registry.collect { samples in
            for (name, value) in [("nan", Double.nan), ("above", .infinity), ("below", -.infinity)] {
                samples.gauge("chat_odd", help: "Odd values.", labels: ["value": name], value)
            }
            samples.counter("chat messages", help: "", labels: ["kind": "sixth"], 6)
            samples.gauge("chat_load_ratio", help: "A fraction.", 0.25)
        }
        return registry
    }

    @Test("a page is the same to the byte, whatever names and labels hold")
    func golden() async throws {
        let text = await self.hostileRegistry().exposition()
        if ProcessInfo.processInfo.environment["RERECORD"] == "1" {
            try text.write(to: Self.page, atomically: true, encoding: .utf8)
        }
        #expect(try text == String(contentsOf: Self.page, encoding: .utf8))
    }

    @Test("metrics and series stand in the same order however they were made")
    func order() async {
        let names = ["b", "a", "c"]
        var pages: Set<String> = []
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let registry = MetricsRegistry()
            for index in order {
                for label in order { _ = registry.gauge(names[index], help: "x", labels: ["l": names[label]]) }
            }
            pages.insert(await registry.exposition())
        }
        #expect(pages.count == 1)
    }

    @Test(
        "numbers are written as Prometheus reads them",
        arguments: [
            (0, "0"), (-0.0, "0"), (1, "1"), (-2.5, "-2.5"), (0.000_1, "0.0001"), (1e-9, "1e-09"), (1e300, "1e+300"),
            (9_007_199_254_740_991, "9007199254740991"), (.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"),
        ] as [(Double, String)]
    )
    func number(value: Double, text: String) {
        #expect(Exposition.number(value) == text)
    }

    @Test(
        "a name has only characters that it may have",
        arguments: [
            ("chat_messages", "chat_messages"), ("http.server.requests", "http_server_requests"), ("a:b", "a:b"),
            ("9lives", "_9lives"), ("", "_"), ("é\n", "__"),
        ]
    )
    func name(written: String, name: String) {
        #expect(MetricName.sanitized(written) == name)
    }

    @Test(
        "a label's name has only characters that it may have, and none that Prometheus keeps",
        arguments: [
            ("rule", "rule"), ("http.method", "http_method"), ("a:b", "a_b"), ("__name__", "_name__"), ("le", "le_"),
            ("quantile", "quantile_"), ("1", "_1"), ("", "_"),
        ]
    )
    func label(written: String, name: String) {
        #expect(MetricName.sanitizedLabel(written) == name)
    }

    @Test("a label's value is cut between two characters")
    func cut() {
        #expect((["a": String(repeating: "x", count: 128)] as Labels).text.utf8.count == 128 + 4)
        #expect((["a": String(repeating: "x", count: 129)] as Labels).text.utf8.count == 128 + 4)
        #expect(
            (["a": "x" + String(repeating: "€", count: 4_000)] as Labels).text
                == "a=\"x\(String(repeating: "€", count: 42))\""
        )
    }

    @Test("a label that is repeated or empty doesn't break the page")
    func labels() {
        #expect((["a": "1", "a": "2", "b": ""] as Labels).text == "a=\"1\"")
        #expect(Labels([("x.y", "1"), ("x_y", "2")]).text == "x_y=\"1\"")
    }

    @Test("bytes that are no text become characters that are")
    func invalid() {
        let value = String(decoding: [0x61, 0xFF, 0xC3, 0x22] as [UInt8], as: UTF8.self)
        #expect((["a": value] as Labels).text == "a=\"a\u{FFFD}\u{FFFD}\\\"\"")
    }
}
