import Access
import Crypto
import Foundation
import JWTKit
import Messages
import Testing

@Suite("identities")
struct IdentityTests {
    private struct Claims: JWTPayload {
        var aud = ["shop"]
        var sub: String? = "4711"
        var exp: Double?
        var nbf: Double?
        var iat: Double?
        var name: String?
        var email: String?

        func verify(using _: some JWTAlgorithm) {}
    }

    private static let secret = SymmetricKey(data: [UInt8](repeating: 5, count: 32))
    private let clock = ManualClock()
    private let shop: SiteID
    private let p256 = ES256PrivateKey()
    private let ed25519: EdDSA.PrivateKey

    init() throws {
        self.shop = try #require(SiteID("shop"))
        self.ed25519 = try EdDSA.PrivateKey()
    }

    private var claims: Claims { Claims(exp: Double(self.clock.seconds + 300)) }

    /// Why an identity isn't accepted; nothing where it is.
    private func denial(of token: String, by check: IdentityCheck) async -> AccessDenied? {
        do {
            _ = try await check.verify(.token(token), at: self.shop, now: self.clock.now)
            return nil
        } catch { return error }
    }

    private func hs256(_ claims: Claims, _ secret: SymmetricKey = Self.secret, kid: String? = nil) async throws
        -> String
    {
        let header = kid.map { JWTHeader(fields: ["kid": .string($0)]) } ?? JWTHeader()
        return try await JWTKeyCollection().add(hmac: HMACKey(key: secret), digestAlgorithm: .sha256)
            .sign(claims, header: header)
    }

    private func secretCheck() throws -> IdentityCheck { try IdentityCheck(keys: [IdentityKey(secret: Self.secret)]) }

