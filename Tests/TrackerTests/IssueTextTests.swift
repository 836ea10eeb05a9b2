import Foundation
import Messages
import Testing

@testable import Tracker

@Suite("issues: texts of strangers")
struct IssueTextTests {
    /// Texts that every tracker must take.
    static let hostile: [String] = [
        "Ünïcödé ärger", "👩‍👩‍👧‍👦 family 🏳️‍🌈", "שלום עולם", "\u{202E}gnp.exe", "a\0b\u{7}c\u{1B}[31md", "</script><script>",
        "<img src=x onerror=alert(1)>", "{{x}}", "{title}", "text ~ \"x\" AND project = Y", "a OR b NOT c NEAR(d)",
        "100 %", "\"quoted\"", "back\\slash", "one\r\ntwo", "'; DROP TABLE issue; --", "\u{2028}line", "=cmd()",
        String(repeating: "e\u{301}", count: 300), "a" + String(repeating: "\u{301}", count: 5_000),
        String(repeating: "long ", count: 4_000),
    ]

    @Test(
        "H2: a title is one line within its bound, without control characters, and otherwise as it was written",
        arguments: hostile
    )
    func titles(text: String) async throws {
        let folder = try IssueFolder()
        let tracker = try folder.open()
        let draft = try IssueDraft(title: text, body: text, site: .shop)
        #expect(1...255 ~= draft.title.count)
        #expect(draft.body.utf8.count <= 16_384)
        for part in [draft.title, draft.body] {
            #expect(!part.unicodeScalars.contains { $0.properties.generalCategory == .control && $0 != "\n" })
            #expect(!part.unicodeScalars.contains { 0x202A...0x202E ~= $0.value })
        }
        #expect(!draft.title.contains { $0.isNewline })
        _ = try await tracker.create(draft, key: DedupeKey("k"))
        let issue = try #require(try await tracker.issue(1, of: .shop))
        #expect(issue.title == draft.title)
        #expect(issue.body == draft.body)
        let json = try JSONEncoder().encode(issue)
        let object = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
        #expect(object["title"] as? String == draft.title)
    }

    @Test("plain texts stay as they are, letter for letter")
    func verbatim() throws {
        let text = "Grüße, 👩‍👩‍👧‍👦 שלום: 100 % \"x\" \\ {title} <b>"
        #expect(try IssueDraft(title: text, body: text).title == text)
        #expect(try IssueDraft(title: text, body: text + "\n\tnext").body == text + "\n\tnext")
        #expect(try IssueDraft(title: "  one\r\n\r\n two\t3 ").title == "one two 3")
        #expect(try IssueDraft(title: "x", body: "a\r\nb\rc\u{2028}d").body == "a\nb\nc\nd")
    }

    @Test("a title of nothing to read is refused", arguments: ["", " \n\t", "\0\u{1}", "\u{202E}"])
    func empty(text: String) async {
        let error = await trackerError { _ = try IssueDraft(title: text) }
        #expect(error.map { "\($0)" } == "title: has no character to read [invalid-issue]")
    }

    @Test(
        "quoted words notify nobody and link nothing",
        arguments: [
            ("@all look", "> @\u{200B}all look"), ("see #12", "> see #\u{200B}12"), ("/close", "> /close"),
            ("a\n/close\n\n# b", "> a\n> /close\n>\n> # b"),
            ("https://evil.example", "> https:\u{200B}//evil.example"),
            ("www.evil.example", "> www.\u{200B}evil.example"),
            ("[x](javascript:1)", "> [\u{200B}x](javascript:\u{200B}1)"),
            ("mail a@b.example", "> mail a@\u{200B}b.example"),
            ("group!7", "> group!\u{200B}7"), ("<b>", "> <\u{200B}b>"), ("```", "> `\u{200B}`\u{200B}`"),
        ]
    )
    func quoted(text: String, expected: String) {
        #expect(IssueText.quoted(text) == expected)
    }
}

@Suite("issues: how like two reports are")
struct IssueLikenessTests {
    private static let words = [
        "checkout", "login", "error", "502", "E_NO_DISK", "the", "is", "slow", "ärger", "button", "weiß", "שלום", "🏳️‍🌈",
        "", "a\0b",
    ]

    private static func report(_ generator: inout some RandomNumberGenerator) -> IssueLikeness {
        func text() -> String {
            (0..<Int.random(in: 0...8, using: &generator)).map { _ in
                Self.words.randomElement(using: &generator) ?? ""
            }.joined(separator: " ")
        }
        let page = [nil, "/", "/checkout"].randomElement(using: &generator) ?? nil
        return IssueLikeness(title: text(), body: text(), page: page)
    }

    @Test("the score is from 0 through 1, the same in both directions, and 1 for equal reports")
    func properties() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let (left, right) = (Self.report(&generator), Self.report(&generator))
            let score = left.score(right)
            #expect(0...1 ~= score)
            #expect(score == right.score(left))
            #expect(left.score(left) == 1)
        }
    }

    @Test("what people see as the same scores high, and what they don't scores low")
    func examples() {
        func score(_ left: String, _ right: String, _ pages: (String?, String?) = (nil, nil)) -> Double {
            IssueLikeness(title: left, page: pages.0).score(IssueLikeness(title: right, page: pages.1))
        }
        #expect(score("Checkout fails with error 502", "error 502: the checkout fails") > 0.8)
        #expect(score("Der Login geht nicht", "Login geht nicht mehr", ("/login", "/login")) > 0.8)
        #expect(score("Checkout fails with error 502", "Checkout fails with error 404") < 0.8)
        #expect(score("Checkout fails", "Please change the colour of the menu", ("/", "/")) < 0.3)
        #expect(score("the is a", "where", ("/", "/")) < 0.5)
        #expect(score("", "") == 1)
    }
}
