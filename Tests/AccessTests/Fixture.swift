import Access
import Crypto
import Foundation
import Messages
import Synchronization
import Testing

/// A clock that stands still until a test moves it.
final class ManualClock: Sendable {
    private let time: Mutex<Timestamp>

    init(milliseconds: Int64 = 1_800_000_000_000) { self.time = Mutex(Timestamp(milliseconds: milliseconds)) }

    var now: Timestamp { self.time.withLock { $0 } }
    var seconds: Int64 { self.now.milliseconds / 1_000 }

    func advance(seconds: Int64) { self.advance(milliseconds: seconds * 1_000) }
    func advance(milliseconds: Int64) { self.time.withLock { $0.milliseconds += milliseconds } }
}

/// A key whose bytes are all the same.
func tokenKey(_ id: String, _ byte: UInt8 = 7) throws -> TokenKey {
    try TokenKey(id: id, secret: SymmetricKey(data: [UInt8](repeating: byte, count: 32)))
}

/// Access tokens with a key, a clock and revocations that a test can reach.
struct AccessFixture {
    static let issuer = "https://chat.example"

    let clock = ManualClock()
    let key: TokenKey
    let revocations: Revocations
    let tokens: AccessTokens
    let shop: SiteID
    let session: SessionID
    let visitor: Holder

    init() throws {
        let clock = self.clock
        self.key = try tokenKey("k1")
        self.revocations = Revocations(now: { clock.now })
        self.tokens = AccessTokens(
            keys: TokenKeyRing(self.key),
            issuer: Self.issuer,
            revocations: self.revocations,
            now: { clock.now }
        )
        self.shop = try #require(SiteID("shop"))
        self.session = try #require(SessionID("s_AAAAAAAAAAAAAAAAAAAAAA"))
        let subject = try #require(Subject(.verified, "4711"))
        self.visitor = Holder(site: self.shop, session: self.session, subject: subject)
    }

    /// Why a token isn't accepted; nothing where it is.
    func denial(of token: String) -> AccessDenied? {
        do {
            _ = try self.tokens.verify(token)
            return nil
        } catch { return error }
    }

    /// The claims of a good token, each as JSON.
    var claims: [String: String] {
        [
            "iss": "\"\(Self.issuer)\"", "aud": "\"claude-chat\"", "site": "\"shop\"",
            "sid": "\"\(self.session)\"", "sub": "\"user:4711\"", "role": "\"visitor\"",
            "iat": "\(self.clock.seconds)", "nbf": "\(self.clock.seconds)", "exp": "\(self.clock.seconds + 900)",
            "jti": "\"AAAAAAAAAAAAAAAAAAAAAA\"",
        ]
    }

    /// A token with some claims replaced or, with nothing, left out, and a good signature.
    func token(_ changes: KeyValuePairs<String, String?>) -> String {
        var claims = self.claims
        for (name, value) in changes { claims[name] = value }
        return signed(payload: object(claims))
    }

    /// A token of any header and payload, signed with HS256 by a key of 32 bytes.
    func signed(header: String = #"{"alg":"HS256","kid":"k1"}"#, payload: String, by byte: UInt8 = 7) -> String {
        hs256(
            header: Array(header.utf8),
            payload: Array(payload.utf8),
            secret: [UInt8](repeating: byte, count: 32)
        )
    }
}

/// A JSON object of members that are JSON already.
func object(_ members: [String: String]) -> String {
    "{" + members.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
}

/// A JSON Web Token put together by Foundation and Crypto alone.
func hs256(header: [UInt8], payload: [UInt8], secret: [UInt8]) -> String {
    let text = base64URL(header) + "." + base64URL(payload)
    let code = HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: secret))
    return text + "." + base64URL(Array(code))
}

/// Base64url by Foundation.
func base64URL(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString()
        .replacingOccurrences(of: "+", with: "-")
        .replacingOccurrences(of: "/", with: "_")
        .replacingOccurrences(of: "=", with: "")
}
