import Crypto
import FoundationEssentials

/// A refresh token: the name of its family, 128 random bits, and a secret of 256 bits.
///
/// Never described: whoever holds the text has the session.
public struct RefreshToken: Sendable, CustomStringConvertible, CustomReflectable {
    static let prefix = "r_"
    private static let familyBytes = 16
    private static let secretBytes = 32

    let family: RefreshFamilyID
    private let secret: SymmetricKey

    /// Draws a token.
    ///
    /// - Parameters:
    ///   - family: Its family; a new one where nothing is given.
    ///   - generator: Where the bits come from. Outside of tests the system's generator.
    init(family: RefreshFamilyID? = nil, using generator: inout some RandomNumberGenerator) {
        self.family = family ?? RefreshFamilyID(high: generator.next(), low: generator.next())
        self.secret = SymmetricKey(data: randomBytes(Self.secretBytes, using: &generator))
    }

    /// Takes a token that a client sent; nothing where it is none.
    init?(_ text: String) {
        guard text.hasPrefix(Self.prefix), text.utf8.count == Self.textBytes,
            let bytes = Base64URL.decode(text.utf8.dropFirst(Self.prefix.utf8.count))
        else { return nil }
        self.family = RefreshFamilyID(high: number(bytes[0..<8]), low: number(bytes[8..<16]))
        self.secret = SymmetricKey(data: bytes[Self.familyBytes...])
    }

    private init(family: RefreshFamilyID, secret: SymmetricKey) {
        self.family = family
        self.secret = secret
    }

    private static let textBytes = prefix.utf8.count + (familyBytes + secretBytes) / 3 * 4

    /// `r_` and 64 characters of base64url.
    public var text: String {
        let family = bigEndianBytes(self.family.high) + bigEndianBytes(self.family.low)
        let bytes = family + self.secret.withUnsafeBytes(Array.init)
        return Self.prefix + String(decoding: Base64URL.encode(bytes), as: UTF8.self)
    }

    /// What is stored of a token.
    var digest: TokenDigest {
        var hash = SHA256()
        self.secret.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return TokenDigest(hash.finalize())
    }

    /// The token that replaces this one.
    ///
    /// A keyed hash of random bits under the secret of this token. So whoever presents this token again gets the same
    /// successor, while the server keeps neither of the two: the salt alone gives nothing, and neither does an old
    /// token.
    func successor(_ salt: SymmetricKey) -> RefreshToken {
        var code = HMAC<SHA256>(key: self.secret)
        salt.withUnsafeBytes { code.update(data: Data($0)) }
        return RefreshToken(family: self.family, secret: SymmetricKey(data: code.finalize()))
    }

    public var description: String { "RefreshToken" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Names the tokens that come from one another.
struct RefreshFamilyID: Hashable, Sendable {
    let high: UInt64
    let low: UInt64
}

/// Random bytes, a multiple of 8.
func randomBytes(_ count: Int, using generator: inout some RandomNumberGenerator) -> [UInt8] {
    (0..<count / 8).flatMap { _ in bigEndianBytes(generator.next()) }
}

func bigEndianBytes(_ number: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
}

func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
