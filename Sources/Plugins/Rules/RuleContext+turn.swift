internal import Responders
internal import Rules

extension RuleContext {
    /// What conditions and reply texts may use of a turn.
    convenience init(_ turn: Turn, _ cooldowns: CooldownStore) {
        let turn = turn.fixed
        let time = turn.message.serverTime
        self.init(
            turn,
            pastReplies: { rule in
                let conversation = turn.conversation
                guard let said = conversation.said else { return PastReplies(count: conversation.turnCount) }
                return said[rule].map { PastReplies(count: $0.count, lastVariant: $0.lastVariant) } ?? PastReplies()
            },
            cooldownLeft: { cooldown in
                let scope = Cooldown.Scope(cooldown.scope)
                let left =
                    scope == .session
                    ? turn.conversation.cooldownLeft(of: cooldown.id, at: time)
                    : cooldowns.left(of: CooldownStore.Key(cooldown.id, scope, of: turn), at: time)
                // A server's clock that was set back must not silence a rule for longer than it asked for.
                return left.flatMap { $0 <= cooldown.duration ? $0 : nil }
            }
        )
    }

    /// What conditions may use of a turn.
    convenience init(_ turn: Turn) {
        self.init(turn.fixed, pastReplies: { _ in PastReplies() }, cooldownLeft: { _ in nil })
    }

    private convenience init(
        _ turn: Turn.Fixed,
        pastReplies: @escaping @Sendable (_ rule: String) -> PastReplies,
        cooldownLeft: @escaping @Sendable (_ cooldown: RuleCooldown) -> Duration?
    ) {
        let (page, conversation) = (turn.page, turn.conversation)
        self.init(
            page: Page(path: page.path, title: page.title, url: page.url),
            lang: turn.message.lang,
            site: conversation.site,
            visitorName: turn.visitor.name,
            vars: page.vars,
            topic: conversation.topic,
            session: conversation.sessionID,
            pastReplies: pastReplies,
            cooldownLeft: cooldownLeft
        )
    }
}

extension CooldownStore.Key {
    /// A visitor whom the site doesn't name is the conversation.
    init(_ id: String, _ scope: Cooldown.Scope, of turn: Turn.Fixed) {
        let visitor = turn.visitor.id ?? turn.conversation.sessionID
        self.init(id: id, site: turn.conversation.site, visitor: scope == .site ? nil : visitor)
    }
}

extension Cooldown.Scope {
    init(_ scope: RuleCooldown.Scope) {
        switch scope {
        case .session: self = .session
        case .visitor: self = .visitor
        case .site: self = .site
        }
    }
}
