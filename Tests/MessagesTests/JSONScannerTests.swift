import Foundation
import Messages
import Testing

@Suite("JSON from clients")
struct JSONScannerTests {
    private func scan(_ text: String) -> JSONScanner.Failure? {
        var scanner = JSONScanner()
        var text = text
        return text.withUTF8 { bytes in
            do throws(JSONScanner.Failure) {
                try scanner.scan(bytes)
                return nil
            } catch {
                return error
            }
        }
    }

    @Test(
        "F8: is read where JSONDecoder reads it",
        arguments: [
            "{}", " { } ", #"{"a":1}"#, #"{"a":-0.5e+3,"b":[1,2,{"c":null}],"d":true,"e":false}"#, #"{"":""}"#,
            #"{"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}"#, "{\"a\":\"é😀\"}", #"{"a":[]}"#,
        ]
    )
    func accepted(text: String) {
        #expect(self.scan(text) == nil)
        #expect((try? JSONSerialization.jsonObject(with: Data(text.utf8))) != nil)
    }

    @Test(
        "is refused with the reason",
        arguments: [
            ("", .syntax), ("{", .syntax), ("}", .syntax), (#"{"a"}"#, .syntax), (#"{"a":}"#, .syntax),
            (#"{"a":1,}"#, .syntax), (#"{a:1}"#, .syntax), (#"{'a':1}"#, .syntax), (#"{"a":01}"#, .syntax),
            (#"{"a":+1}"#, .syntax), (#"{"a":1.}"#, .syntax), (#"{"a":.5}"#, .syntax), (#"{"a":1e}"#, .syntax),
            (#"{"a":tru}"#, .syntax), (#"{"a":"\x"}"#, .syntax), (#"{"a":"\u12"}"#, .syntax),
            ("{\"a\":\"\n\"}", .syntax),
            ("{} {}", .syntax), ("\u{FEFF}{}", .syntax), ("nonsense", .syntax), ("[1]", .notAnObject),
            ("7", .notAnObject),
            (#"{"a":1,"a":2}"#, .duplicateKey), (#"{"type":1,"\u0074ype":2}"#, .duplicateKey),
            (#"{"x":{"a":1,"a":2}}"#, .duplicateKey), (#"{"a":"\ud800"}"#, .loneSurrogate),
            (#"{"a":"\udc00"}"#, .loneSurrogate), (#"{"a":"\ud800\u0041"}"#, .loneSurrogate),
            (#"{"a":1e400}"#, .numberOutOfRange), (#"{"a":123456789012345678901234567890123}"#, .numberTooLong),
        ] as [(String, JSONScanner.Failure)]
    )
    func refused(text: String, reason: JSONScanner.Failure) { #expect(self.scan(text) == reason) }

    @Test("nests 16 levels deep and has 64 members an object, and no more")
    func bounds() {
        func nested(_ depth: Int) -> String {
            #"{"a":"# + String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1) + "}"
        }
        #expect(self.scan(nested(16)) == nil)
        #expect(self.scan(nested(17)) == .tooDeep)
        #expect(self.scan(#"{"a":"# + String(repeating: "[", count: 10_000)) == .tooDeep)
        func wide(_ count: Int) -> String { "{" + (0..<count).map { "\"k\($0)\":0" }.joined(separator: ",") + "}" }
        #expect(self.scan(wide(64)) == nil)
        #expect(self.scan(wide(65)) == .tooManyMembers)
    }

    @Test("F8: texts are decoded as JSONDecoder decodes them")
    func texts() throws {
        var scanner = JSONScanner()
        for written in [#"a\"b"#, #"\u0041\u00e9\u20ac\ud83d\ude00"#, #"tab\tline\nslash\/"#, "é😀", #"\\u0041"#, ""] {
            var text = "{\"k\":\"\(written)\"}"
            let expected = try JSONDecoder().decode([String: String].self, from: Data(text.utf8))["k"]
            let found = try text.withUTF8 { bytes -> String? in
                try scanner.scan(bytes)
                return scanner.value(of: "k", in: bytes).map { scanner.text(of: $0, in: bytes) }
            }
            #expect(found == expected)
        }
    }
}

@Suite("frames of the server")
struct ServerFrameTests {
    private struct Durable: Decodable, Equatable {
        var type, message, timestamp, sessionId, id, epoch: String
        var seq: Int
        var inReplyTo: String?
        var replay: Bool?
    }

    @Test("are JSON that says what the message says", arguments: ["hello", "\"\\\u{1}\n\t é😀 </script>", ""])
    func durable(text: String) throws {
        let session = try #require(SessionID("s_1"))
        let moment = Timestamp(milliseconds: 1_795_498_153_123)
        let message = Message(.claude, text, id: "re:m1", at: moment, inReplyTo: "m1")
        let json = ServerFrame.durable(message, session: session, seq: 7, epoch: "k3f.9a1c")
        #expect(!json.contains(0x0A))
        var expected = Durable(
            type: "claude",
            message: text,
            timestamp: "2026-11-24T05:29:13.123Z",
            sessionId: "s_1",
            id: "re:m1",
            epoch: "k3f.9a1c",
            seq: 7,
            inReplyTo: "m1"
        )
        #expect(try JSONDecoder().decode(Durable.self, from: Data(json)) == expected)
        expected.replay = true
        #expect(try JSONDecoder().decode(Durable.self, from: Data(ServerFrame.replayed(json))) == expected)
    }

    @Test(
        "write moments as RFC 3339",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"), (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        ] as [(Int64, String)]
    )
    func timestamps(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }
}

@Suite("UTF-8")
struct UTF8ValidatorTests {
    @Test("is judged as the standard library judges it, whole and in pieces")
    func pieces() {
        var generator = SplitMix64(state: 7)
        let interesting: [UInt8] = [
            0x41, 0x7F, 0x80, 0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xA0, 0xED, 0x9F, 0xEF, 0xF0, 0x90, 0xF4, 0x8F, 0xF5, 0xFF,
        ]
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                interesting[Int.random(in: 0..<interesting.count, using: &generator)]
            }
            let expected = String(validating: bytes, as: UTF8.self) != nil
            #expect(bytes.withUnsafeBytes(UTF8Validator.isValid) == expected, "\(bytes)")
            let cut = Int.random(in: 0...bytes.count, using: &generator)
            var validator = UTF8Validator()
            let isValid =
                bytes[..<cut].withUnsafeBytes { validator.append($0) }
                && bytes[cut...].withUnsafeBytes { validator.append($0) } && validator.isComplete
            #expect(isValid == expected, "\(bytes) cut at \(cut)")
        }
    }
}
