/// Who a visitor is, by the word of the site.
///
/// A name or an address that a visitor typed never becomes one of these.
public struct VisitorIdentity: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// Of kind ``Subject/Kind/verified``.
    public let subject: Subject
    /// What the site says about them.
    public let profile: VisitorProfile
    /// At most 254 bytes of UTF-8 without control characters, as RFC 5321 section 4.5.3.1.3 allows; left out where the
    /// site's is longer.
    public let email: String?

    static let emailBytes = 254

    /// At most 80 bytes of UTF-8 without control characters; left out where the site's is longer.
    public var name: String? { self.profile.name }

    init(subject: Subject, name: String? = nil, email: String? = nil, attributes: [String: String] = [:]) {
        self.subject = subject
        self.profile = VisitorProfile(name: name, attributes: attributes)
        self.email = Self.text(email, maximumBytes: Self.emailBytes)
    }

    private static func text(_ text: String?, maximumBytes: Int) -> String? {
        guard let text, 1...maximumBytes ~= text.utf8.count, isPlainText(text) else { return nil }
        return text
    }

    /// Says nothing about the person.
    public var description: String { "VisitorIdentity" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What a page gives to prove who its visitor is.
public enum IdentityProof: Sendable, CustomStringConvertible {
    /// A JSON Web Token that the site's backend signed for this visit.
    case token(String)
    /// The older form: the visitor's name at the site and its HMAC-SHA256 in hexadecimal digits, which never runs out.
    case hash(id: String, hash: String)

    /// The kind alone.
    public var description: String {
        switch self {
        case .token: "token"
        case .hash: "hash"
        }
    }
}
