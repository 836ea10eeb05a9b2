import Access
import Messages
import Testing

@Suite("hostile tokens")
struct HostileTokenTests {
    @Test("no token with one bit changed is accepted, at any position")
    func bitFlips() throws {
        let fixture = try AccessFixture()
        let token = Array(fixture.tokens.mint(for: fixture.visitor).text.utf8)
        for position in token.indices {
            for bit in 0..<8 {
                var changed = token
                changed[position] ^= 1 << bit
                let text = String(decoding: changed, as: UTF8.self)
                #expect(fixture.denial(of: text) != nil, "bit \(bit) of byte \(position)")
            }
        }
    }

    @Test("no beginning, no end and no lengthening of a token is accepted")
    func truncations() throws {
        let fixture = try AccessFixture()
        let token = fixture.tokens.mint(for: fixture.visitor).text
        for length in 0..<token.count {
            #expect(fixture.denial(of: String(token.prefix(length))) != nil, "\(length)")
            #expect(fixture.denial(of: String(token.suffix(length))) != nil, "\(length)")
        }
        for extra in ["A", "=", "==", ".", " ", "\n", "\0", ".A", "é", "\u{301}", "AAAA"] {
            #expect(fixture.denial(of: token + extra) != nil, "\(extra.debugDescription)")
            #expect(fixture.denial(of: extra + token) != nil, "\(extra.debugDescription)")
        }
    }

    @Test("8 KiB are read and one byte more isn't")
    func size() throws {
        let fixture = try AccessFixture()
        func token(padding: Int) -> String {
            fixture.token(["pad": "\"\(String(repeating: "x", count: padding))\""])
        }
        let most = (5_000..<7_000).filter { token(padding: $0).utf8.count <= 8_192 }.max() ?? 0
        #expect(token(padding: most).utf8.count > 8_190)
        #expect(fixture.denial(of: token(padding: most)) == nil)
        #expect(fixture.denial(of: token(padding: most + 2)) == .malformed)
        #expect(fixture.denial(of: String(repeating: "A", count: 1_000_000)) == .malformed)
        #expect(fixture.denial(of: String(repeating: ".", count: 8_000)) == .malformed)
    }

    @Test("a payload with a good signature must be one object with every key once, and numbers must be numbers")
    func payloads() throws {
        let fixture = try AccessFixture()
        let now = fixture.clock.seconds
        let good = object(fixture.claims)
        let twice = String(good.dropLast()) + #","role":"agent"}"#
        let twin = String(good.dropLast()) + #","\u0072ole":"agent"}"#
        let deep = String(good.dropLast()) + ",\"x\":" + String(repeating: "[", count: 100) + "}"
        let deepClosed =
            String(good.dropLast()) + ",\"x\":" + String(repeating: "[", count: 100)
            + String(repeating: "]", count: 100) + "}"
        for payload in [
            "", "{}x", "[\(good)]", "\"\(good)\"", "null", twice, twin, deep, deepClosed, good + good,
            "\u{FEFF}" + good,
            String(good.dropLast()) + ",}", String(good.dropLast()) + #","x":"\ud800"}"#,
        ] {
            #expect(fixture.denial(of: fixture.signed(payload: payload)) == .malformed, "\(payload.prefix(60))")
        }
        for exp in [
            "1e400", "-1e400", "Infinity", "NaN", "0x7fffffff", "01", "1_0", String(repeating: "9", count: 400),
        ] {
            #expect(fixture.denial(of: fixture.token(["exp": exp])) == .malformed, "\(exp.prefix(20))")
        }
        for exp in ["\"\(now + 900)\"", "-1", "1e300", "1e13", "true", "[\(now + 900)]"] {
            #expect(fixture.denial(of: fixture.token(["exp": exp])) == .missingClaim, "\(exp)")
        }
        #expect(fixture.denial(of: fixture.token(["x": "{\"exp\":1,\"role\":\"agent\"}"])) == nil)
    }

