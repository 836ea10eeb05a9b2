public import Access
import Hub
public import Messages

/// Decides who may join which room, for WebSocket and HTTP alike.
public struct Admission: Sendable {
    /// What is agreed with a site.
    public struct Site: Sendable {
        public var id: SiteID
        /// The origins of its pages, as ``AllowedOrigin/init(_:)`` takes them; others are left out.
        ///
        /// Development mode doesn't look at them.
        public var origins: [String]
        /// Whether clients without a subprotocol are served.
        public var acceptsSeed: Bool
        /// Whether a cookie opens a session where no token is shown.
        public var acceptsCookie: Bool
        /// Whether `/api/claude-feedback` answers its pages.
        public var offersSeedFeedback: Bool

        public init(
            _ id: SiteID,
            origins: [String] = [],
            acceptsSeed: Bool = false,
            acceptsCookie: Bool = false,
            offersSeedFeedback: Bool = false
        ) {
            self.offersSeedFeedback = offersSeedFeedback
            self.id = id
            self.origins = origins
            self.acceptsSeed = acceptsSeed
            self.acceptsCookie = acceptsCookie
        }
    }

    let origins: OriginPolicy
    /// Gives sessions and tokens, and checks them.
    public let desk: SessionDesk
    /// Whether the name of a session is not enough.
    let requiresToken: Bool
    /// The sites that visitors can be of; the first is that of requests that name none.
    private let sites: [SiteID]
    /// Those that serve clients without a subprotocol.
    private let seedSites: Set<SiteID>
    /// Those whose sessions a cookie opens.
    private let cookieSites: Set<SiteID>
    /// Those that `/api/claude-feedback` answers.
    private let seedFeedbackSites: Set<SiteID>

    private init(_ origins: OriginPolicy, _ sites: [Site], desk: SessionDesk, requiresToken: Bool) {
        self.origins = origins
        self.sites = sites.map(\.id)
        self.seedSites = Set(sites.filter(\.acceptsSeed).map(\.id))
        self.cookieSites = Set(sites.filter(\.acceptsCookie).map(\.id))
        self.seedFeedbackSites = Set(sites.filter(\.offersSeedFeedback).map(\.id))
        self.desk = desk
        self.requiresToken = requiresToken
    }

    /// Everybody who reaches the server, with the session as the only key to a conversation.
    ///
    /// Tokens are given all the same, and one that is shown must be good.
    ///
    /// - Parameters:
    ///   - sites: The sites of the configuration, in their order; at least one.
    ///   - admitsAllOrigins: Whether pages of other machines may, too.
    ///   - desk: Gives tokens; it must accept sessions without proof.
    /// - Returns: What admits them.
    public static func development(
        sites: [Site] = [Site(.default, acceptsSeed: true)],
        admitsAllOrigins: Bool = false,
        desk: SessionDesk
    ) -> Admission {
        Admission(.development(admitsAll: admitsAllOrigins), sites, desk: desk, requiresToken: false)
    }

    /// Pages of the sites alone, and nobody without a token.
    ///
    /// - Parameters:
    ///   - sites: The sites, in the order of the configuration; at least one.
    ///   - publicURL: Where browsers find the server; its own pages send no `Origin` when they read.
    ///   - desk: Gives tokens.
    /// - Returns: What admits them.
    public static func production(sites: [Site], publicURL: String? = nil, desk: SessionDesk) -> Admission {
        let origins = Dictionary(sites.map { ($0.id, $0.origins) }) { first, _ in first }
        let policy = OriginPolicy.production(origins, publicURL: publicURL)
        return Admission(policy, sites, desk: desk, requiresToken: true)
    }

    /// The room that a request gets.
    struct Entry: Sendable {
        let key: RoomKey
        /// Whether it is no conversation but the list of those that wait for a person.
        var isDesk = false
        /// What its token gives; nothing where none is needed and none was shown.
        let grant: Grant?
    }

    /// What a request says of itself.
    struct Request: Sendable {
        /// How its origin was judged.
        var origin: OriginPolicy.Verdict
        /// The site that the query or the body names.
        var site: String?
        /// Of any length.
        var token: String?
        /// The refresh token of its cookie, of any length.
        var cookie: String?
        var mode = ProtocolMode.v1
    }

    /// Checks that a request may enter the room of a session: its token, and that site, session and origin go with it.
    ///
    /// - Parameters:
    ///   - request: What it says.
    ///   - session: The session of the room.
    ///   - admitsAgents: Whether it can be told there who is an agent, so that what one writes doesn't look like a visitor's.
    /// - Returns: The room.
    /// - Throws: The answer to the first check that fails.
    func entry(_ request: Request, to session: SessionID, admitsAgents: Bool = false) throws(Refused) -> Entry {
        try self.checkOrigin(request)
        let grant = try self.grant(of: request)
        let site = try self.site(request, grant)
        guard request.mode == .v1 || self.seedSites.contains(site) else {
            throw Refused(ClientError(.badRequest, "offer the subprotocol \(Handshake.subprotocol)", detail: "query"))
        }
        if let grant {
            do throws(AccessDenied) { try grant.check(opens: session, at: site) } catch { throw Refused(error) }
            guard grant.role == .agent else { return Entry(key: RoomKey(site: site, session: session), grant: grant) }
            guard admitsAgents, request.mode == .v1 else { throw Refused(.wrongSession) }
            let isDesk = session.rawValue == Self.deskSession || session == grant.session
            let key = RoomKey(site: site, session: isDesk ? grant.session : session)
            return Entry(key: key, isDesk: isDesk, grant: grant)
        }
        return Entry(key: RoomKey(site: site, session: session), grant: nil)
    }

