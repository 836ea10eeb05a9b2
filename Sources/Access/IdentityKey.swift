public import Crypto
import JWTKit

/// A key by which a site's own backend signs who a visitor is.
///
/// The algorithm is the key's: a secret is HS256, a public key of P-256 is ES256 and one of Ed25519 is EdDSA, whatever a
/// token says. Never described.
public struct IdentityKey: Sendable, CustomStringConvertible, CustomReflectable {
    enum Material: Sendable {
        case secret(SymmetricKey)
        case p256(ES256PublicKey)
        case ed25519(EdDSA.PublicKey)
    }

    /// The `kid` of the tokens; nothing where the site names none.
    public let id: String?
    let material: Material

    /// A secret that the site and this server share: HS256.
    ///
    /// - Parameters:
    ///   - secret: At least 32 bytes, random.
    ///   - id: The `kid` of the tokens.
    /// - Throws: ``KeyProblem/tooShort(_:bytes:)``.
    public init(secret: SymmetricKey, id: String? = nil) throws(KeyProblem) {
        guard secret.bitCount >= TokenKey.shortestBytes * 8 else {
            throw .tooShort(id ?? "identity", bytes: secret.bitCount / 8)
        }
        self.id = id
        self.material = .secret(secret)
    }

    /// A public key of the site.
    ///
    /// - Parameters:
    ///   - text: A PEM block `PUBLIC KEY` (RFC 7468 section 13) or a JSON Web Key (RFC 7517).
    ///   - id: The `kid` of the tokens; that of the JSON Web Key where it is left out.
    /// - Throws: What is wrong with the key.
    public init(publicKey text: String, id: String? = nil) throws(KeyProblem) {
        guard !text.contains("PRIVATE KEY") else { throw .privateKey }
        guard text.drop(while: \.isWhitespace).first == "{" else {
            self.id = id
            self.material = try Self.pem(text)
            return
        }
        guard let key = try? JWK(json: text) else { throw .notAPublicKey }
        self.id = id ?? key.keyIdentifier?.string
        self.material = try Self.jwk(key)
    }

    private static func pem(_ text: String) throws(KeyProblem) -> Material {
        if let key = try? ES256PublicKey(pem: text) { return .p256(key) }
        if let key = try? EdDSA.PublicKey(pem: text) { return .ed25519(key) }
        throw text.contains("BEGIN PUBLIC KEY") ? .unsupportedKey : .notAPublicKey
    }

    private static func jwk(_ key: JWK) throws(KeyProblem) -> Material {
        guard key.privateExponent == nil else { throw .privateKey }
        switch (key.curve, key.x, key.y) {
        case (.ecdsa(.p256), let x?, let y?):
            if let key = try? ES256PublicKey(parameters: (x, y)) { return .p256(key) }
        case (.eddsa(.ed25519), let x?, _):
            if let key = try? EdDSA.PublicKey(x: x, curve: .ed25519) { return .ed25519(key) }
        default: throw .unsupportedKey
        }
        throw .notAPublicKey
    }

    /// The `alg` of the tokens that it signs.
    var algorithm: String {
        switch self.material {
        case .secret: "HS256"
        case .p256: "ES256"
        case .ed25519: "EdDSA"
        }
    }

    /// Whether a token was signed by this key; reads no claim.
    ///
    /// - Parameter token: A token whose form and whose `alg` were checked.
    /// - Returns: Whether the signature is good.
    func signed(_ token: String) async -> Bool {
        let keys = JWTKeyCollection()
        switch self.material {
        case .secret(let secret): await keys.add(hmac: HMACKey(key: secret), digestAlgorithm: .sha256)
        case .p256(let key): await keys.add(ecdsa: key)
        case .ed25519(let key): await keys.add(eddsa: key)
        }
        do {
            _ = try await keys.verify(token, as: UnreadClaims.self)
            return true
        } catch { return false }
    }

    public var description: String { "IdentityKey(\(self.algorithm))" }
    public var customMirror: Mirror { Mirror(self, children: ["algorithm": self.algorithm]) }
}

/// Claims that are read elsewhere.
private struct UnreadClaims: JWTPayload {
    func verify(using _: some JWTAlgorithm) {}
}
