import Diagnostics
import Messages
import Plugins
import Responders
import RespondersTesting
import Testing

@Suite("redact")
struct RedactTests {
    private static func shown(_ text: String, _ settings: String = "{}") async throws -> String {
        let desk = try Desk(Redact.self, settings)
        guard case .augment(let found) = try await desk.hears(text) else { return text }
        return try #require(text.replacing(found.replacements))
    }

    @Test(
        "hides what is secret and nothing around it",
        arguments: [
            ("card 4111 1111 1111 1111.", "card [card number]."),
            ("4111-1111-1111-1111", "[card number]"), ("4111.1111.1111.1111", "[card number]"),
            ("Karte4111111111111111!", "Karte[card number]!"),
            ("amex 3782 822463 10005 ok", "amex [card number] ok"),
            ("order 17 4111 1111 1111 1111 12/27", "order 17 [card number] 12/27"),
            ("٤١١١ ١١١١ ١١١١ ١١١١", "[card number]"), ("4111\u{a0}1111\u{202f}1111\u{2011}1111", "[card number]"),
            ("4111 1111 1111 1111 and 5555 5555 5555 4444", "[card number] and [card number]"),
            ("DE89 3704 0044 0532 0130 00 bitte", "[IBAN] bitte"), ("iban:gb82west12345698765432.", "iban:[IBAN]."),
            ("NO93 8601 1117 947", "[IBAN]"), ("MT84MALT011000012345MTLCAST001S", "[IBAN]"),
            ("write to jane.doe+x@mail.example.com.", "write to [e-mail address]."),
            ("<jörg@bücher.example>", "<[e-mail address]>"),
            ("password: hunter2", "password: [password]"),
            ("My PASSWORD is hunter2 ok", "My PASSWORD is [password] ok"),
            ("Mein Passwort lautet geheim1!", "Mein Passwort lautet [password]"),
            ("pw=abc", "pw=[password]"), ("password hunter2", "password [password]"),
            (#"{"user":"a","password":"se cret"}"#, #"{"user":"a","password":"[password]"}"#),
            ("mot de passe : soleil", "mot de passe : [password]"),
            ("La contraseña es abc123", "La contraseña es [password]"),
            ("كلمة المرور هي abc123", "كلمة المرور هي [password]"),
            ("https://jane:hunter2@db.example.com/x", "https://[password]/x"),
            ("key sk-" + String(repeating: "a1", count: 12), "key [token]"),
            ("api_key=abcd", "api_key=[token]"),
            ("Authorization: Bearer abc123def456", "Authorization: Bearer [token]"),
            ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "[token]"), ("AKIAIOSFODNN7EXAMPLE.", "[token]"),
            ("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\nbye", "[token]\nbye"),
            ("-----BEGIN PRIVATE KEY-----\nAAAA", "[token]"),
        ]
    )
    func hides(text: String, shown: String) async throws { #expect(try await Self.shown(text) == shown) }

    @Test(
        "leaves alone what only looks like it",
        arguments: [
            "4111 1111 1111 1112", "1234 5678 9012 3452", "call +49 30 901820", "order 20261130112233445",
            "GB82 WEST 1234 5698 7654 31", "GB82 WEST 1234 5698 7654", "XX82 WEST 1234 5698 7654 32", "@home", "a@b",
            "my password is wrong", "the password is not working.", "password reset", "I forgot my password!",
            "Das Passwort ist falsch", "token expired", "it's 10:30", "sk-short", "eyJhbGciOi",
            "the PIN pad is broken", "http://example.com:8080/a@b",
        ]
    )
    func leavesAlone(text: String) async throws { #expect(try await Self.shown(text) == text) }

    @Test("every card number is found however it is grouped, and none whose check digit is wrong")
    func cards() async throws {
        var random = SplitMix64(state: 4)
        let desk = try Desk(Redact.self, "patterns: [card]")
        for _ in 0..<2_000 {
            let digits = Self.card(using: &random)
            let number = Self.grouped(digits, using: &random)
            let text = "x \(number), y"
            guard case .augment(let found) = try await desk.hears(text) else {
                Issue.record("\(number) was not found")
                continue
            }
            #expect(text.replacing(found.replacements) == "x [card number], y", "\(number)")
            var wrong = digits
            wrong[wrong.count - 1] = (wrong[wrong.count - 1] + Int.random(in: 1...9, using: &random)) % 10
            let unchecked = wrong.map(String.init).joined()
            try await desk.hears("x \(unchecked), y").expect(.pass(reason: "nothing-to-redact"))
        }
    }

    @Test("every account number is found in groups and in one piece, and none with a digit changed")
    func accounts() async throws {
        var random = SplitMix64(state: 5)
        let desk = try Desk(Redact.self, "patterns: [iban]")
        for _ in 0..<500 {
            let number = Self.account(using: &random)
            let groups = stride(from: 0, to: number.count, by: 4).map { start in
                String(number.dropFirst(start).prefix(4))
            }
            let written = Bool.random(using: &random) ? groups.joined(separator: " ") : number.lowercased()
            guard case .augment(let found) = try await desk.hears("(\(written))") else {
                Issue.record("\(written) was not found")
                continue
            }
            #expect("(\(written))".replacing(found.replacements) == "([IBAN])")
            // Of one digit for another the check digits tell always, of a letter for a digit nearly so.
            let digits = number.indices.dropFirst(4).filter { number[$0].isNumber }
            guard let place = digits.randomElement(using: &random) else { continue }
            var wrong = number
            wrong.replaceSubrange(place...place, with: number[place] == "7" ? "8" : "7")
            try await desk.hears("(\(wrong))").expect(.pass(reason: "nothing-to-redact"))
        }
    }

    @Test(
        "whatever is written, the parts that it replaces are parts of the text, and replacing them again changes nothing"
    )
    func wholeParts() async throws {
        var random = SplitMix64(state: 6)
        let desk = try Desk(Redact.self, "{}")
        let pieces = [
            ",4111 1111 1111 1111,", ",DE89370400440532013000,", "password: ", "pw ", "is ", "a@b.example", "@", "é",
            "٤", "\"",
            "token=", "ghp_", "eyJ", ".", " ", "-", "9", "🙂", "://", "x:y", "-----BEGIN PRIVATE KEY-----", "\n", "abc1",
        ]
        for _ in 0..<2_000 {
            let count = Int.random(in: 1...12, using: &random)
            let text = (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            guard case .augment(let found) = try await desk.hears(text) else { continue }
            let shown = try #require(text.replacing(found.replacements), "\(text.debugDescription)")
            #expect(!shown.contains("4111 1111 1111 1111") && !shown.contains("a@b.example"))
        }
    }

    @Test(
        "texts that are made to keep it busy are answered like others",
        arguments: [
            "1", "1 ", "4", "4 ", "a@", "@", "a.", "pw ", "pw\"", "pw=", "pw is ", "token", "token ", "DE", "DE89 ",
            "sk-",
            "eyJ.", "://", "://a:", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "٤", "é", "\u{2003}",
            "{\"password\":\"", "ab",
        ]
    )
    func hostile(piece: String) async throws {
        let desk = try Desk(
            Redact.self,
            #"own: {evil: '(a|b|ab)*c', number: '\bKD-\d{6}\b', words: '[a-z]*[a-z]*[0-9]'}"#
        )
        let text = String(repeating: piece, count: 4_000 / piece.count)
        // A verdict or the limit of a pattern: both come in bounded time.
        do { _ = try await desk.hears(text) } catch let failure as Failure { #expect(failure.code == .limit) }
        let built = try Desk(Redact.self, "{}")
        _ = try await built.hears(String(repeating: piece, count: 16_384 / piece.utf8.count))
    }

    @Test("patterns of a site's own are found all over a text of any length, by the name that they have")
    func own() async throws {
        let settings =
            #"{patterns: [card], own: {customer: '\bKD-\d{6}\b', plate: '[A-ZÄÖÜ]{1,3}-[A-Z]{1,2} \d{1,4}'}}"#
        #expect(
            try await Self.shown("kd-123456, KD-1234567, XKD-123456, B-AB 1234, KD-654321", settings)
                == "[customer], KD-1234567, XKD-123456, [plate], [customer]"
        )
        let long = String(repeating: "ä ", count: 2_400)
        #expect(try await Self.shown(long + "KD-123456 " + long, settings) == long + "[customer] " + long)
        #expect(try await Self.shown("jane@mail.example.com", settings) == "jane@mail.example.com")
    }

    @Test("a pattern that may match nothing at all replaces nothing there")
    func emptyMatches() async throws {
        #expect(try await Self.shown("aéa", "own: {any: 'x*'}") == "aéa")
        #expect(try await Self.shown("axxa", "own: {any: 'x*'}") == "a[any]a")
    }

    @Test(
        "says what is wrong with its settings",
        arguments: [
            (
                "patterns: [cards]",
                "test.yaml:1:12: redact.patterns[0]: \"cards\" is not a known word; did you mean \"card\"? [wrong-value]"
            ),
            (
                "patterns: []",
                """
                test.yaml:1:1: redact.patterns: nothing would be hidden; leave it out, and everything known is \
                [nothing-to-redact]
                """
            ),
            (
                "own: {broken: '(a'}",
                "test.yaml:1:7: redact.own.broken: missing closing parenthesis at character 3 [bad-pattern]"
            ),
            (
                "own: {A B: 'a'}",
                "test.yaml:1:7: redact.own.A B: \"A B\" can't name a pattern; use 1 to 32 of a-z 0-9 - [bad-name]"
            ),
        ]
    )
    func mistakes(yaml: String, message: String) {
        let rejection = #expect(throws: Rejection.self) { try Desk(Redact.self, yaml) }
        #expect(rejection?.description == message)
    }
}

extension RedactTests {
    private static func card(using random: inout SplitMix64) -> [Int] {
        var digits = [Int.random(in: 3...6, using: &random)]
        let count = Int.random(in: 13...19, using: &random)
        while digits.count < count - 1 { digits.append(Int.random(in: 0...9, using: &random)) }
        let sum = digits.reversed().enumerated().reduce(0) { sum, digit in
            let weighted = digit.offset.isMultiple(of: 2) ? 2 * digit.element : digit.element
            return sum + weighted / 10 + weighted % 10
        }
        return digits + [(10 - sum % 10) % 10]
    }

    private static func grouped(_ digits: [Int], using random: inout SplitMix64) -> String {
        let separator = ["", " ", "-", "."].randomElement(using: &random) ?? ""
        let size = Int.random(in: 3...6, using: &random)
        return digits.enumerated().map { place, digit in
            (place > 0 && place.isMultiple(of: size) ? separator : "") + "\(digit)"
        }
        .joined()
    }

    private static func account(using random: inout SplitMix64) -> String {
        let countries = [("DE", 22), ("GB", 22), ("NO", 15), ("MT", 31), ("FR", 27)]
        let (country, length) = countries.randomElement(using: &random) ?? ("DE", 22)
        let characters = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        let rest = String((0..<length - 4).map { _ in characters.randomElement(using: &random) ?? "0" })
        let remainder = (rest + country + "00").reduce(0) { value, character in
            let digit = characters.firstIndex(of: character) ?? 0
            return (value * (digit > 9 ? 100 : 10) + digit) % 97
        }
        let check = 98 - remainder
        return country + (check < 10 ? "0" : "") + "\(check)" + rest
    }
}
