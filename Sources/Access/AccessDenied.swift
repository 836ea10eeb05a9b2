public import Messages

/// Why somebody isn't let in.
///
/// The cases are for counters and tests. A client learns no more than ``clientError``, which is the same for everything
/// that is wrong with a token, so that guessing teaches nothing.
public enum AccessDenied: Error, Hashable, Sendable, CaseIterable {
    /// No token of the form that is read here: too long, not three parts, not base64url, not one JSON object.
    case malformed
    /// The header names another algorithm than that of the key.
    case wrongAlgorithm
    /// No key of that name, or one whose overlap is over.
    case unknownKey
    case badSignature
    /// A claim isn't there, or isn't of its kind.
    case missingClaim
    case wrongIssuer
    case wrongAudience
    case expired
    case notYetValid
    /// The life of a token is longer than anything that is issued.
    case livesTooLong
    /// The session, the subject or the token was revoked.
    case revoked
    /// Good, but of another site.
    case wrongSite
    /// Good, but of another session.
    case wrongSession
    /// Good, but of somebody else.
    case wrongSubject
    /// An identity without a signature that the site accepts.
    case unsignedIdentity
    /// A session without anything that proves it.
    case unprovenSession
    /// The site isn't configured.
    case unknownSite
    /// A refresh token that is unknown, run out, or of another site, session or subject.
    case refreshRefused
    /// A refresh token that was used before; its family is gone.
    case refreshReused
    /// A refresh token was renewed too often within half a minute.
    case refreshedTooOften
    /// Nothing can be kept at the moment, so nothing is given.
    case notKept

    /// The status of an HTTP answer: 401, 403, 429 or 503.
    public var status: Int {
        switch self {
        case .wrongSite, .wrongSession, .wrongSubject: 403
        case .refreshedTooOften: 429
        case .notKept: 503
        default: 401
        }
    }

    /// What a client is told.
    ///
    /// Never holds anything that the client sent.
    public var clientError: ClientError {
        switch self {
        case .expired: ClientError(.tokenExpired, "the token has expired; refresh it")
        case .wrongSite, .wrongSession, .wrongSubject:
            ClientError(.unauthorized, "the token is for something else", detail: "grant")
        case .refreshedTooOften:
            ClientError(.rateLimited, "refreshed too often", retryAfterMilliseconds: RefreshTable.raceMilliseconds)
        case .notKept:
            ClientError(.unavailable, "no session can be kept at the moment", retryAfterMilliseconds: 5_000)
        default: ClientError(.unauthorized, "nothing that was sent gives access")
        }
    }
}
