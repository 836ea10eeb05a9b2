public import Crypto
public import Messages

/// A secret that signs access tokens.
///
/// Never described: neither `print` nor `dump` shows a byte of it.
public struct TokenKey: Sendable, CustomStringConvertible, CustomReflectable {
    /// The `kid` of the tokens, 1 through 32 of `A-Z a-z 0-9 _ -`.
    public let id: String
    let secret: SymmetricKey

    /// The shortest secret, in bytes: the output of SHA-256, as RFC 7518 section 3.2 asks.
    public static let shortestBytes = 32
    /// The longest name, in bytes.
    public static let identifierBytes = 32

    /// Takes a secret.
    ///
    /// - Parameters:
    ///   - id: The name of the key. It is public.
    ///   - secret: At least 32 bytes, random.
    /// - Throws: What is wrong with either.
    public init(id: String, secret: SymmetricKey) throws(KeyProblem) {
        guard Self.isIdentifier(id) else { throw .badID(id) }
        guard secret.bitCount >= Self.shortestBytes * 8 else { throw .tooShort(id, bytes: secret.bitCount / 8) }
        self.id = id
        self.secret = secret
    }

    /// Whether a text may name a key.
    ///
    /// The name is looked up among the known ones and used for nothing else; that it can't be a path is a second lock.
    static func isIdentifier(_ text: String) -> Bool {
        1...Self.identifierBytes ~= text.utf8.count && SessionID(text) != nil
    }

    public var description: String { "TokenKey(\(self.id))" }
    public var customMirror: Mirror { Mirror(self, children: ["id": self.id]) }
}

/// What is wrong with a key that somebody configured.
///
/// The text never holds a byte of the key.
public enum KeyProblem: Error, Hashable, Sendable, CustomStringConvertible {
    case badID(String)
    case tooShort(String, bytes: Int)
    case repeatedID(String)
    case notAPublicKey
    case privateKey
    case unsupportedKey
    case tooManyKeys

    /// Says it as one line: what is wrong, what to write, and the code.
    public var description: String { "\(self.problem); \(self.hint) [\(self.code)]" }

    /// What is wrong.
    public var problem: String {
        switch self {
        case .badID(let id): "\"\(id)\" can't name a key"
        case .tooShort(let id, let bytes): "key \"\(id)\" has \(bytes) bytes"
        case .repeatedID(let id): "two keys are called \"\(id)\""
        case .notAPublicKey: "no public key"
        case .privateKey: "a private key"
        case .unsupportedKey: "a key of another kind"
        case .tooManyKeys: "more than \(IdentityCheck.maximumKeys) keys"
        }
    }

    /// What to write.
    public var hint: String {
        switch self {
        case .badID: "write 1 to 32 of A-Z a-z 0-9 _ -"
        case .tooShort: "write at least \(TokenKey.shortestBytes) random bytes"
        case .repeatedID: "give the new one a name of its own"
        case .notAPublicKey: "write a PEM block \"PUBLIC KEY\" or a JWK"
        case .privateKey: "register the public one and keep this one at the site"
        case .unsupportedKey: "write one of P-256 (ES256) or Ed25519 (EdDSA)"
        case .tooManyKeys: "remove those out of use"
        }
    }

    /// A name that stays the same from version to version.
    public var code: String {
        switch self {
        case .badID: "bad-key-id"
        case .tooShort: "short-key"
        case .repeatedID: "repeated-key-id"
        case .notAPublicKey: "bad-public-key"
        case .privateKey: "private-key"
        case .unsupportedKey: "unsupported-key"
        case .tooManyKeys: "too-many-keys"
        }
    }
}

/// The keys of access tokens: the newest signs, and one before it may still be valid for a while.
public struct TokenKeyRing: Sendable, CustomStringConvertible {
    /// Signs.
    public let newest: TokenKey
    /// Signed before.
    let previous: TokenKey?
    /// The moment from which ``previous`` isn't accepted any more.
    let previousEnds: Timestamp

    /// A ring of one key.
    public init(_ key: TokenKey) {
        self.newest = key
        self.previous = nil
        self.previousEnds = Timestamp(milliseconds: 0)
    }

    /// A ring whose older key is accepted for as long as the ring is used.
    ///
    /// - Parameters:
    ///   - key: Signs.
    ///   - previous: Signed before.
    /// - Throws: ``KeyProblem/repeatedID(_:)`` where both have the same name.
    public init(_ key: TokenKey, accepting previous: TokenKey) throws(KeyProblem) {
        guard key.id != previous.id else { throw .repeatedID(key.id) }
        self.init(key, after: previous, until: Timestamp(milliseconds: .max))
    }

    private init(_ key: TokenKey, after previous: TokenKey, until end: Timestamp) {
        self.newest = key
        self.previous = previous
        self.previousEnds = end
    }

    /// The ring after a rotation.
    ///
    /// Two keys are valid at most: one from before the last rotation is dropped at once, and with it every token that
    /// it signed.
    ///
    /// - Parameters:
    ///   - key: Signs from now on.
    ///   - end: Until when the key that signed so far is accepted; the life of a token later is enough.
    /// - Returns: The new ring.
    /// - Throws: ``KeyProblem/repeatedID(_:)`` where both have the same name.
    public func rotated(to key: TokenKey, acceptingFormerUntil end: Timestamp) throws(KeyProblem) -> TokenKeyRing {
        guard key.id != self.newest.id else { throw .repeatedID(key.id) }
        return TokenKeyRing(key, after: self.newest, until: end)
    }

    /// The key of a name, where it is valid.
    func key(named id: String, at now: Timestamp) -> TokenKey? {
        guard TokenKey.isIdentifier(id) else { return nil }
        if id == self.newest.id { return self.newest }
        guard let previous, id == previous.id, now < self.previousEnds else { return nil }
        return previous
    }

    public var description: String {
        guard let previous else { return "TokenKeyRing(\(self.newest.id))" }
        return "TokenKeyRing(\(self.newest.id), before it \(previous.id))"
    }
}
