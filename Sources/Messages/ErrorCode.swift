/// What was wrong with something that a client sent, as a word for programs.
///
/// Codes are permanent. The set is open: a client treats a code that it doesn't know by `isTemporary`.
public struct ErrorCode: Hashable, Sendable {
    public let rawValue: StaticText
    /// Whether the same thing may succeed when it is sent again.
    public let isTemporary: Bool

    /// Not one JSON object, nested too deep, a key twice, a lone surrogate.
    public static let badJSON = ErrorCode("bad_json")
    /// A missing or wrong field, an unknown type.
    ///
    /// The `detail` says which.
    public static let badRequest = ErrorCode("bad_request")
    /// A message or a context over its limit.
    ///
    /// The connection stays open.
    public static let tooLarge = ErrorCode("too_large")
    /// The client sent what only the server may send.
    public static let forbiddenType = ErrorCode("forbidden_type")
    /// A token is missing, invalid or of another session; an origin isn't allowed.
    public static let unauthorized = ErrorCode("unauthorized")
    /// The token was good and isn't any more: refresh it and try again.
    public static let tokenExpired = ErrorCode("token_expired", isTemporary: true)
    /// Too many in too short a time; `retryAfterMs` says how long to wait.
    public static let rateLimited = ErrorCode("rate_limited", isTemporary: true)
    /// A bound of the room or of the whole server is reached.
    public static let overloaded = ErrorCode("overloaded", isTemporary: true)
    /// The server can't accept anything, for instance because it stops.
    public static let unavailable = ErrorCode("unavailable", isTemporary: true)
    /// History was asked with another epoch.
    public static let unrecoverablePosition = ErrorCode("unrecoverable_position")

    /// Those of this version.
    public static let all: [ErrorCode] = [
        .badJSON, .badRequest, .tooLarge, .forbiddenType, .unauthorized, .tokenExpired, .rateLimited, .overloaded,
        .unavailable, .unrecoverablePosition,
    ]

    /// Whether somebody who sends this again and again doesn't speak the protocol.
    public var isViolation: Bool { self == .badJSON || self == .badRequest || self == .forbiddenType }

    private init(_ rawValue: StaticString, isTemporary: Bool = false) {
        self.rawValue = StaticText(rawValue)
        self.isTemporary = isTemporary
    }
}

/// A literal that can be compared and written without an allocation.
public struct StaticText: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral {
    private let literal: StaticString

    init(_ literal: StaticString) { self.literal = literal }
    public init(stringLiteral literal: StaticString) { self.literal = literal }

    /// The UTF-8 of the text.
    public var bytes: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: self.literal.utf8Start, count: self.literal.utf8CodeUnitCount)
    }

    public var description: String { self.literal.description }

    public static func == (left: StaticText, right: StaticText) -> Bool { left.bytes.elementsEqual(right.bytes) }

    public func hash(into hasher: inout Hasher) { hasher.combine(bytes: UnsafeRawBufferPointer(self.bytes)) }
}

/// A refusal of something that a client sent.
public struct ClientError: Error, Hashable, Sendable {
    public var code: ErrorCode
    /// One sentence for the developer of a client.
    ///
    /// Never holds what the client wrote.
    public var message: String
    /// Which field or rule, for programs: `id_conflict`, `session_mismatch`, `message`.
    public var detail: String?
    /// How long to wait before the next try, in milliseconds.
    public var retryAfterMilliseconds: Int?
    /// The client's id of the message that was refused, where it had one.
    public var id: String?

    public init(
        _ code: ErrorCode,
        _ message: String,
        detail: String? = nil,
        retryAfterMilliseconds: Int? = nil,
        id: String? = nil
    ) {
        self.code = code
        self.message = message
        self.detail = detail
        self.retryAfterMilliseconds = retryAfterMilliseconds
        self.id = id
    }
}
