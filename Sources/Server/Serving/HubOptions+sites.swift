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
        let offering = Set(sites.filter { $0.value.chain.personOffer != nil }.keys)
        let features = self.features
        self.features = { site in features(site) + (offering.contains(site) ? ["person"] : []) }
        for (id, desk) in sites {
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
