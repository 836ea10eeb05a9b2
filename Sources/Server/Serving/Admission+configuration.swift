internal import Access
internal import Crypto
internal import Hub
internal import Messages
internal import Transport

extension Admission {
    /// Who may join which room, as a configuration says.
    ///
    /// - Parameters:
    ///   - configuration: For production it lacks nothing.
    ///   - isDevelopment: Whether everybody of this machine may, without a token.
    ///   - desk: Gives tokens.
    init(_ configuration: Configuration, isDevelopment: Bool, desk: SessionDesk) {
        var sites = configuration.sites.compactMap { site in
            SiteID(site.name).map { id in
                let acceptsSeed = site.seedMode == .on || isDevelopment && site.seedMode == .development
                return Site(
                    id,
                    origins: site.origins,
                    acceptsSeed: acceptsSeed,
                    acceptsCookie: site.acceptsCookie,
                    offersSeedFeedback: site.offersSeedFeedback
                )
            }
        }
        if sites.isEmpty { sites = [Site(.default, acceptsSeed: isDevelopment)] }
        if isDevelopment {
            let admitsAll = configuration.sites.contains { $0.origins.contains("*") }
            self = .development(sites: sites, admitsAllOrigins: admitsAll, desk: desk)
        } else {
            self = .production(sites: sites, publicURL: configuration.publicURL, desk: desk)
        }
    }
}

extension Configuration {
    /// What is agreed with the sites about the sessions of their visitors.
    ///
    /// - Parameter isDevelopment: Whether the name of a session alone opens it.
    /// - Returns: One for each site.
    func agreements(isDevelopment: Bool) -> [SessionDesk.Site] {
        let sites = self.sites.compactMap { site in
            SiteID(site.name).map { id in
                SessionDesk.Site(id, identities: site.identities, acceptsUnprovenSessions: isDevelopment)
            }
        }
        return sites.isEmpty ? [.init(.default, acceptsUnprovenSessions: isDevelopment)] : sites
    }
}

extension SessionDesk {
    /// The desk of a server that starts with a configuration.
    ///
    /// - Parameters:
    ///   - configuration: For production it lacks nothing.
    ///   - isDevelopment: Whether the name of a session alone opens it.
    ///   - clocks: The time of day.
    ///   - log: Keeps who holds which token.
    ///   - records: What it has of an earlier run.
    convenience init(
        _ configuration: Configuration,
        isDevelopment: Bool,
        clocks: any Clocks,
        log: (any AccessLog)? = nil,
        restoring records: [AccessRecord] = []
    ) {
        self.init(
            sites: configuration.agreements(isDevelopment: isDevelopment),
            keys: configuration.tokenKeys ?? TokenKeyRing.temporary(),
            issuer: configuration.publicURL ?? "claude-chat",
            clocks: clocks,
            log: log,
            restoring: records
        )
    }

    /// A desk with all that it needs.
    ///
    /// - Parameters:
    ///   - sites: Whose visitors are served.
    ///   - keys: Sign tokens.
    ///   - issuer: The public name of the server.
    ///   - clocks: The time of day.
    ///   - log: Keeps who holds which token, and what was revoked; nothing for as long as the process lives.
    ///   - records: What it has of an earlier run.
    convenience init(
        sites: [Site],
        keys: TokenKeyRing,
        issuer: String,
        clocks: any Clocks,
        log: (any AccessLog)? = nil,
        restoring records: [AccessRecord] = []
    ) {
        let now: @Sendable () -> Timestamp = { clocks.timestamp() }
        let revocations = Revocations(log: log, restoring: records, now: now)
        self.init(
            sites: sites,
            accessTokens: AccessTokens(keys: keys, issuer: issuer, revocations: revocations, now: now),
            refreshTokens: RefreshTokens(log: log, restoring: records, now: now),
            revocations: revocations,
            now: now
        )
    }
}

extension TokenKeyRing {
    /// A key that lives as long as the process.
    static func temporary() -> TokenKeyRing {
        do throws(KeyProblem) {
            return TokenKeyRing(try TokenKey(id: "temporary", secret: SymmetricKey(size: .bits256)))
        } catch {
            preconditionFailure("a key of 256 bits is long enough")
        }
    }
}
