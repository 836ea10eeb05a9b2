internal import Diagnostics
internal import Hub
internal import Messages
internal import Responders

extension HubOptions {
    /// Takes over what sites say about people and conversations.
    ///
    /// - Parameters:
    ///   - desk: Who answers where no site is configured.
    ///   - desks: Who answers the visitors of each site.
    mutating func take(_ desk: SiteDesk, _ desks: [SiteID: SiteDesk]) {
        let sites = desks.isEmpty ? [.default: desk] : desks
        for (id, desk) in sites {
            var features: [String] = []
            if desk.site.offersFeedback { features.append("feedback") }
            if desk.chain.personOffer != nil { features.append("person") }
            self.siteFeatures[id] = features
            self.siteConversationTimes[id] = desk.site.conversationTimes
        }
        let hours = sites.compactMapValues { $0.site.openingHours == nil ? nil : $0.site }
        guard !hours.isEmpty else { return }
        self.isOpen = { id, time in hours[id]?.isOpen(atMilliseconds: time.milliseconds) ?? true }
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
