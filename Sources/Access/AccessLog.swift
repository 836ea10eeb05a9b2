public import Messages

/// Keeps what must be known after a restart: who holds which refresh token, and what was revoked.
///
/// Safe on any thread.
public protocol AccessLog: Sendable {
    /// Whether what is appended at the moment will be kept, as far as anything is.
    var isAccepting: Bool { get }

    /// Takes a record; it takes the place of the one before it with the same key.
    ///
    /// Called with locks held, in the order in which things happened. Must not wait.
    func append(_ record: AccessRecord)

    /// Waits until everything that was appended is kept, or can't be at the moment.
    ///
    /// - Returns: Whether it is, as far as anything is kept.
    func flush() async -> Bool
}

/// Something that must be known after a restart.
///
/// Nothing in it gives access: of tokens there are hashes.
public struct AccessRecord: Sendable, Hashable {
    /// Begins with `family/` or `revoked/`; at most ``maximumKeyBytes`` bytes.
    public let key: String
    /// The session that it is of, where it is of one: it goes when the session is erased.
    public let session: SessionID?
    public let site: SiteID?
    /// Whom the session belongs to, where a site has vouched for it: the id of the subject.
    public let visitor: String?
    /// JSON; nothing for a record that goes.
    public let value: [UInt8]?
    /// When it is of no use any more.
    public let expires: Timestamp

    public static let maximumKeyBytes = 512

    public init(
        key: String,
        site: SiteID? = nil,
        session: SessionID? = nil,
        visitor: String? = nil,
        value: [UInt8]?,
        expires: Timestamp
    ) {
        self.visitor = visitor
        self.key = key
        self.site = site
        self.session = session
        self.value = value
        self.expires = expires
    }
}