    /// What an agent names as a session to see which conversations wait: it stands for the session of the agent's token,
    /// which is nobody's.
    static let deskSession = "desk"

    /// The room of a request to `/api/claude-feedback`, which names no session: that of its token or its cookie.
    ///
    /// - Parameter request: What it says.
    /// - Returns: Its site, and nothing for the room where everybody gets one of their own.
    /// - Throws: The answer to the first check that fails; the same as for a path that isn't there where no site offers it.
    func seedFeedbackEntry(_ request: Request) throws(Refused) -> (site: SiteID, entry: Entry?) {
        try self.checkOrigin(request)
        let grant = try self.grant(of: request)
        let site = try self.site(request, grant)
        guard self.seedFeedbackSites.contains(site) else { throw Refused(Self.nothingHere) }
        guard let grant else { return (site, nil) }
        do throws(AccessDenied) { try grant.check(opens: grant.session, at: site) } catch { throw Refused(error) }
        guard grant.role != .agent else { throw Refused(.wrongSession) }
        return (site, Entry(key: RoomKey(site: site, session: grant.session), grant: grant))
    }

    /// Whether any site offers `/api/claude-feedback`.
    var offersSeedFeedback: Bool { !self.seedFeedbackSites.isEmpty }

    static let nothingHere = ClientError(.badRequest, "there is nothing at this path", detail: "path")

    /// The site of a request, whose page may talk to it.
    ///
    /// - Throws: `bad_request` where the request names a site that isn't there, `unauthorized` where its token does or the
    ///   page is another site's.
    func site(_ request: Request, _ grant: Grant? = nil) throws(Refused) -> SiteID {
        let written = request.site.flatMap { name in self.sites.first { $0.rawValue == name } }
        guard request.site == nil || written != nil else {
            throw Refused(ClientError(.badRequest, "there is no such \"site\"", detail: "site"))
        }
        let site = written ?? grant?.site ?? self.sites[0]
        // A site may be taken out of the configuration while its tokens are good.
        guard self.sites.contains(site) else { throw Refused(.unknownSite) }
        if case .allowed(let page) = request.origin, !self.origins.admits(page, to: site) { throw .foreignOrigin }
        return site
    }

    /// Checks that a request comes from a page of some site, or from a program that may come without one.
    func checkOrigin(_ request: Request) throws(Refused) {
        switch request.origin {
        case .allowed: return
        case .refused: throw .foreignOrigin
        case .absent:
            guard self.requiresToken else { return }
            guard let token = request.token else { throw .foreignOrigin }
            let grant: Grant
            // Leaving the origin out must not make guesses free.
            do throws(AccessDenied) { grant = try self.desk.verify(token) } catch {
                throw .foreignOrigin(showing: error)
            }
            guard grant.role == .service else { throw .foreignOrigin }
        }
    }

    /// Whether a site is in the configuration.
    func knows(_ site: SiteID) -> Bool { self.sites.contains(site) }

    /// Whether a cookie opens the sessions of a site.
    func acceptsCookie(at site: SiteID) -> Bool { self.cookieSites.contains(site) }

    /// Whether the pages of an origin may send a cookie along.
    func acceptsCookie(from origin: String) -> Bool {
        self.cookieSites.contains { self.origins.admits(origin, to: $0) }
    }

    private func grant(of request: Request) throws(Refused) -> Grant? {
        if let token = request.token {
            do throws(AccessDenied) { return try self.desk.verify(token) } catch { throw Refused(error) }
        }
        guard self.requiresToken else { return nil }
        guard let cookie = request.cookie, !self.cookieSites.isEmpty else { throw Refused(.malformed) }
        let grant: Grant
        // No guess, which nobody could make, but what a browser sends until it is given another one.
        do throws(AccessDenied) { grant = try self.desk.verify(cookie: cookie) } catch {
            throw Refused(error.clientError)
        }
        guard self.cookieSites.contains(grant.site) else { throw Refused(.malformed) }
        return grant
    }
}

/// Why a request may not do what it asks for.
struct Refused: Error, Hashable {
    let error: ClientError
    /// Whether it counts as a try to get in without a right to.
    let isFailedAuthentication: Bool

    init(_ error: ClientError) { self.init(error, isFailedAuthentication: false) }

    init(_ denied: AccessDenied) {
        // A token that has run out is what happens to everybody.
        let isFailure = ![.expired, .refreshedTooOften, .notKept].contains(denied)
        self.init(denied.clientError, isFailedAuthentication: isFailure)
    }

    private init(_ error: ClientError, isFailedAuthentication: Bool) {
        self.error = error
        self.isFailedAuthentication = isFailedAuthentication
    }

    /// Nobody who may come without an origin: the token isn't accepted.
    static func foreignOrigin(showing denied: AccessDenied) -> Refused {
        let isFailure = Refused(denied).isFailedAuthentication
        return Refused(Self.foreignOrigin.error, isFailedAuthentication: isFailure)
    }

    static let foreignOrigin = Refused(ClientError(.unauthorized, "this origin is not allowed", detail: "origin"))
}
