/// What a server remembers of its sessions from one message to the next, for old messages that are answered again.
struct ReplayMemory {
    /// What each rule has said, by session and rule.
    private var said: [String: [String: RuleContext.PastReplies]] = [:]

    /// What the rules may know when this message comes.
    func context(of message: LoggedMessage) -> RuleContext {
        let said = self.said[message.session] ?? [:]
        return RuleContext(
            page: message.page,
            lang: message.lang,
            site: message.site,
            visitorName: message.visitorName,
            vars: message.vars,
            session: message.session,
            pastReplies: { said[$0] ?? RuleContext.PastReplies() }
        )
    }

    /// Remembers what an answer leaves behind, as if it had been delivered.
    mutating func deliver(_ result: RuleResult, to message: LoggedMessage) {
        guard case .reply(let reply) = result else { return }
        let rule = reply.match.rule
        let count = self.said[message.session]?[rule]?.count ?? 0
        self.said[message.session, default: [:]][rule] = .init(count: count + 1, lastVariant: reply.variant)
    }
}
