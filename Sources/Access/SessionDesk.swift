public import Messages
import Synchronization

/// Gives sessions and tokens: what `POST /api/chat/session` and the frame `refresh` ask for.
///
/// A visitor gets a session back by a refresh token of it, or by an identity whose subject it is known to be of. In
/// every other case there is a new session, and nothing in the answer tells whether a session that was asked for exists.
/// Safe on every thread.
public final class SessionDesk: Sendable {
    /// What is agreed with a site.
    public struct Site: Sendable {
        public let id: SiteID
        /// Who vouches for visitors; nobody where nothing is given.
        public var identities: IdentityCheck?
        /// Whether the name of a session alone opens it: in development mode only.
        public var acceptsUnprovenSessions: Bool

        public init(_ id: SiteID, identities: IdentityCheck? = nil, acceptsUnprovenSessions: Bool = false) {
            self.id = id
            self.identities = identities
            self.acceptsUnprovenSessions = acceptsUnprovenSessions
        }
    }

    /// What a page asks for.
    public struct Request: Sendable {
        public var site: SiteID
        /// The session that the page had.
        public var session: SessionID?
        /// The refresh token that the page had, of any length.
        public var refreshToken: String?
        /// Who the visitor is, by the word of the site.
        public var identity: IdentityProof?

        public init(
            site: SiteID,
            session: SessionID? = nil,
            refreshToken: String? = nil,
            identity: IdentityProof? = nil
        ) {
            self.site = site
            self.session = session
            self.refreshToken = refreshToken
            self.identity = identity
        }
    }

    /// What a page gets.
    public struct Answer: Sendable {
        public let token: AccessToken
        /// How long the token is good, in whole seconds.
        public let expiresIn: Int
        public let refreshToken: RefreshToken
        /// Who the visitor is, where an identity came with the request and holds.
        public let identity: VisitorIdentity?

        public var session: SessionID { self.token.grant.session }
    }

    private let sites: Mutex<[SiteID: Site]>
    private let accessTokens: AccessTokens
    private let refreshTokens: RefreshTokens
    /// What isn't accepted any more.
    public let revocations: Revocations
    private let now: @Sendable () -> Timestamp

    /// Takes what a desk needs, and has the refresh tokens end with what is revoked.
    ///
    /// - Parameters:
    ///   - sites: Whose visitors are served. A site that isn't listed gets nothing.
    ///   - accessTokens: Signs; checks the tokens of `refresh` frames.
    ///   - refreshTokens: Of no other desk.
    ///   - revocations: Those of `accessTokens`.
    ///   - now: The time of day.
    public init(
        sites: [Site],
        accessTokens: AccessTokens,
        refreshTokens: RefreshTokens,
        revocations: Revocations,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.sites = Mutex(Self.table(sites))
        self.accessTokens = accessTokens
        self.refreshTokens = refreshTokens
        self.revocations = revocations
        self.now = now
        revocations.subscribe { refreshTokens.end($0) }
    }

    /// Replaces what is agreed with the sites, as after a reload of the configuration.
    ///
    /// - Parameter sites: Served from now on.
    public func replaceSites(_ sites: [Site]) {
        let table = Self.table(sites)
        self.sites.withLock { $0 = table }
    }

    /// Replaces the keys of access tokens, as after a reload of the configuration.
    ///
    /// - Parameter keys: Sign and check from now on.
    public func replaceKeys(_ keys: TokenKeyRing) { self.accessTokens.replaceKeys(keys) }

