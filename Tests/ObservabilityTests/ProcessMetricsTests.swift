import Testing

@testable import Observability

@Suite("process metrics")
struct ProcessMetricsTests {
    private static let rest =
        "S 1 42 42 0 -1 4194560 2131 0 12 0 250 50 0 0 20 0 9 0 98765 1234567168 4321 18446744073709551615 1 1 0 0"

    @Test(
        "a line of the kernel is read whatever the program is called",
        arguments: ["claude-chat", "a b", "a) S 1 (b", ")", "("]
    )
    func line(program: String) {
        let status = ProcessStatus(line: "42 (\(program)) \(Self.rest)\n")
        #expect(status?.userTicks == 250)
        #expect(status?.systemTicks == 50)
        #expect(status?.threads == 9)
        #expect(status?.startTicks == 98_765)
        #expect(status?.virtualBytes == 1_234_567_168)
        #expect(status?.residentPages == 4_321)
    }

    @Test("a line that is something else is not read", arguments: ["", "42 (a", "42 (a) S 1", "42 (a) S x y z"])
    func broken(line: String) {
        #expect(ProcessStatus(line: line) == nil)
    }

    @Test("a page tells of the process that makes it", .enabled(if: ProcessMetricsTests.isLinux))
    func page() async {
        let registry = MetricsRegistry()
        registry.collectProcess()
        let lines = await samples(of: registry)
        var values: [String: Double] = [:]
        for line in lines {
            let words = line.split(separator: " ")
            values[String(words[0])] = Double(words[1]) ?? .nan
        }
        #expect(
            values.keys.sorted() == [
                "process_cpu_seconds_total", "process_max_fds", "process_open_fds", "process_resident_memory_bytes",
                "process_start_time_seconds", "process_threads", "process_virtual_memory_bytes",
            ]
        )
        // Less than a mebibyte, fewer descriptors than in, out and errors, or a start before 2020 would be another
        // process.
        #expect(values["process_resident_memory_bytes", default: 0] > 1_048_576)
        #expect(values["process_open_fds", default: 0] >= 3)
        #expect(values["process_start_time_seconds", default: 0] > 1_577_836_800)
        #expect(values["process_threads", default: 0] >= 1)
        #expect(await complaints(of: registry).isEmpty)
    }

    private static var isLinux: Bool {
        #if os(Linux)
            true
        #else
            false
        #endif
    }
}
