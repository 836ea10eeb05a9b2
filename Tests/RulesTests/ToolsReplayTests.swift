import Synchronization
import Testing

@testable import Rules

@Suite("a replay")
struct ToolsReplayTests {
    private static func rules(_ text: String) throws -> RuleSet {
        let folder = try ToolsFolder(["a.yaml": "version: 1\nrules:\n" + text])
        return try withExtendedLifetime(folder) { try RuleBook.load(folder: folder.path).set }
    }

    private static func row(_ rule: String?, _ counts: Int...) -> ReplayReport.Row {
        ReplayReport.Row(
            rule: rule,
            before: counts[0],
            after: counts[1],
            gained: counts[2],
            lost: counts[3],
            reworded: counts[4]
        )
    }

    @Test("counts for each rule what it won before and after, gained, lost and says in other words")
    func counts() async throws {
        let before = try Self.rules(
            """
              - {id: hello, match: hello, reply: Hi}
              - {id: broken, match: broken, reply: Sorry}
            """
        )
        let after = try Self.rules(
            """
              - {id: broken, match: 'broken|hangs', reply: Oh}
              - {id: hello, match: hello, reply: Hi}
            """
        )
        let texts = ["hello", "hello, it is broken", "it is broken", "it hangs", "nothing"]
        let report = await Replay(texts.map { LoggedMessage(session: "s", text: $0) }).compare(before, after)
        #expect(report.messageCount == 5)
        #expect(
            report.rows == [
                Self.row("a/broken", 1, 3, 2, 0, 1), Self.row("a/hello", 2, 1, 0, 1, 0), Self.row(nil, 2, 1, 0, 1, 0),
            ]
        )
        #expect(
            report.changes == [
                .init(message: 1, before: "a/hello", after: "a/broken"),
                .init(message: 3, before: nil, after: "a/broken"),
            ]
        )
        #expect(report.reworded.map(\.message) == [2])
        #expect(report.changedShare == 0.4)
    }

    @Test("answers once where both versions have the same files, and says that both are done")
    func sameFiles() async throws {
        let text = "  - {id: hello, match: hello, reply: Hi}"
        let (before, after) = (try Self.rules(text), try Self.rules(text))
        let done = Mutex(0)
        let messages = ["hello", "bye", "hello"].map { LoggedMessage(session: "s", text: $0) }
        let report = await Replay(messages).compare(before, after) { count in done.withLock { $0 += count } }
        #expect(report.rows == [Self.row("a/hello", 2, 2, 0, 0, 0), Self.row(nil, 1, 1, 0, 0, 0)])
        #expect(report.changes.isEmpty && report.reworded.isEmpty)
        #expect(done.withLock { $0 } == 2 * messages.count)
    }

    @Test("remembers what was said in each session, so that variants take turns as on a server")
    func memory() async throws {
        let rotating = try Self.rules(
            "  - {id: hello, match: hello, reply: {pick: rotate, variants: [{text: Hi}, {text: Hey}]}}"
        )
        let fixed = try Self.rules("  - {id: hello, match: hello, reply: Hi}")
        let messages = ["s1", "s2", "s1", "s2", "s1", "s2"].map { LoggedMessage(session: $0, text: "hello") }
        let report = await Replay(messages).compare(rotating, fixed)
        // In each session every other greeting is the other text.
        let reworded = report.reworded.map(\.message)
        #expect(report.changes.isEmpty)
        for session in [[0, 2, 4], [1, 3, 5]] {
            let said = session.map { reworded.contains($0) }
            #expect(said[0] != said[1])
            #expect(said[1] != said[2])
        }
    }

    @Test("carries topics and cooldowns from one message of a session to the next, by the times of the messages")
    func topicsAndCooldowns() async throws {
        let set = try Self.rules(
            """
              - {id: open, match: 'start', reply: Go on, set: {topic: bug, expires: 10m}}
              - {id: inside, when: {topic: bug}, match: 'details', reply: Thanks}
              - {id: close, match: 'stop', reply: Bye, set: {topic: none}}
              - {id: slow, match: 'slow', reply: Sorry, cooldown: {per: session, for: 60s}}
              - {id: news, match: 'news', reply: No, cooldown: {per: site, for: 60s}}
            """
        )
        let messages: [(String, Int, String)] = [
            ("s1", 0, "details"), ("s1", 1, "start"), ("s1", 2, "details"), ("s2", 3, "details"),
            ("s1", 601, "details"),
            ("s1", 602, "start"), ("s1", 603, "stop"), ("s1", 604, "details"), ("s1", 610, "slow"), ("s1", 669, "slow"),
            ("s2", 669, "slow"), ("s1", 670, "slow"), ("s1", 700, "news"), ("s2", 759, "news"), ("s2", 760, "news"),
        ]
        let answers = ReplayedAnswers(
            of: set,
            to: messages.map { LoggedMessage(session: $0, text: $2, time: .seconds($1)) }
        ) { _ in }
        let winners = messages.indices.map { answers.winner(of: $0)?.dropFirst(2) ?? "-" }
        #expect(
            winners == [
                "-", "open", "inside", "-", "-", "open", "close", "-", "slow", "-", "slow", "slow", "news", "-", "news",
            ]
        )
    }

    @Test("of a log without messages finds no change")
    func empty() async throws {
        let set = try Self.rules("  - {id: hello, match: hello, reply: Hi}")
        let report = await Replay([]).compare(set, set)
        #expect(report.rows.isEmpty)
        #expect(report.changedShare == 0)
    }

    @Test("reports every answer as progress")
    func progress() async throws {
        let set = try Self.rules("  - {id: hello, match: hello, reply: Hi}")
        let messages = (0..<5_000).map { LoggedMessage(session: "s", text: "\($0)") }
        let (stream, continuation) = AsyncStream.makeStream(of: Int.self)
        _ = await Replay(messages).compare(set, set) { continuation.yield($0) }
        continuation.finish()
        #expect(await stream.reduce(0, +) == 10_000)
    }
}
