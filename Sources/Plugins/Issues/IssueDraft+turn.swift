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
            body: IssueText.quoted(IssueText.block(text ?? turn.message.text, atMostBytes: 12_000)),
            kind: kind,
            labels: labels,
            reporter: turn.visitor.isVerified ? turn.visitor.id : nil,
            page: turn.page.path,
            site: SiteID(turn.conversation.site) ?? .default,
            session: SessionID(turn.conversation.sessionID)
        )
    }
}
