import Diagnostics
import Rules
import Testing

/// Words, macros and includes: what a pattern may be made of.
@Suite("words and macros")
struct VocabularyTests {
    /// Rules over a file of words.
    private static func rules(_ words: String, match: String, local: String? = nil) throws -> RuleSet {
        var files = [
            "words.yaml": "version: 1\n\(words)\n",
            "a.yaml": "version: 1\ninclude: [words.yaml]\nrules:\n  - {id: one, match: '\(match)', reply: 'Yes'}\n",
        ]
        files["local/b.yaml"] = local.map { "version: 1\n\($0)\n" }
        return try RuleFixture.load(files)
    }

    /// Which of the texts a set answers.
    private static func answered(_ rules: RuleSet, _ texts: [String]) -> [String] {
        texts.filter { rules.winner($0) != nil }
    }

    @Test("a word list finds whole words, longest first, with any white space and any apostrophe")
    func words() throws {
        let rules = try Self.rules("words: {trouble: [hi, can't, good morning, good, c++]}", match: "^{{trouble}}$")
        let texts = ["hi", "HI", "this", "cant", "can't", "can’t", "good  morning", "good", "c++", "goodmorning"]
        #expect(Self.answered(rules, texts) == ["hi", "HI", "can't", "can’t", "good  morning", "good", "c++"])
        let inside = try Self.rules("words: {greeting: [hi]}", match: "{{greeting}}")
        #expect(Self.answered(inside, ["oh hi!", "this", "hi5", "größhi"]) == ["oh hi!"])
    }

    @Test("endings are a list: each word may carry one of them and no other")
    func endings() throws {
        let rules = try Self.rules("words: {control: {list: [option], endings: [s, es]}}", match: "{{control}}")
        #expect(
            Self.answered(rules, ["option", "options", "optiones", "optional"]) == ["option", "options", "optiones"]
        )
    }

    @Test("{{name~}} is the bare group, and check warns of it")
    func bare() throws {
        let rules = try Self.rules("words: {part: [form]}", match: "{{part~}}at")
        #expect(Self.answered(rules, ["format", "reformatted", "form at"]) == ["format", "reformatted"])
        #expect(rules.warnings.map(\.code) == ["bare-words"])
    }

    @Test("macros use words and other macros, and keep together what they hold")
    func macros() throws {
        let vocabulary =
            "words: {thing: [page]}\nmacros: {either: 'broken|{{thing}} down', gap: '.{0,9}?', whole: 'the {{either}}{{gap}}now'}"
        let rules = try Self.rules(vocabulary, match: "{{whole}}$")
        let texts = ["the broken one now", "the page down now", "broken now", "page down now"]
        #expect(Self.answered(rules, texts) == ["the broken one now", "the page down now"])
    }

    @Test("the site's own files add words, remove them or replace the list")
    func local() throws {
        let shipped = "words: {greeting: [hello, hey, ahoy]}"
        let texts = ["hello", "hey", "ahoy", "moin"]
        let changed = try Self.rules(
            shipped,
            match: "{{greeting}}",
            local: "words: {greeting: {add: [moin], remove: [hey]}}"
        )
        #expect(Self.answered(changed, texts) == ["hello", "ahoy", "moin"])
        let replaced = try Self.rules(shipped, match: "{{greeting}}", local: "words: {greeting: [moin]}")
        #expect(Self.answered(replaced, texts) == ["moin"])
    }

    @Test(
        "that don't fit are refused with what to write",
        arguments: [
            (
                "include: [word.yaml]\nrules: []",
                #"a.yaml:2:11: there is no rule file "word.yaml"; did you mean "words.yaml"? [unknown-file]"#
            ),
            ("include: [a.yaml]\nrules: []", #"a.yaml:2:11: the file includes itself; leave it out [include-cycle]"#),
            (
                "include: [words.yaml]\nrules: [{id: one, match: '{{greting}}', reply: A}]",
                #"a.yaml:3:27: {{greting}} is no word list and no macro of this file; did you mean "greeting"? [unknown-word]"#
            ),
            (
                "rules: [{id: one, match: '{{greeting}}', reply: A}]",
                #"a.yaml:2:27: {{greeting}} is no word list and no macro of this file; define it under words, or write include: [words.yaml] [unknown-word]"#
            ),
            (
                "macros: {pair: '(a)(b)'}\nrules: []",
                #"a.yaml:2:16: macro "pair" has a capturing group; write (?:...) there, and capture in the rule: (?<name>{{pair}}) [macro-group]"#
            ),
            (
                "macros: {one: 'x{{two}}', two: 'y{{one}}'}\nrules: []",
                #"a.yaml:2:10: the macro uses itself: one, two, one; write one of them out [macro-cycle]"#
            ),
            (
                "words: {greeting: {lst: [a]}}\nrules: []",
                #"a.yaml:2:20: unknown key "lst"; did you mean "list"? [unknown-key]"#
            ),
            (
                "words: {greeting: {add: [a]}}\nrules: []",
                #"a.yaml:2:20: "add" changes a list of another file, which only files in local/ do; write the words under list: [not-local]"#
            ),
        ]
    )
    func mistakes(rest: String, message: String) throws {
        let files = ["a.yaml": "version: 1\n\(rest)\n", "words.yaml": "version: 1\nwords: {greeting: [hello]}\n"]
        let found = try RuleFixture.diagnostics(files)
        #expect(found.filter { !$0.hasSuffix("[unused-words]") } == [message])
    }

    @Test("a word list that no rule uses is a warning")
    func unused() throws {
        let found = try Self.rules("words: {used: [hello], colour: [red]}", match: "{{used}}").warnings
        #expect(found.map(\.problem) == [#"word list "colour" is used by no rule"#])
    }
}