    private static func table(_ sites: [Site]) -> [SiteID: Site] {
        Dictionary(sites.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    }

    /// Opens a session, or gives the next pair of tokens for one.
    ///
    /// Live connections of the session are left alone. A refresh token that was used before revokes its session, and
    /// whoever subscribed to the revocations closes its connections.
    ///
    /// - Parameter request: What a page asks for.
    /// - Returns: A session and its tokens.
    /// - Throws: Why not. A session that was asked for without a proof is refused in the same way whether it exists or
    ///   not.
    public func open(_ request: Request) async throws(AccessDenied) -> Answer {
        // Whoever was given a token that nobody keeps would be a thief with it after the next start.
        guard self.refreshTokens.isAccepting else { throw .notKept }
        let answer: Answer
        do throws(AccessDenied) { answer = try await self.decide(request) } catch {
            // A token that was used before has ended its family, and must not come back with the next start.
            await self.flush()
            throw error
        }
        // Whoever has the next token must not find the one before it in force after a crash.
        await self.flush()
        return answer
    }

    /// Waits until what was given and revoked is kept.
    ///
    /// - Returns: Whether it is; not while nothing can be kept.
    @discardableResult
    public func flush() async -> Bool { await self.refreshTokens.flush() }

    private func decide(_ request: Request) async throws(AccessDenied) -> Answer {
        guard let site = self.sites.withLock({ $0[request.site] }) else { throw .unknownSite }
        guard let proof = request.identity else {
            if let text = request.refreshToken { return try self.renew(text, request, identity: nil) }
            return try self.begin(try self.anonymous(request, at: site), identity: nil)
        }
        guard let check = site.identities else { throw .unsignedIdentity }
        let identity = try await check.verify(proof, at: site.id, now: self.now())
        return try self.open(request, as: identity)
    }

    /// Gives a verified visitor the session that is theirs, or a new one.
    private func open(_ request: Request, as identity: VisitorIdentity) throws(AccessDenied) -> Answer {
        if let text = request.refreshToken {
            let holder = self.refreshTokens.holder(of: text)
            if let holder, holder.site == request.site, holder.subject != identity.subject {
                // Somebody else sits down at the browser: the old session stays with whom it belongs to.
                return try self.begin(self.holder(of: identity, nil, at: request.site), identity: identity)
            }
            do {
                return try self.renew(text, request, identity: identity)
            } catch {
                // The identity is proof enough where the token has merely run out.
                guard error == .refreshRefused else { throw error }
            }
        }
        return try self.begin(self.holder(of: identity, request.session, at: request.site), identity: identity)
    }

    private func holder(of identity: VisitorIdentity, _ session: SessionID?, at site: SiteID) -> Holder {
        let known = session.flatMap { self.refreshTokens.know($0, of: identity.subject, at: site) ? $0 : nil }
        return Holder(site: site, session: known ?? Self.randomSession(), subject: identity.subject)
    }

    private func anonymous(_ request: Request, at site: Site) throws(AccessDenied) -> Holder {
        guard request.session == nil || site.acceptsUnprovenSessions else { throw .unprovenSession }
        let session = request.session ?? Self.randomSession()
        return Holder(site: site.id, session: session, subject: .anonymous(session))
    }

    private static func randomSession() -> SessionID {
        var generator = SystemRandomNumberGenerator()
        return SessionID.random(using: &generator)
    }

    // MARK: Tokens

    private func begin(_ holder: Holder, identity: VisitorIdentity?) throws(AccessDenied) -> Answer {
        let refreshToken = self.refreshTokens.issue(to: holder)
        do {
            // After the family is there: a revocation that came before it has ended only those that were there then.
            try self.revocations.check(holder)
        } catch {
            self.refreshTokens.end(.session(holder.session, at: holder.site))
            throw error
        }
        if let identity { self.refreshTokens.note(identity.profile, of: holder) }
        return self.answer(self.accessTokens.mint(for: holder), refreshToken, identity)
    }

    private func renew(
        _ text: String,
        _ request: Request,
        identity: VisitorIdentity?
    ) throws(AccessDenied) -> Answer {
        let renewal = try self.refreshTokens.use(text, at: request.site, session: request.session) { holder in
            let last = self.now().milliseconds + self.accessTokens.lifeSeconds * 1_000
            self.revocations.revoke(
                .session(holder.session, at: holder.site),
                lastExpiry: Timestamp(milliseconds: last)
            )
        }
        try self.revocations.check(renewal.holder)
        if let identity, identity.subject == renewal.holder.subject {
            self.refreshTokens.note(identity.profile, of: renewal.holder)
        }
        // The same token for everybody who raced: HS256 has one signature for one text.
        let token = self.accessTokens.mint(for: renewal.holder, issued: renewal.renewed, tokenID: renewal.tokenID)
        return self.answer(token, renewal.token, identity)
    }

    private func answer(_ token: AccessToken, _ refreshToken: RefreshToken, _ identity: VisitorIdentity?) -> Answer {
        Answer(
            token: token,
            expiresIn: self.secondsLeft(of: token.grant),
            refreshToken: refreshToken,
            identity: identity
        )
    }

    /// The visitor of a session for whom the site has vouched: how it calls them, and what else it says about them.
    ///
    /// Waits for nothing.
    ///
    /// - Returns: Nothing of a visitor of whom no more is known than that it is the same browser.
    public func visitor(of session: SessionID, at site: SiteID) -> (id: String, profile: VisitorProfile)? {
        self.refreshTokens.visitor(of: session, at: site).map { ($0.subject.id, $0.profile) }
    }

    /// Checks an access token.
    ///
    /// Waits for nothing.
    ///
    /// - Parameter token: What a client sent, of any length.
    /// - Returns: What it gives.
    /// - Throws: The first reason against it.
    public func verify(_ token: String) throws(AccessDenied) -> Grant { try self.accessTokens.verify(token) }

    /// Checks a refresh token that came in a cookie, without using it.
    ///
    /// Waits for nothing.
    ///
    /// - Parameter cookie: What a browser sent, of any length.
    /// - Returns: What it gives, for as long as any access token may live.
    /// - Throws: ``AccessDenied/refreshRefused`` or ``AccessDenied/revoked``.
    public func verify(cookie: String) throws(AccessDenied) -> Grant {
        guard let holder = self.refreshTokens.holder(of: cookie) else { throw .refreshRefused }
        try self.revocations.check(holder)
        return self.accessTokens.mint(for: holder, lifeSeconds: self.accessTokens.longestLifeSeconds).grant
    }

    /// How long a refresh token can be used after it was given, in seconds.
    public var refreshLifeSeconds: Int64 { self.refreshTokens.lifeSeconds }

    /// Signs a token for an agent or a program of the operator.
    ///
    /// - Parameters:
    ///   - holder: Whom it is for.
    ///   - lifeSeconds: How long it lives, at most ``AccessTokens/longestLifeSeconds``.
    /// - Returns: The token, and for how many seconds it is good.
    public func issue(to holder: Holder, lifeSeconds: Int64? = nil) -> (token: AccessToken, expiresIn: Int) {
        let token = self.accessTokens.mint(for: holder, lifeSeconds: lifeSeconds)
        return (token, self.secondsLeft(of: token.grant))
    }

    /// For how many whole seconds a grant is still good; 0 if it isn't.
    public func secondsLeft(of grant: Grant) -> Int {
        Int(max(0, (grant.expires.milliseconds - self.now().milliseconds) / 1_000))
    }

    /// Takes a new token for a connection that is open: the frame `refresh`.
    ///
    /// Waits for nothing.
    ///
    /// - Parameters:
    ///   - token: What the client sent, of any length.
    ///   - current: What the connection has. It stays in force where this throws.
    /// - Returns: What the connection has from now on.
    /// - Throws: Why the token isn't accepted; ``AccessDenied/wrongSite``, ``AccessDenied/wrongSession`` or
    ///   ``AccessDenied/wrongSubject`` where it is good, but for something else.
    public func refresh(_ token: String, current: Grant) throws(AccessDenied) -> Grant {
        let next = try self.accessTokens.verify(token)
        guard next.site == current.site else { throw .wrongSite }
        guard next.session == current.session else { throw .wrongSession }
        guard next.subject == current.subject else { throw .wrongSubject }
        return next
    }
}
