internal import Responders
internal import Rules

extension RuleContext {
    /// What conditions and reply texts may use of a turn.
    init(_ turn: Turn, _ cooldowns: CooldownStore) {
        let conversation = turn.conversation
        let time = turn.message.serverTime
        self.init(turn)
        self.pastReplies = { rule in
            guard let said = conversation.said else { return PastReplies(count: conversation.turnCount) }
            return said[rule].map { PastReplies(count: $0.count, lastVariant: $0.lastVariant) } ?? PastReplies()
        }
        self.cooldownLeft = { cooldown in
            let scope = Cooldown.Scope(cooldown.scope)
            let left =
                scope == .session
                ? conversation.cooldownLeft(of: cooldown.id, at: time)
                : cooldowns.left(of: CooldownStore.Key(cooldown.id, scope, of: turn), at: time)
            // A server's clock that was set back must not silence a rule for longer than it asked for.
            return left.flatMap { $0 <= cooldown.duration ? $0 : nil }
        }
    }

    /// What conditions may use of a turn.
    init(_ turn: Turn) {
        self.init(
            page: Page(path: turn.page.path, title: turn.page.title, url: turn.page.url),
            lang: turn.message.lang,
            site: turn.conversation.site,
            visitorName: turn.visitor.name,
            vars: turn.page.vars,
            topic: turn.conversation.topic,
            session: turn.conversation.sessionID
        )
    }
}

extension CooldownStore.Key {
    /// A visitor whom the site doesn't name is the conversation.
    init(_ id: String, _ scope: Cooldown.Scope, of turn: Turn) {
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
