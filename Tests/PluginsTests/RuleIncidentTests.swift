import Plugins
import Responders
import RespondersTesting
import Synchronization
import Testing

/// What the people who run a server are told about its rules while they work.
@Suite("incidents of rules")
struct RuleIncidentTests {
    private final class Incidents: Sendable {
        private let list = Mutex<[Incident]>([])
        var all: [Incident] { self.list.withLock { $0 } }
        func append(_ incident: Incident) { self.list.withLock { $0.append(incident) } }
    }

    @Test("a rule that is slow again and again is an error with its name, and without a word of what was said")
    func quarantine() async throws {
        let rules = """
            version: 1
            rules:
              - id: slow
                match: '[a-z]*[a-z]*[0-9]'
                reply: Slow
                allow: [slow]
                tests: [{say: a1}, {not: a}]
            """
        let incidents = Incidents()
        var desk = try ChainDesk(
            "answer: [rules: {path: rules/}]",
            plugins: .builtin(),
            files: ["rules/a.yaml": rules],
            report: { incidents.append($0) }
        )
        // Each of these messages runs until the clock of the search ends it. Where the machine gives the thread no time
        // meanwhile, the rule isn't to blame; so it may take more than three.
        let text = String(repeating: "a", count: 4_000)
        for number in 0..<1_000 where incidents.all.isEmpty {
            desk.startAgain(session: "session-\(number)")
            _ = try await desk.say(text)
        }
        #expect(
            incidents.all == [
                Incident(
                    .error,
                    "Took a rule out that was slow again and again",
                    details: ["rule.name": "a/slow", "quarantine.seconds": "600"]
                )
            ]
        )
        #expect(try await desk.say("a1").replies.allSatisfy { $0.text != "Slow" })
    }
}
