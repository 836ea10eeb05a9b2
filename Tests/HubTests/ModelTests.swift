import FoundationEssentials
import Testing

/// A hub and its clients in random schedules, against a list of what was accepted.
///
/// All invariants of section 18 of the protocol that a hub alone can show are checked in each of them, after each step;
/// the tests differ in what their schedules have much of. From the environment:
///
/// - `CLAUDE_CHAT_MODEL_SCHEDULES`: how many schedules in all, 400 by default.
/// - `CLAUDE_CHAT_MODEL_SEED`: the first seed, 1 by default. Alone it runs this one schedule of each test.
@Suite("the model of the hub")
struct ModelTests {
    @Test(
        "P1 P2 P3: across cuts, lost frames and restarts everybody shows one list, without a gap, a double or disorder"
    )
    func network() { self.check(.network) }

    @Test("P4 P5: a position is recovered exactly if it can be, and is a reset if it can't")
    func positions() { self.check(.positions) }

    @Test("P7: what is sent again, by whatever transport, is taken, handed over and answered once")
    func duplicates() { self.check(.duplicates) }

    @Test("P8: nothing crosses rooms, also of two sites with one session id, and also when rooms are dropped")
    func rooms() { self.check(.rooms) }

    @Test("P10: what is said while a connection or a poll begins comes once")
    func joins() { self.check(.joins) }

    @Test("P11 P12: who reads slowly is closed, comes back without a gap, and shows what everybody shows")
    func slow() { self.check(.slow) }

    @Test("P16: a client of the first form that was cut off is sent what it has not confirmed, and nothing else")
    func receipts() { self.check(.receipts) }

    @Test("P13: who writes and who is there is told once, to everybody else, and ends by itself")
    func passing() { self.check(.passing) }

    private func check(_ profile: Profile) {
        let environment = ProcessInfo.processInfo.environment
        let seed = environment["CLAUDE_CHAT_MODEL_SEED"].flatMap { UInt64($0) }
        let written = environment["CLAUDE_CHAT_MODEL_SCHEDULES"].flatMap { Int($0) }
        let count = written.map { max(1, $0 / Profile.allCases.count) } ?? (seed == nil ? 50 : 1)
        let first = seed ?? 1
        if written != nil {
            print("\(profile.rawValue): \(count) schedules, seeds \(first)...\(first + UInt64(count) - 1)")
        }
        if let failure = ModelRun(profile: profile).firstFailure(of: count, from: first) {
            Issue.record("\(failure)")
        }
    }
}
