import Foundation
import Testing

@testable import Rules

/// Conversations with the product's own rules, message by message, with the topics that they open and close.
@Suite("conversations with the shipped rules")
struct ShippedConversationTests {
    private static let loaded = Result {
        try RuleSet.load(
            folder: URL(fileURLWithPath: #filePath)
                .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("rules").path
        )
    }

    private let rules: RuleSet

    init() throws { self.rules = try Self.loaded.get() }

    /// One message and who must win it; nothing where the next responder is to be asked.
    typealias Exchange = (says: String, rule: String?)

    /// What a visitor says in one conversation.
    private static let conversations: [[Exchange]] = [
        [
            ("Hi", "greetings/greeting"), ("the login fails", "bugs/broken"),
            ("after I pressed sign in", "bugs/bug-details"), ("no", "bugs/at-the-end"),
            // The topic is closed: the same word has no meaning now.
            ("no", nil), ("ok, bye", "greetings/farewell"),
        ],
        [
            ("the dropdown does not open", "ui/control"), ("Chrome", "bugs/browser"), ("yes", "bugs/works-elsewhere"),
            ("thx", "greetings/thanks"),
        ],
        [
            ("the search is broken", "bugs/broken"), ("I already tried that", "bugs/no-remedy"),
            ("works now", "bugs/solved"), ("yes", nil),
        ],
        [
            ("it is slow", "performance/slow"), ("about 20 seconds", "performance/how-slow"),
            ("all of them", "performance/slow-everywhere"), ("yes", "performance/slow-line"),
        ],
        [
            ("I was charged twice", "bugs/charged-twice"), ("how do I pay by invoice?", nil),
            ("twice on Monday, 49 euros", "bugs/report-details"), ("twice on Monday, 49 euros", nil),
        ],
        [
            ("change the colour to green", "style/change-look"), ("the buttons", "style/look-details"),
            ("the buttons", nil),
        ],
        [
            ("Der Login geht nicht", "bugs/broken-german"), ("auf der Startseite", "bugs/details-german"),
            ("danke", "greetings/thanks-german"),
        ],
        // A new report in the middle of another one is a report, and no detail.
        [("the page is blank", "bugs/blank-page"), ("my payment failed", "bugs/payment-failed")],
    ]

    @Test("lead from a report over its details to an end", arguments: conversations.indices)
    func conversation(number: Int) {
        var scanner = Rules.Scanner()
        var topic: String?
        for (says, rule) in Self.conversations[number] {
            let context = RuleContext(topic: topic)
            let result = self.rules.answer(to: says, in: context, within: .seconds(10), using: &scanner)
            #expect(result.rule == rule, "\"\(says)\" while the topic is \(topic ?? "none")")
            topic = result.effects.topic(after: topic)
        }
    }

    @Test("need no clock inside a search: no shipped pattern is guarded")
    func guarded() {
        for rule in self.rules.names.compactMap(self.rules.rule(named:)) {
            #expect(!rule.patterns.contains { $0.build.contains(.guarded) }, "\(rule.name)")
        }
    }
}
