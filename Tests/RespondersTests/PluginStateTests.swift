import Messages
import Responders
import Synchronization
import Testing

@Suite("the small store of a plugin")
struct PluginStateTests {
    private final class Time: Sendable {
        private let milliseconds = Mutex<Int64>(1_000)
        var now: Int64 { self.milliseconds.withLock(\.self) }
        func pass(_ duration: Int64) { self.milliseconds.withLock { $0 += duration } }
    }

    /// A file in memory, which a second store can open.
    private final class Kept: PluginStateFile {
        private let state = Mutex<[String: PluginState.Entry]>([:])
        init(_ entries: [String: PluginState.Entry] = [:]) { self.state.withLock { $0 = entries } }
        func entries() -> [String: PluginState.Entry] { self.state.withLock(\.self) }
        func write(_ key: String, _ entry: PluginState.Entry?) { self.state.withLock { $0[key] = entry } }
    }

    private let time = Time()

    private func state(_ kept: Kept? = nil) -> PluginState {
        let state = PluginState(now: { [time] in time.now })
        if let kept { state.keep(in: kept) }
        return state
    }

    @Test("has what was set until its time is over, and the last of several")
    func ends() {
        let state = self.state()
        #expect(state["a"] == nil)
        state.set("1", for: "a", during: .seconds(2))
        state.set("2", for: "a", during: .seconds(1))
        #expect(state["a"] == "2")
        self.time.pass(999)
        #expect(state["a"] == "2" && state.entries.keys.sorted() == ["a"])
        self.time.pass(1)
        #expect(state["a"] == nil && state.entries.isEmpty)
        state.set("3", for: "b", during: .seconds(1))
        state.remove("b")
        #expect(state["b"] == nil)
    }

    @Test("has it after a restart, without what has ended or was removed meanwhile")
    func restart() {
        let kept = Kept()
        let first = self.state(kept)
        for (key, seconds) in [("long", 100), ("short", 1), ("gone", 100)] {
            first.set(key, for: key, during: .seconds(seconds))
        }
        first.remove("gone")
        self.time.pass(2_000)
        let second = self.state(kept)
        #expect(second["long"] == "long" && second["short"] == nil && second["gone"] == nil)
    }

    @Test(
        "refuses what is longer than it may be, and keeps what it has",
        arguments: [
            ("", "x", 1), (String(repeating: "k", count: 257), "x", 1), ("k", String(repeating: "x", count: 16_385), 1),
            ("k", "x", 0), ("k", "x", -1),
        ]
    )
    func tooLong(key: String, value: String, seconds: Int) {
        let state = self.state()
        state.set("before", for: "k", during: .seconds(10))
        #expect(!state.set(value, for: key, during: .seconds(seconds)))
        #expect(state["k"] == "before" && state.entries.count == 1)
    }

    @Test("never holds more entries than it may: those are forgotten that have ended, then those that end first")
    func count() {
        let kept = Kept()
        let state = self.state(kept)
        for number in 0..<25_000 { state.set("", for: "\(number)", during: .seconds(1_000 + number)) }
        #expect(state.entries.count <= PluginState.maximumCount)
        #expect(state["24999"] == "" && state["0"] == nil)
        #expect(kept.entries().count == state.entries.count)
    }

    @Test("never holds more bytes than it may, and no value for longer than a year")
    func bytes() {
        let state = self.state()
        let value = String(repeating: "x", count: PluginState.maximumValueBytes)
        for number in 0..<1_000 { #expect(state.set(value, for: "\(number)", during: .seconds(1 + number))) }
        let bytes = state.entries.reduce(0) { $0 + $1.key.utf8.count + $1.value.value.utf8.count }
        #expect(bytes <= PluginState.maximumBytes && bytes > PluginState.maximumBytes / 2)
        #expect(state["999"] == value)
        state.set("long", for: "long", during: .seconds(Int64.max))
        self.time.pass(365 * 86_400_000)
        #expect(state["long"] == nil)
    }

    @Test("what was set before there was a file is kept, and counts more than what the file has")
    func early() {
        let kept = Kept(["a": .init("old", until: 100_000), "b": .init("old", until: 100_000)])
        let state = self.state()
        state.set("new", for: "a", during: .seconds(10))
        state.keep(in: kept)
        #expect(state["a"] == "new" && state["b"] == "old")
        #expect(kept.entries().mapValues(\.value) == ["a": "new", "b": "old"])
    }

    @Test("takes no more out of a file than it may hold itself")
    func foreignFile() {
        var entries: [String: PluginState.Entry] = ["": .init("no key", until: 100_000)]
        entries[String(repeating: "k", count: 300)] = .init("long key", until: 100_000)
        entries["long"] = .init(String(repeating: "x", count: 20_000), until: 100_000)
        for number in 0..<20_000 { entries["k\(number)"] = .init("v", until: Int64(50_000 + number)) }
        let state = self.state(Kept(entries))
        #expect(state.entries.count <= PluginState.maximumCount)
        #expect(state["k19999"] == "v" && state["long"] == nil && state[""] == nil)
    }

    @Test("does the same as a dictionary that is never full, whatever is done in which order")
    func model() {
        var random = SplitMix64(seed: 7, index: 0)
        for _ in 0..<50 {
            let (time, kept) = (Time(), Kept())
            var model: [String: (value: String, end: Int64)] = [:]
            func opened() -> PluginState {
                let state = PluginState(now: { time.now })
                state.keep(in: kept)
                return state
            }
            var state = opened()
            for step in 0..<200 {
                let key = "k\(random.next() % 8)"
                switch random.next() % 5 {
                case 0, 1:
                    let seconds = Int64(1 + random.next() % 5)
                    state.set("v\(step)", for: key, during: .seconds(seconds))
                    model[key] = ("v\(step)", time.now + seconds * 1_000)
                case 2:
                    state.remove(key)
                    model[key] = nil
                case 3: time.pass(Int64(random.next() % 2_000))
                default: state = opened()
                }
                model = model.filter { $0.value.end > time.now }
                #expect(state.entries.mapValues(\.value) == model.mapValues(\.value))
            }
        }
    }
}