    @Test("headers that aren't one small object of texts are refused")
    func headers() throws {
        let fixture = try AccessFixture()
        let payload = object(fixture.claims)
        for header in [
            "", "{}", "[]", "null", #"{"alg":"HS256","kid":"k1","kid":"k1"}"#, #"{"alg":"HS256","\u0061lg":"none"}"#,
            #"{"alg":["HS256"],"kid":"k1"}"#, #"{"alg":null,"kid":"k1"}"#, "{\"alg\":\"HS256\",\"kid\":\"k1\"}\0",
            "{\"alg\":\"HS256\",\"kid\":\"k\u{0}1\"}", #"{"alg":"HS256","kid":"k1","x":1e400}"#,
        ] {
            let token = fixture.signed(header: header, payload: payload)
            #expect(fixture.denial(of: token) == .malformed, "\(header)")
        }
        // Such a number stops other readers.
        let huge = fixture.signed(header: #"{"alg":"HS256","kid":"k1","x":1e300}"#, payload: payload)
        #expect(fixture.denial(of: huge) == nil)
        let dots = payload.split(separator: ",").joined(separator: ".")
        #expect(fixture.denial(of: dots) == .malformed)
    }

    @Test("bytes that aren't UTF-8 are refused even with a good signature")
    func invalidText() throws {
        let fixture = try AccessFixture()
        let token = fixture.tokens.mint(for: fixture.visitor).text
        let header = Array(#"{"alg":"HS256","kid":"k1"}"#.utf8)
        for bytes in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xC3]] as [[UInt8]] {
            let payload =
                Array(object(fixture.claims).utf8.dropLast()) + Array(#","x":""#.utf8) + bytes + Array("\"}".utf8)
            let text = hs256(header: header, payload: payload, secret: [UInt8](repeating: 7, count: 32))
            #expect(fixture.denial(of: text) == .malformed, "\(bytes)")
        }
        for text in ["\(token)\u{0}", "\u{0}", "é.é.é", "..", "...", ".", "a.b.c", "\u{FF0E}.\u{FF0E}.A"] {
            #expect(fixture.denial(of: text) == .malformed, "\(text.suffix(8).debugDescription)")
        }
    }

    @Test("a token whose last character holds left-over bits is refused, though it stands for the same bytes")
    func leftOverBits() throws {
        let fixture = try AccessFixture()
        let token = fixture.tokens.mint(for: fixture.visitor).text
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let last = try #require(token.last.flatMap { alphabet.firstIndex(of: $0) })
        #expect(last % 4 == 0)
        for other in 1...3 {
            #expect(fixture.denial(of: String(token.dropLast()) + String(alphabet[last + other])) == .malformed)
        }
    }

    @Test("no random mutation of a token is accepted", arguments: 0..<8 as Range<UInt64>)
    func mutations(seed: UInt64) throws {
        let fixture = try AccessFixture()
        var generator = SplitMix64(seed: 41, index: seed)
        let token = Array(fixture.tokens.mint(for: fixture.visitor).text.utf8)
        let other = Array(fixture.tokens.mint(for: fixture.visitor, lifeSeconds: 60).text.utf8)
        for _ in 0..<1_000 {
            var changed = token
            for _ in 0...Int.random(in: 0..<4, using: &generator) {
                Self.mutate(&changed, with: other, using: &generator)
            }
            guard changed != token, changed != other else { continue }
            let text = String(decoding: changed, as: UTF8.self)
            #expect(fixture.denial(of: text) != nil, "\(text)")
        }
    }

    private static func mutate(_ bytes: inout [UInt8], with other: [UInt8], using generator: inout SplitMix64) {
        guard !bytes.isEmpty else { return }
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        let length = Int.random(in: 0...min(12, bytes.count - place), using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes.removeSubrange(place..<place + length)
        case 2: bytes.insert(contentsOf: bytes[place..<place + length], at: place)
        case 3: bytes.swapAt(place, Int.random(in: 0..<bytes.count, using: &generator))
        case 4:
            let end = min(place + length, other.count)
            if place < end { bytes.replaceSubrange(place..<min(place + length, bytes.count), with: other[place..<end]) }
        default: bytes.insert(Array("ABz09-_.=".utf8).randomElement(using: &generator) ?? 0, at: place)
        }
    }

    @Test("C14: 100,000 random tokens are all refused, and nothing is kept of them")
    func flood() throws {
        let fixture = try AccessFixture()
        var generator = SplitMix64(state: 14)
        let header = base64URL(Array(#"{"alg":"HS256","kid":"k1"}"#.utf8))
        var accepted = 0
        for index in 0..<100_000 {
            let payload = randomBase64URL(characters: 40, using: &generator)
            let signature = randomBase64URL(characters: 43, using: &generator)
            let token = index % 2 == 0 ? "\(header).\(payload).\(signature)" : "\(payload).\(payload).\(signature)"
            if fixture.denial(of: token) == nil { accepted += 1 }
        }
        #expect(accepted == 0)
        #expect(fixture.revocations.count == 0)
    }
}
