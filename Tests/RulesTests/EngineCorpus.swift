@testable import Rules

/// Rules and messages that are made up from a seed: rules of the shapes that support teams write, and messages that
/// hit about half of them.
///
/// Made anew for each run rather than kept in a file, so that another seed is another corpus.
struct EngineCorpus {
    private var generator: SeededGenerator
    private var ruleCount = 0

    init(seed: String) { self.generator = SeededGenerator("corpus", seed) }

    private static let problems = [
        "broken", "error", "issue", "crash", "fails", "stuck", "missing", "timeout", "slow", "takes forever", "lag",
    ]
    private static let things = [
        "dropdown", "button", "menu", "form", "field", "table", "icon", "color", "dark mode", "login", "checkout",
        "ticket list", "search", "api key", "two factor", "shipping", "desk", "task", "kiosk", "sso",
    ]
    private static let greetings = ["hi", "hello", "hey", "good morning", "guten tag", "buenos días", "cześć", "olá"]
    private static let foreign = ["größe", "schließen", "écran", "błąd", "contraseña", "σφάλμα", "αργός", "ошибка"]
    private static let fillers = [
        "the", "is", "my", "on", "a", "since", "please", "thanks", "solved", "and", "v2", "number",
    ]

    mutating func number(below bound: Int) -> Int { Int(self.generator.next() % UInt64(bound)) }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[self.number(below: elements.count)] }

    // MARK: Rules

    /// A pattern, caseless and with the letters of all scripts.
    mutating func pattern() -> String {
        self.ruleCount += 1
        switch self.number(below: 8) {
        case 0: return #"\b\#(self.group(Self.things + Self.problems, endings: true))\b"#
        case 1:
            let (what, place) = (self.group(Self.problems, endings: true), self.group(Self.things))
            return #"\b\#(what)\b.{0,\#(self.pick([20, 60]))}?\b\#(place)\b"#
        case 2: return #"\b\#(self.group(Self.things))\#(self.pick(Self.tails))"#
        case 3: return #"^(?=.*\b\#(self.group(Self.problems, endings: true))\b)(?=.*\b\#(self.group(Self.things))\b)"#
        case 4: return #"\b\#(self.group(Self.things))\b(?!.*\b(?:thanks|solved|never\s+mind)\b)"#
        case 5: return #"^\W*\#(self.group(Self.greetings))\b[\s!.,]*\#(self.group(Self.things))?\W*$"#
        case 6: return #"\b(\#(self.group(Self.things)))\b.{0,40}?\b\1\b"#
        default: return #"\b\#(self.group(Self.foreign + Self.things))\b"#
        }
    }

    private static let tails = [
        #"\s*(?:#|no\.?|number|id)?\s*(?<number>\d{3,10})\b"#, #"\s+v?(?<version>\d+(?:\.\d+){0,3})\b"#,
        #"\b.{0,30}?(?<url>https?://\S+)"#, #"\s+(?:on|and)\s+(?<name>\w+)"#,
        #"\b.{0,20}?["“](?<quote>[^"”]{1,60})["”]"#,
    ]

    private mutating func group(_ words: [String], endings: Bool = false) -> String {
        let chosen = (0...self.number(below: 5)).map { _ in
            self.pick(words).replacing(" ", with: #"\s+"#)
                + (endings ? self.pick(["", "", "s?", "(?:s|ed|ing)?"]) : "")
        }
        return "(?:\(chosen.joined(separator: "|")))"
    }

    // MARK: Messages

    /// What a visitor might write.
    mutating func message() -> String {
        let words = (0...(2 + self.number(below: 14))).map { _ in
            switch self.number(below: 10) {
            case 0...3: self.pick(Self.fillers)
            case 4, 5: self.pick(Self.problems) + self.pick(["", "", "s", "ed"])
            case 6, 7: self.pick(Self.things)
            case 8: self.pick(Self.foreign + Self.greetings)
            default: self.pick(["502", "#4711", "v1.20", "“Access denied”", "https://example.com/a/7", "👋", "\n"])
            }
        }
        return self.oddlyCased(words.joined(separator: self.pick([" ", " ", ", "])))
    }

    /// The same text to caseless matching: other letters that PCRE2 holds equal, here and there.
    mutating func oddlyCased(_ text: String) -> String {
        guard self.number(below: 3) == 0 else { return text }
        let odd: [Character: [String]] = [
            "k": ["K", "\u{212A}"], "s": ["S", "\u{17F}"], "ß": ["ẞ"], "ς": ["σ", "Σ"], "σ": ["ς", "Σ"],
            "å": ["\u{212B}"],
        ]
        return text.map { character in
            if let others = odd[character], self.number(below: 2) == 0 { return self.pick(others) }
            return self.number(below: 4) == 0 ? character.uppercased() : String(character)
        }
        .joined()
    }
}
