internal import Diagnostics
internal import Hub
internal import Messages
internal import Responders

extension HubOptions {
    /// Takes over what sites say about people and conversations, as it is at each moment.
    mutating func follow(_ generations: Generations) {
        self.siteFeatures = { generations.current.desks[$0].features }
        self.siteConversationTimes = { generations.current.desks[$0].site.conversationTimes }
        self.isOpen = { id, time in
            generations.current.desks[id].site.isOpen(atMilliseconds: time.milliseconds) ?? true
        }
    }
}

extension SiteDesk {
    /// What clients are told that they may offer.
    fileprivate var features: [String] {
        (self.site.offersFeedback ? ["feedback"] : []) + (self.chain.personOffer == nil ? [] : ["person"])
    }
}

extension Site {
    /// After how long its conversations go on by themselves; nothing where neither is written.
    var conversationTimes: ConversationTimes? {
        guard self.returnAfter != nil || self.closeAfter != nil else { return nil }
        var times = ConversationTimes()
        if let returnAfter { times.returnMilliseconds = returnAfter.milliseconds }
        if let closeAfter { times.closeMilliseconds = closeAfter.milliseconds }
        return times
    }
}
