/// What a server remembers from one message to the next, for old messages that are answered again: what was said, the
/// topics, and the rules that stay out for a while.
///
/// The time is that of the messages. A log doesn't say which sessions are of one visitor, so each session stands for a
/// visitor of its own.
struct ReplayMemory {
    private struct Session {
        /// What each rule has said.
        var said: [String: RuleContext.PastReplies] = [:]
        /// What it is about, and when that ends.
        var topic: (name: String, end: Duration?)?
        /// Until when rules stay out of this session, by their ids.
        var cooldowns: [String: Duration] = [:]
    }

    private var sessions: [String: Session] = [:]
    /// Until when rules stay out of all sessions of a site, by their ids.
    private var sites: [String: [String: Duration]] = [:]

    /// What the rules may know when this message comes.
    func context(of message: LoggedMessage) -> RuleContext {
        let session = self.sessions[message.session] ?? Session()
        let site = self.sites[message.site] ?? [:]
        let isOpen = session.topic?.end.map { $0 > message.time } ?? true
        return RuleContext(
            page: message.page,
            lang: message.lang,
            site: message.site,
            visitorName: message.visitorName,
            vars: message.vars,
            topic: isOpen ? session.topic?.name : nil,
            session: message.session,
            pastReplies: { [said = session.said] in said[$0] ?? RuleContext.PastReplies() },
            cooldownLeft: { [cooldowns = session.cooldowns] cooldown in
                let end = cooldown.scope == .site ? site[cooldown.id] : cooldowns[cooldown.id]
                return end.flatMap { $0 > message.time ? $0 - message.time : nil }
            }
        )
    }

    /// Remembers what an answer leaves behind, as if it had been delivered.
    mutating func deliver(_ result: RuleResult, to message: LoggedMessage) {
        if case .reply(let reply) = result.outcome {
            let past = self.sessions[message.session]?.said[reply.match.id]
            self.sessions[message.session, default: Session()].said[reply.match.id] =
                RuleContext.PastReplies(count: (past?.count ?? 0) + 1, lastVariant: reply.variant)
        }
        switch result.effects.topic {
        case .open(let topic, let duration):
            let end = duration.map { message.time + $0 }
            self.sessions[message.session, default: Session()].topic = (topic, end)
        case .close: self.sessions[message.session]?.topic = nil
        case nil: break
        }
        for cooldown in result.effects.cooldowns {
            let end = message.time + cooldown.duration
            switch cooldown.scope {
            case .site: self.sites[message.site, default: [:]][cooldown.id] = end
            case .session, .visitor:
                self.sessions[message.session, default: Session()].cooldowns[cooldown.id] = end
            }
        }
    }
}
