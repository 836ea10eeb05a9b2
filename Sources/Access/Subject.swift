import Messages

/// What somebody may do.
public enum Role: String, Hashable, Sendable, CaseIterable {
    /// Talks in one session.
    case visitor
    /// Answers in the sessions of a site.
    case agent
    /// A program of the operator.
    case service
}

/// Who somebody is.
///
/// The kind is a part of the name. So nobody whom a site vouches for can be called like a visitor without a name, or
/// like an agent.
public struct Subject: Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A visitor of whom no more is known than that it is the same browser.
        case anonymous = "anon"
        /// A visitor for whom the site has vouched.
        case verified = "user"
        case agent
        case service
    }

    public let kind: Kind
    /// 1 through 200 bytes of UTF-8 without control characters.
    public let id: String

    /// The longest ``id``, in bytes.
    public static let identifierBytes = 200

    /// Takes a name; nothing where it is empty, too long or holds a control character.
    public init?(_ kind: Kind, _ id: String) {
        guard 1...Self.identifierBytes ~= id.utf8.count, isPlainText(id) else { return nil }
        self.init(unchecked: kind, id)
    }

    /// The visitor of a session of whom no more is known.
    static func anonymous(_ session: SessionID) -> Subject { Subject(unchecked: .anonymous, session.rawValue) }

    private init(unchecked kind: Kind, _ id: String) {
        self.kind = kind
        self.id = id
    }

    /// Takes what ``rawValue`` gave.
    public init?(rawValue: String) {
        guard let colon = rawValue.firstIndex(of: ":"), let kind = Kind(rawValue: String(rawValue[..<colon]))
        else { return nil }
        self.init(kind, String(rawValue[rawValue.index(after: colon)...]))
    }

    /// The kind, a colon and the name: `user:4711`.
    public var rawValue: String { "\(self.kind.rawValue):\(self.id)" }

    /// What somebody of this kind may do.
    public var role: Role {
        switch self.kind {
        case .anonymous, .verified: .visitor
        case .agent: .agent
        case .service: .service
        }
    }

    /// The kind alone: names of visitors are no business of a log.
    public var description: String { self.kind.rawValue }

    public static func == (left: Subject, right: Subject) -> Bool {
        // Bytes, since Unicode equivalence must not make one person of two.
        left.kind == right.kind && left.id.utf8.elementsEqual(right.id.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(self.kind)
        for byte in self.id.utf8 { hasher.combine(byte) }
    }
}

/// Whether a text holds no control character.
func isPlainText(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
}
