internal import Hub
internal import Messages

extension Configuration {
    /// What clients of a site are told to be on; for the hub.
    var features: @Sendable (SiteID) -> [String] {
        let unrated = Set(self.sites.filter { !$0.offersFeedback }.compactMap { SiteID($0.name) })
        return { unrated.contains($0) ? [] : ["feedback"] }
    }
}
