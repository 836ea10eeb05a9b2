import Crypto
import FoundationEssentials
public import Messages
import Synchronization

/// Signs access tokens and checks them: JSON Web Tokens (RFC 7519) with HS256, made by this server for itself.
///
/// Both are synchronous, wait for nothing and keep nothing, so they may run on an event loop: a flood of tokens costs a
/// hash each and no memory. Safe on every thread.
public final class AccessTokens: Sendable {
    /// How far the clocks of two machines may differ, in milliseconds.
    public static let skewMilliseconds: Int64 = 30_000
    /// The `aud` of every token.
    public static let audience = "claude-chat"
    static let algorithm = "HS256"

    /// The `iss` of every token.
    public let issuer: String
    /// How long a visitor's token lives, in seconds.
    public let lifeSeconds: Int64
    /// How long any token may live, in seconds.
    ///
    /// A token that lives longer is refused even with a good signature: revocations are kept no longer than this.
    public let longestLifeSeconds: Int64

    private let keys: Mutex<TokenKeyRing>
    private let revocations: Revocations
    private let now: @Sendable () -> Timestamp

    /// Signs and checks.
    ///
    /// - Parameters:
    ///   - keys: With what.
    ///   - issuer: The public name of the server.
    ///   - revocations: Which tokens aren't accepted although they are good; how long a token may live is said there.
    ///   - lifeSeconds: How long a visitor's token lives.
    ///   - now: The time of day.
    public init(
        keys: TokenKeyRing,
        issuer: String,
        revocations: Revocations,
        lifeSeconds: Int64 = 900,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.keys = Mutex(keys)
        self.issuer = issuer
        self.revocations = revocations
        self.longestLifeSeconds = revocations.longestLifeSeconds
        self.lifeSeconds = min(max(1, lifeSeconds), revocations.longestLifeSeconds)
        self.now = now
    }

    /// Replaces the keys, as after a reload of the configuration.
    ///
    /// - Parameter keys: Sign and check from now on.
    public func replaceKeys(_ keys: TokenKeyRing) { self.keys.withLock { $0 = keys } }

    // MARK: Signing

    /// Signs a token that lives from now on.
    ///
    /// - Parameters:
    ///   - holder: Whom it is for.
    ///   - lifeSeconds: How long it lives; a visitor's usual life where it is left out, and never longer than
    ///     ``longestLifeSeconds``.
    /// - Returns: The token.
    public func mint(for holder: Holder, lifeSeconds: Int64? = nil) -> AccessToken {
        self.mint(for: holder, issued: self.now(), tokenID: TokenIDs.random(), lifeSeconds: lifeSeconds)
    }

    /// Signs a token again: the same arguments give the same text as long as the key is the same.
    func mint(for holder: Holder, issued: Timestamp, tokenID: String, lifeSeconds: Int64? = nil) -> AccessToken {
        let issuedSeconds = max(0, issued.milliseconds / 1_000)
        let life = min(max(1, lifeSeconds ?? self.lifeSeconds), self.longestLifeSeconds)
        let grant = Grant(
            holder: holder,
            issued: Timestamp(milliseconds: issuedSeconds * 1_000),
            expires: Timestamp(milliseconds: (issuedSeconds + life) * 1_000),
            tokenID: tokenID
        )
        return AccessToken(text: self.sign(grant), grant: grant)
    }

    private func sign(_ grant: Grant) -> String {
        let key = self.keys.withLock { $0.newest }
        var header = JSONWriter(reserving: 96)
        header.object {
            $0.text("alg", Self.algorithm)
            $0.text("kid", key.id)
            $0.text("typ", "JWT")
        }
        var text = Base64URL.encode(header.bytes)
        text.append(UInt8(ascii: "."))
        text.append(contentsOf: Base64URL.encode(self.payload(of: grant)))
        let code = HMAC<SHA256>.authenticationCode(for: text, using: key.secret)
        text.append(UInt8(ascii: "."))
        text.append(contentsOf: Base64URL.encode(code))
        return String(decoding: text, as: UTF8.self)
    }

    private func payload(of grant: Grant) -> [UInt8] {
        var payload = JSONWriter(reserving: 384)
        payload.object {
            $0.text("iss", self.issuer)
            $0.text("aud", Self.audience)
            $0.text("site", grant.site.rawValue)
            $0.text("sid", grant.session.rawValue)
            $0.text("sub", grant.subject.rawValue)
            $0.text("role", grant.role.rawValue)
            $0.integer("iat", Int(grant.issued.milliseconds / 1_000))
            $0.integer("nbf", Int(grant.issued.milliseconds / 1_000))
            $0.integer("exp", Int(grant.expires.milliseconds / 1_000))
            $0.text("jti", grant.tokenID)
            if let name = grant.name { $0.text("name", name) }
        }
        return payload.bytes
    }

    // MARK: Checking

    /// Checks a token.
    ///
    /// The signature comes first: of a token that isn't ours, no claim is read.
    ///
    /// - Parameter text: What a client sent, of any length.
    /// - Returns: What it gives.
    /// - Throws: The first reason against it. A token that has expired and is revoked, too, counts as expired.
    public func verify(_ text: String) throws(AccessDenied) -> Grant {
        let token = try CompactToken(text)
        let now = self.now()
        guard let id = token.keyID, let key = self.keys.withLock({ $0.key(named: id, at: now) }) else {
            throw .unknownKey
        }
        guard token.algorithm == Self.algorithm else { throw .wrongAlgorithm }
        // Compares in constant time.
        let isSigned = HMAC<SHA256>.isValidAuthenticationCode(
            token.signature,
            authenticating: token.signed,
            using: key.secret
        )
        guard isSigned else { throw .badSignature }
        let grant = try self.grant(from: try token.claims(), at: now)
        try self.revocations.check(grant)
        return grant
    }

    private func grant(from claims: ClaimReader, at now: Timestamp) throws(AccessDenied) -> Grant {
        guard try claims.text("iss") == self.issuer else { throw .wrongIssuer }
        guard try claims.text("aud") == Self.audience else { throw .wrongAudience }
        guard let site = SiteID(try claims.text("site")), let session = SessionID(try claims.text("sid")),
            let subject = Subject(rawValue: try claims.text("sub")),
            let role = Role(rawValue: try claims.text("role")), role == subject.role
        else { throw .missingClaim }
        let tokenID = try claims.text("jti")
        guard TokenIDs.isTokenID(tokenID) else { throw .missingClaim }
        let grant = Grant(
            holder: Holder(site: site, session: session, subject: subject, name: try claims.textIfPresent("name")),
            issued: try claims.moment("iat"),
            expires: try claims.moment("exp"),
            tokenID: tokenID
        )
        let begins = max(try claims.moment("nbf"), grant.issued)
        guard now.milliseconds < grant.expires.milliseconds + Self.skewMilliseconds else { throw .expired }
        guard now.milliseconds >= begins.milliseconds - Self.skewMilliseconds else { throw .notYetValid }
        guard grant.expires.milliseconds - grant.issued.milliseconds <= self.longestLifeSeconds * 1_000 else {
            throw .livesTooLong
        }
        return grant
    }
}

/// The `jti` of tokens.
enum TokenIDs {
    /// 22 characters of base64url that stand for 128 random bits.
    static func random() -> String {
        var generator = SystemRandomNumberGenerator()
        return self.random(using: &generator)
    }

    static func random(using generator: inout some RandomNumberGenerator) -> String {
        randomBase64URL(characters: 22, using: &generator)
    }

    /// Whether a text has the characters and the length of an identifier.
    static func isTokenID(_ text: String) -> Bool { SessionID(text) != nil }
}
