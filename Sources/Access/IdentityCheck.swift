import Crypto
public import Messages

/// Checks who a visitor is, by the keys of one site.
public struct IdentityCheck: Sendable {
    /// How many keys a site may have at once.
    public static let maximumKeys = 4
    /// How far ahead the end of an identity may be, in milliseconds, apart from the skew of the clocks.
    public static let longestLifeMilliseconds: Int64 = 600_000

    private let keys: [IdentityKey]
    private let acceptsHashes: Bool

    /// Takes the keys of a site.
    ///
    /// - Parameters:
    ///   - keys: At most ``maximumKeys``. Without one no visitor is ever verified.
    ///   - acceptsHashes: Whether ``IdentityProof/hash(id:hash:)`` is accepted, by the secrets among the keys. It never
    ///     runs out, so that whoever sees it once is that visitor for good.
    /// - Throws: ``KeyProblem/tooManyKeys``, or ``KeyProblem/repeatedID(_:)``.
    public init(keys: [IdentityKey], acceptsHashes: Bool = false) throws(KeyProblem) {
        guard keys.count <= Self.maximumKeys else { throw .tooManyKeys }
        var ids: Set<String> = []
        for id in keys.compactMap(\.id) {
            guard ids.insert(id).inserted else { throw .repeatedID(id) }
        }
        self.keys = keys
        self.acceptsHashes = acceptsHashes
    }

    /// Checks a proof.
    ///
    /// A token needs `aud` (the site, alone or among others), `sub` and `exp`, at most 10 min ahead; `nbf` and `iat` are
    /// checked where they are there, `name`, `email` and `attributes` are taken over.
    ///
    /// - Parameters:
    ///   - proof: What the page gave, of any length.
    ///   - site: The site of the page.
    ///   - now: The time of day.
    /// - Returns: Who the visitor is.
    /// - Throws: The first reason against it.
    public func verify(
        _ proof: IdentityProof,
        at site: SiteID,
        now: Timestamp
    ) async throws(AccessDenied) -> VisitorIdentity {
        guard !self.keys.isEmpty else { throw .unsignedIdentity }
        switch proof {
        case .token(let text): return try await self.verify(token: text, at: site, now: now)
        case .hash(let id, let hash): return try self.verify(id: id, hash: hash)
        }
    }

    private func verify(
        token text: String,
        at site: SiteID,
        now: Timestamp
    ) async throws(AccessDenied) -> VisitorIdentity {
        let token = try CompactToken(text)
        let ofAlgorithm = self.keys.filter { $0.algorithm == token.algorithm }
        guard !ofAlgorithm.isEmpty else { throw .wrongAlgorithm }
        let candidates = ofAlgorithm.filter { $0.id == nil || token.keyID == nil || $0.id == token.keyID }
        guard !candidates.isEmpty else { throw .unknownKey }
        var isSigned = false
        for key in candidates where !isSigned { isSigned = await key.signed(text) }
        guard isSigned else { throw .badSignature }
        return try Self.identity(from: try token.claims(), at: site, now: now)
    }

    private static func identity(
        from claims: ClaimReader,
        at site: SiteID,
        now: Timestamp
    ) throws(AccessDenied) -> VisitorIdentity {
        guard try claims.texts("aud").contains(site.rawValue) else { throw .wrongAudience }
        guard let subject = Subject(.verified, try claims.text("sub")) else { throw .missingClaim }
        let skew = AccessTokens.skewMilliseconds
        let left = try claims.moment("exp").milliseconds - now.milliseconds
        guard left > -skew else { throw .expired }
        guard left <= Self.longestLifeMilliseconds + skew else { throw .livesTooLong }
        for begin in [try claims.momentIfPresent("nbf"), try claims.momentIfPresent("iat")] {
            guard (begin ?? now).milliseconds <= now.milliseconds + skew else { throw .notYetValid }
        }
        return VisitorIdentity(
            subject: subject,
            name: try claims.textIfPresent("name"),
            email: try claims.textIfPresent("email"),
            attributes: try claims.textMembersIfPresent("attributes")
        )
    }

    /// Name and address aren't covered by the hash, so there is neither.
    private func verify(id: String, hash: String) throws(AccessDenied) -> VisitorIdentity {
        guard self.acceptsHashes else { throw .unsignedIdentity }
        guard let subject = Subject(.verified, id), let code = hexadecimalBytes(hash), code.count == 32 else {
            throw .malformed
        }
        let isSigned = self.keys.contains { key in
            guard case .secret(let secret) = key.material else { return false }
            // Compares in constant time.
            return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Array(id.utf8), using: secret)
        }
        guard isSigned else { throw .badSignature }
        return VisitorIdentity(subject: subject)
    }
}

/// The bytes of hexadecimal digits of either case; nothing where another character stands in it.
private func hexadecimalBytes(_ text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count % 2 == 0 else { return nil }
    var bytes: [UInt8] = []
    for index in stride(from: 0, to: digits.count, by: 2) {
        guard let high = hexadecimalValue(digits[index]), let low = hexadecimalValue(digits[index + 1]) else {
            return nil
        }
        bytes.append(high << 4 | low)
    }
    return bytes
}

private func hexadecimalValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}
