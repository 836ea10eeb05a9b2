public import Messages

/// Decides who may join which room, for WebSocket and HTTP alike.
public struct Admission: Sendable {
    let origins: OriginPolicy
    /// The sites that visitors can be of; the first is that of requests that name none.
    private let sites: [SiteID]

    private init(_ origins: OriginPolicy, _ sites: [SiteID]) {
        self.origins = origins
        self.sites = sites.isEmpty ? [.default] : sites
    }

    /// Everybody who reaches the server, with the session as the only key to a conversation.
    ///
    /// - Parameters:
    ///   - sites: The sites of the configuration, in their order.
    ///   - admitsAllOrigins: Whether pages of other machines may, too.
    /// - Returns: What admits them.
    public static func development(sites: [SiteID] = [], admitsAllOrigins: Bool = false) -> Admission {
        Admission(.development(admitsAll: admitsAllOrigins), sites)
    }

    /// The site that a query names, or the first.
    ///
    /// - Throws: `Malformed` where there is no such site.
    func site(in query: Query) throws(Query.Malformed) -> SiteID {
        guard let written = query["site"] else { return self.sites[0] }
        guard let site = self.site(named: written) else { throw Query.Malformed(reason: "there is no such \"site\"") }
        return site
    }

    /// A site of the configuration.
    func site(named name: String) -> SiteID? { self.sites.first { $0.rawValue == name } }
}
