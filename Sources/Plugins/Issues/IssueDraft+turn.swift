internal import Messages
internal import Responders
internal import Tracker

extension IssueDraft {
    /// What a visitor wants reported, with nothing in it that the visitor wasn't asked for: words and the page.
    ///
    /// - Parameters:
    ///   - turn: Whose message it is about.
    ///   - title: What a rule or a model wrote; nothing means the beginning of the message.
    ///   - text: The same for the text; nothing means the message.
    ///   - kind: A word of the site's.
    ///   - labels: Words for those who sort reports.
    /// - Throws: `invalid-issue` where there is nothing to read.
    init(
        of turn: Turn,
        title: String? = nil,
        text: String? = nil,
        kind: String? = nil,
        labels: [String] = []
    ) throws(TrackerError) {
        // Rules and models put visitors' words into what they write.
        let title = title.flatMap { $0.contains { !$0.isWhitespace } ? $0 : nil }
        try self.init(
            title: IssueText.disarmed(IssueText.line(title ?? turn.message.text, atMost: title == nil ? 80 : 200)),
            body: Self.body(text ?? turn.message.text, turn.page),
            kind: kind,
            labels: labels,
            reporter: turn.visitor.isVerified ? turn.visitor.id : nil,
            page: turn.page.path,
            site: SiteID(turn.conversation.site) ?? .default,
            session: SessionID(turn.conversation.sessionID)
        )
    }

    /// The words, and what the visitor pointed at and the page complained of, as lines behind them.
    private static func body(_ text: String, _ page: Page) -> String {
        let element = page.selectedElement.map { "Element: \($0)" }
        let facts = ([element].compactMap { $0 } + page.errors.map { "Error: \($0)" })
            .map { IssueText.disarmed(IssueText.line($0, atMost: 500)) }.joined(separator: "\n")
        let words = IssueText.quoted(IssueText.block(text, atMostBytes: 12_000))
        return facts.isEmpty ? words : "\(words)\n\n\(facts)"
    }
}
