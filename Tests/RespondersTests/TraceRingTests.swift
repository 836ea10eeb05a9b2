import Responders
import RespondersTesting
import Testing

@Suite("the last turns in memory")
struct TraceRingTests {
    /// A record with as many steps as `size` says.
    private static func entry(_ number: Int, steps: Int = 1) throws -> TurnTrace {
        let entries = (0..<steps).map { Chain.Entry(Immediate(.pass()), name: "\($0)", stage: .answer) }
        let turn = Turn(
            id: TurnID("t_\(number)"),
            message: Incoming(id: "m", text: "hello"),
            conversation: Conversation(sessionID: "s"),
            localTime: TimeOfDay(minutes: 0)
        )
        guard case .finished(let result) = Chain(name: "test", entries: entries).begin(turn, tracing: true) else {
            throw Mismatch("a chain of immediate responders waits")
        }
        return TurnTrace(result)
    }

    @Test("remembers as many as it may, the newest first")
    func order() throws {
        let ring = TraceRing(capacity: 3)
        for number in 1...5 { ring.append(try Self.entry(number)) }
        #expect(ring.newest(10).map(\.turn) == ["t_5", "t_4", "t_3"])
        #expect(ring.newest(2).map(\.turn) == ["t_5", "t_4"])
        #expect(ring.record(of: "t_2") == nil)
        #expect(ring.record(of: "t_4")?.turn == "t_4")
    }

    @Test("one that is larger than all may be takes the place of all others")
    func large() throws {
        let ring = TraceRing(capacity: 10, bytes: 4_000)
        for number in 1...5 { ring.append(try Self.entry(number)) }
        ring.append(try Self.entry(6, steps: 100))
        #expect(ring.newest(10).map(\.turn) == ["t_6"])
        ring.append(try Self.entry(7))
        #expect(ring.newest(10).map(\.turn) == ["t_7"])
    }

    @Test("is the same as a list from which the oldest are taken, whatever comes", arguments: 0..<40)
    func model(seed: Int) throws {
        var generator = Numbers(seed: UInt64(seed))
        let capacity = Int.random(in: 1...40, using: &generator)
        let maximum = Int.random(in: 200...12_000, using: &generator)
        let ring = TraceRing(capacity: capacity, bytes: maximum)
        var list: [(turn: String, size: Int)] = []
        for number in 0..<300 {
            let steps = Int.random(in: 0...6, using: &generator)
            let entry = try Self.entry(number, steps: steps)
            ring.append(entry)
            list.append((entry.turn, 544 + MemoryLayout<TraceStep>.stride * steps))
            while list.count > 1, list.count > capacity || list.reduce(0, { $0 + $1.size }) > maximum {
                list.removeFirst()
            }
            #expect(ring.newest(.max).map(\.turn) == list.reversed().map(\.turn))
        }
    }
}

/// Numbers that are the same for the same seed.
struct Numbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next() -> UInt64 {
        self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return self.state ^ (self.state >> 29)
    }
}

@Suite("shares")
struct ShareTests {
    @Test(
        "are numbers from 0 to 100 with at most two decimals",
        arguments: [
            ("0%", 0), ("10%", 1_000), ("100%", 10_000), ("0.5%", 50), ("12.25%", 1_225), ("0.01%", 1), ("007%", 700),
        ]
    )
    func written(text: String, points: Int) { #expect(Share(written: text)?.basisPoints == points) }

    @Test(
        "nothing else is one",
        arguments: [
            "", "%", "10", "101%", "100.01%", "-1%", "+1%", "1.%", ".5%", "1.234%", "1,5%", "1e1%", " 1%", "1 %", "1%%",
            "٣%", "0000%", "1.2.3%",
        ]
    )
    func notWritten(text: String) { #expect(Share(written: text) == nil) }

    @Test("a name keeps its side, a larger share has all of a smaller one, and about as many belong as it says")
    func sides() throws {
        let names = (0..<20_000).map { "s_\($0)" }
        var before: Set<String> = []
        for percent in [0, 1, 10, 50, 90, 100] {
            let share = try #require(Share(written: "\(percent)%"))
            let included = Set(names.filter { share.includes($0, for: "canary") })
            #expect(before.isSubset(of: included))
            #expect(abs(included.count - percent * 200) < 300, "\(percent)%: \(included.count)")
            #expect(included == Set(names.filter { share.includes($0, for: "canary") }))
            before = included
        }
        let half = try #require(Share(written: "50%"))
        let both = names.filter { half.includes($0, for: "a") && half.includes($0, for: "b") }
        #expect(abs(both.count - 5_000) < 400, "\(both.count)")
    }
}
