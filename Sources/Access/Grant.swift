public import Messages

/// Whom a token is for.
public struct Holder: Hashable, Sendable, CustomStringConvertible {
    public let site: SiteID
    /// The visitor's session; of an agent or a service, a name that no room has.
    public let session: SessionID
    public let subject: Subject
    /// How an agent signs, at most 80 bytes of UTF-8; nothing for visitors.
    public let name: String?

    /// The longest ``name``, in bytes.
    public static let nameBytes = 80

    /// Names a holder; a name that is too long, that holds control characters or that a visitor gives is left out.
    public init(site: SiteID, session: SessionID, subject: Subject, name: String? = nil) {
        self.site = site
        self.session = session
        self.subject = subject
        self.name = name.flatMap { name in
            let isAllowed = 1...Self.nameBytes ~= name.utf8.count && isPlainText(name)
            return isAllowed && subject.role != .visitor ? name : nil
        }
    }

    /// Site and kind alone.
    public var description: String { "\(self.subject) at \(self.site)" }
}

/// What a good access token gives.
public struct Grant: Hashable, Sendable, CustomStringConvertible {
    public let holder: Holder
    /// When the token was issued, in whole seconds.
    public let issued: Timestamp
    /// When the token ends.
    ///
    /// A live connection ends at this moment. A new one is taken up to ``AccessTokens/skewMilliseconds`` later.
    public let expires: Timestamp
    /// The `jti` of the token.
    public let tokenID: String

    public var site: SiteID { self.holder.site }
    public var session: SessionID { self.holder.session }
    public var subject: Subject { self.holder.subject }
    public var role: Role { self.holder.subject.role }
    public var name: String? { self.holder.name }
    /// How the site calls the visitor for whom it has vouched; nothing of anybody else.
    public var verifiedVisitor: String? { self.subject.kind == .verified ? self.subject.id : nil }

    /// Checks that the grant opens a room.
    ///
    /// An agent and a service may enter every room of their site, a visitor one room alone.
    ///
    /// - Parameters:
    ///   - session: The session of the room.
    ///   - site: The site of the room.
    /// - Throws: ``AccessDenied/wrongSite`` or ``AccessDenied/wrongSession``, each a 403.
    public func check(opens session: SessionID, at site: SiteID) throws(AccessDenied) {
        guard self.site == site else { throw .wrongSite }
        guard self.role != .visitor || self.session == session else { throw .wrongSession }
    }

    public var description: String { self.holder.description }
}