    @Test("a visitor is who the site says, by a secret, by ES256 and by EdDSA; the keys as PEM or as JWK")
    func algorithms() async throws {
        var claims = self.claims
        claims.name = "Zoë"
        claims.email = "zoe@example.com"
        let es256 = try await JWTKeyCollection().add(ecdsa: self.p256).sign(claims)
        let edDSA = try await JWTKeyCollection().add(eddsa: self.ed25519).sign(claims)
        let point = try #require(self.p256.parameters)
        let coordinates = [point.x, point.y].map { base64URL(Array(Data(base64Encoded: $0) ?? Data())) }
        let p256JWK = #"{"kty":"EC","crv":"P-256","x":"\#(coordinates[0])","y":"\#(coordinates[1])","kid":"a"}"#
        let okp = base64URL(Array(self.ed25519.publicKey.rawRepresentation))
        for (key, token) in [
            (try IdentityKey(secret: Self.secret), try await self.hs256(claims)),
            (try IdentityKey(publicKey: self.p256.publicKey.pemRepresentation), es256),
            (try IdentityKey(publicKey: p256JWK), es256),
            (try IdentityKey(publicKey: self.ed25519.publicKey.pemRepresentation), edDSA),
            (try IdentityKey(publicKey: #" {"kty":"OKP","crv":"Ed25519","x":"\#(okp)"}"#), edDSA),
        ] {
            let check = try IdentityCheck(keys: [key])
            let identity = try await check.verify(.token(token), at: self.shop, now: self.clock.now)
            #expect(identity.subject.rawValue == "user:4711")
            #expect(identity.name == "Zoë" && identity.email == "zoe@example.com")
        }
    }

    @Test("C12: what another key has signed is refused, whatever the algorithm says")
    func foreignKeys() async throws {
        let foreign = SymmetricKey(data: [UInt8](repeating: 6, count: 32))
        #expect(
            await self.denial(of: try await self.hs256(self.claims, foreign), by: try self.secretCheck())
                == .badSignature
        )
        let pem = self.p256.publicKey.pemRepresentation
        let check = try IdentityCheck(keys: [IdentityKey(publicKey: pem)])
        // The public key, which everybody has, as if it were a secret.
        let confused = try await self.hs256(self.claims, SymmetricKey(data: Array(pem.utf8)))
        #expect(await self.denial(of: confused, by: check) == .wrongAlgorithm)
        let other = try await JWTKeyCollection().add(ecdsa: ES256PrivateKey()).sign(self.claims)
        #expect(await self.denial(of: other, by: check) == .badSignature)
        let es384 = try await JWTKeyCollection().add(ecdsa: ES384PrivateKey()).sign(self.claims)
        #expect(await self.denial(of: es384, by: check) == .wrongAlgorithm)
        let payload = #"{"aud":"shop","sub":"4711","exp":\#(self.clock.seconds + 300)}"#
        for header in [#"{"alg":"none"}"#, #"{"alg":"HS512"}"#, #"{"alg":"RS256"}"#] {
            let unsigned = base64URL(Array(header.utf8)) + "." + base64URL(Array(payload.utf8)) + "."
            #expect(await self.denial(of: unsigned, by: check) == .wrongAlgorithm)
        }
        let empty = base64URL(Array(#"{"alg":"ES256"}"#.utf8)) + "." + base64URL(Array(payload.utf8)) + "."
        #expect(await self.denial(of: empty, by: check) == .badSignature)
    }

    @Test("C12: a token for another site or for nobody is refused; one that names the site among others isn't")
    func audience() async throws {
        let check = try self.secretCheck()
        for (audience, denial) in [
            (["shop"], nil), (["a", "shop"], nil), (["forum"], .wrongAudience), ([], .wrongAudience),
            (["Shop"], .wrongAudience),
        ] as [([String], AccessDenied?)] {
            var claims = self.claims
            claims.aud = audience
            #expect(await self.denial(of: try await self.hs256(claims), by: check) == denial, "\(audience)")
        }
        var claims = self.claims
        claims.sub = nil
        #expect(await self.denial(of: try await self.hs256(claims), by: check) == .missingClaim)
        claims.sub = ""
        #expect(await self.denial(of: try await self.hs256(claims), by: check) == .missingClaim)
    }

    @Test("C12: an identity ends within 10 minutes, has begun and hasn't ended, with 30 seconds for the clocks")
    func times() async throws {
        let check = try self.secretCheck()
        let now = Double(self.clock.seconds)
        for (exp, nbf, iat, denial) in [
            (now + 600, nil, nil, nil), (now + 630, nil, nil, nil), (now + 631, nil, nil, .livesTooLong),
            (now + 86_400, nil, nil, .livesTooLong), (now - 29, nil, nil, nil), (now - 30, nil, nil, .expired),
            (now + 300.5, nil, nil, nil), (nil, nil, nil, .missingClaim), (now + 300, now + 30, now + 30, nil),
            (now + 300, now + 31, nil, .notYetValid), (now + 300, nil, now + 31, .notYetValid),
        ] as [(Double?, Double?, Double?, AccessDenied?)] {
            var claims = self.claims
            (claims.exp, claims.nbf, claims.iat) = (exp, nbf, iat)
            let token = try await self.hs256(claims)
            #expect(await self.denial(of: token, by: check) == denial, "\(exp ?? 0 - now) \(nbf ?? 0) \(iat ?? 0)")
        }
    }

    @Test("C12: a bare name, or one with a hash that the site hasn't turned on, is never verified")
    func hashes() async throws {
        let code = HMAC<SHA256>.authenticationCode(for: Data("4711".utf8), using: Self.secret)
        let hash = code.map { String(format: "%02x", $0) }.joined()
        let key = try IdentityKey(secret: Self.secret)
        let on = try IdentityCheck(keys: [key], acceptsHashes: true)
        for (check, id, hash, denial) in [
            (on, "4711", hash, nil), (on, "4711", hash.uppercased(), nil),
            (try self.secretCheck(), "4711", hash, .unsignedIdentity), (on, "4712", hash, .badSignature),
            (on, "4711", "", .malformed), (on, "4711", String(hash.dropLast(2)), .malformed),
            (on, "", hash, .malformed),
            (on, "4711", String(hash.dropLast()) + "é", .malformed),
            (on, "4711", String(repeating: "0", count: 64), .badSignature),
            (try IdentityCheck(keys: [], acceptsHashes: true), "4711", hash, .unsignedIdentity),
            (
                try IdentityCheck(
                    keys: [IdentityKey(publicKey: self.p256.publicKey.pemRepresentation)],
                    acceptsHashes: true
                ), "4711", hash, .badSignature
            ),
        ] as [(IdentityCheck, String, String, AccessDenied?)] {
            do {
                let proof = IdentityProof.hash(id: id, hash: hash)
                let identity = try await check.verify(proof, at: self.shop, now: self.clock.now)
                #expect(denial == nil && identity.subject.rawValue == "user:4711" && identity.name == nil)
            } catch { #expect(error == denial, "\(id) \(hash)") }
        }
        #expect(await self.denial(of: "4711", by: on) == .malformed)
    }

    @Test("no identity with one bit changed is accepted")
    func bitFlips() async throws {
        let check = try self.secretCheck()
        let token = Array(try await self.hs256(self.claims).utf8)
        for position in token.indices {
            for bit in 0..<8 {
                var changed = token
                changed[position] ^= 1 << bit
                let text = String(decoding: changed, as: UTF8.self)
                #expect(await self.denial(of: text, by: check) != nil, "bit \(bit) of byte \(position)")
            }
        }
    }

    @Test("a header with a number that stops other readers is refused or read, and stops nobody")
    func hugeNumber() async throws {
        let payload = #"{"aud":"shop","sub":"4711","exp":\#(self.clock.seconds + 300),"x":1e300}"#
        let token = AccessTests.hs256(
            header: Array(#"{"alg":"HS256","x":1e300}"#.utf8),
            payload: Array(payload.utf8),
            secret: [UInt8](repeating: 5, count: 32)
        )
        #expect(await self.denial(of: token, by: try self.secretCheck()) == nil)
    }

    @Test("a site may change its key: by name, or by trying each")
    func rotation() async throws {
        let old = SymmetricKey(data: [UInt8](repeating: 6, count: 32))
        let named = try IdentityCheck(keys: [
            IdentityKey(secret: Self.secret, id: "new"), IdentityKey(secret: old, id: "old"),
        ])
        #expect(await self.denial(of: try await self.hs256(self.claims, old, kid: "old"), by: named) == nil)
        #expect(await self.denial(of: try await self.hs256(self.claims, old), by: named) == nil)
        #expect(await self.denial(of: try await self.hs256(self.claims, old, kid: "new"), by: named) == .badSignature)
        #expect(await self.denial(of: try await self.hs256(self.claims, old, kid: "../old"), by: named) == .unknownKey)
        let unnamed = try IdentityCheck(keys: [IdentityKey(secret: Self.secret), IdentityKey(secret: old)])
        #expect(await self.denial(of: try await self.hs256(self.claims, old, kid: "any"), by: unnamed) == nil)
        #expect(throws: KeyProblem.repeatedID("a")) {
            try IdentityCheck(keys: [IdentityKey(secret: old, id: "a"), IdentityKey(secret: Self.secret, id: "a")])
        }
        let key = try IdentityKey(secret: old)
        #expect(throws: KeyProblem.tooManyKeys) { try IdentityCheck(keys: [key, key, key, key, key]) }
    }

    @Test("keys that aren't public ones of a kind that is read are refused, with a text that says what to write")
    func keys() throws {
        let d = base64URL(Array(self.ed25519.rawRepresentation))
        let x = base64URL(Array(self.ed25519.publicKey.rawRepresentation))
        for (text, problem) in [
            (self.p256.pemRepresentation, KeyProblem.privateKey), (self.ed25519.pemRepresentation, .privateKey),
            (#"{"kty":"OKP","crv":"Ed25519","x":"\#(x)","d":"\#(d)"}"#, .privateKey),
            (ES384PrivateKey().publicKey.pemRepresentation, .unsupportedKey),
            (#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, .unsupportedKey),
            (#"{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}"#, .unsupportedKey),
            (#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#, .notAPublicKey),
            (#"{"kty":"oct","k":"AA"}"#, .notAPublicKey),
            (#"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#, .notAPublicKey), ("", .notAPublicKey), ("{", .notAPublicKey),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", .unsupportedKey),
        ] {
            #expect(throws: problem, "\(text)") { try IdentityKey(publicKey: text) }
        }
        let short = SymmetricKey(data: [UInt8](repeating: 1, count: 31))
        #expect(throws: KeyProblem.tooShort("identity", bytes: 31)) { try IdentityKey(secret: short) }
        #expect(
            KeyProblem.privateKey.description
                == "a private key; register the public one and keep this one at the site [private-key]"
        )
    }

    @Test("a name or an address that is too long or holds control characters is left out; neither is ever described")
    func details() async throws {
        var claims = self.claims
        claims.name = String(repeating: "n", count: 81)
        claims.email = "a@example.com\r\nBcc: b@example.com"
        let check = try self.secretCheck()
        let token = try await self.hs256(claims)
        let identity = try await check.verify(.token(token), at: self.shop, now: self.clock.now)
        #expect(identity.name == nil && identity.email == nil)
        claims.name = "Zoë"
        claims.email = "zoe@example.com"
        let proof = IdentityProof.token(try await self.hs256(claims))
        let full = try await check.verify(proof, at: self.shop, now: self.clock.now)
        var text = "\(full) \(String(reflecting: full)) \(proof) \(try IdentityKey(secret: Self.secret))"
        dump(full, to: &text)
        dump(try IdentityKey(secret: Self.secret), to: &text)
        #expect(!text.contains("zoe") && !text.contains("Zoë") && !text.contains("4711") && !text.contains("5, 5"))
    }
}
