/// Why a WebSocket connection ends, and whether a client should come back.
///
/// 1000 through 1011 are those of RFC 6455 section 7.4.1. Of the server's own, 4400 through 4449 ask the client to
/// reconnect and 4450 through 4499 ask it not to.
public struct CloseCode: Hashable, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The client or the page closed it.
    ///
    /// Don't reconnect.
    public static let normal = CloseCode(rawValue: 1000)
    /// The process ends.
    ///
    /// Reconnect.
    public static let goingAway = CloseCode(rawValue: 1001)
    /// A violation of RFC 6455.
    ///
    /// Don't reconnect.
    public static let protocolError = CloseCode(rawValue: 1002)
    /// A binary frame where only text is spoken.
    ///
    /// Don't reconnect.
    public static let unsupportedData = CloseCode(rawValue: 1003)
    /// A text that isn't UTF-8.
    ///
    /// Don't reconnect.
    public static let invalidText = CloseCode(rawValue: 1007)
    /// A policy that has no better code, such as a frame that was not completed in time.
    ///
    /// Reconnect with backoff.
    public static let policyViolation = CloseCode(rawValue: 1008)
    /// A frame, or the sum of its fragments, over the limit.
    ///
    /// Reconnect; the message has failed.
    public static let messageTooBig = CloseCode(rawValue: 1009)
    /// A mistake of the server.
    ///
    /// Reconnect.
    public static let internalError = CloseCode(rawValue: 1011)
    /// The token of the connection has run out.
    ///
    /// Reconnect with a fresh one.
    public static let tokenExpired = CloseCode(rawValue: 4401)
    /// The client reads more slowly than it is written to.
    ///
    /// Reconnect with the position.
    public static let slowConsumer = CloseCode(rawValue: 4408)
    /// The node drains.
    ///
    /// Reconnect.
    public static let draining = CloseCode(rawValue: 4410)
    /// Limits of rates were ignored.
    ///
    /// Reconnect after a while.
    public static let rateLimited = CloseCode(rawValue: 4429)
    /// The session, its subject or its token was revoked.
    ///
    /// Don't reconnect.
    public static let revoked = CloseCode(rawValue: 4451)
    /// Five protocol errors within a minute.
    ///
    /// Don't reconnect.
    public static let repeatedErrors = CloseCode(rawValue: 4453)

    /// Those that the server writes by itself.
    public static let ofServer: Set<CloseCode> = [
        .normal, .goingAway, .protocolError, .unsupportedData, .invalidText, .policyViolation, .messageTooBig,
        .internalError, .tokenExpired, .slowConsumer, .draining, .rateLimited, .revoked, .repeatedErrors,
    ]

    /// Whether an endpoint may write this code into a close frame: RFC 6455 section 7.4.
    public var isAllowedOnTheWire: Bool {
        switch self.rawValue {
        case 1000...1003, 1007...1011, 3000...4999: true
        default: false
        }
    }
}
