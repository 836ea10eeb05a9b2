import Messages
import Testing

@Suite("the header traceparent")
struct TraceParentTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let span = "00f067aa0ba902b7"

    @Test("is taken whole, and written the same", arguments: ["00", "01"])
    func whole(flags: String) throws {
        let header = "00-\(Self.trace)-\(Self.span)-\(flags)"
        let parent = try #require(TraceParent(header))
        #expect(parent.traceID == Self.trace && parent.spanID == Self.span && parent.isSampled == (flags == "01"))
        #expect(parent.description == header)
    }

    @Test("of a later version is taken without what is new in it")
    func later() throws {
        let parent = try #require(TraceParent("cc-\(Self.trace)-\(Self.span)-ff-what-the-future-will-be-like"))
        #expect(parent.description == "00-\(Self.trace)-\(Self.span)-01")
    }

    @Test("that isn't one is none")
    func malformed() {
        let zeros = String(repeating: "0", count: 32)
        for header in [
            "", "-", "00", "00-\(Self.trace)-\(Self.span)", "00-\(Self.trace)-\(Self.span)-1",
            "00-\(Self.trace)-\(Self.span)-01-more", "00-\(Self.trace)-\(Self.span)-01 ",
            "ff-\(Self.trace)-\(Self.span)-01", "00-\(zeros)-\(Self.span)-01",
            "00-\(Self.trace)-\(zeros.prefix(16))-01", "00-\(Self.trace.uppercased())-\(Self.span)-01",
            "00-\(Self.trace.dropLast())g-\(Self.span)-01", "00_\(Self.trace)_\(Self.span)_01",
            "cc-\(Self.trace)-\(Self.span)-01x", "é0-\(Self.trace)-\(Self.span)-01",
            String(repeating: "0", count: 100_000),
        ] { #expect(TraceParent(header) == nil, "\(header.prefix(80))") }
    }

    @Test("for what is sent on stays in the trace and has a span of its own")
    func next() throws {
        var generator = SplitMix64(state: 7)
        let parent = try #require(TraceParent("00-\(Self.trace)-\(Self.span)-01"))
        for _ in 0..<1_000 {
            let next = parent.next(using: &generator)
            #expect(next.traceID == parent.traceID && next.spanID != parent.spanID && next.isSampled)
            #expect(TraceParent(next.description) == next)
        }
    }
}
