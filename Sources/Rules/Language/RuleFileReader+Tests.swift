internal import Diagnostics

extension RuleFileReader {
    mutating func tests(_ node: YAMLNode) -> [InlineTest] {
        self.items("tests", node, expected: "a list of tests").compactMap { self.test($0) }
    }

    private mutating func test(_ node: YAMLNode) -> InlineTest? {
        let keys: [String]
        let planned: [String]
        let kind = ["say", "not", "lose"].first { node[$0] != nil }
        switch kind {
        case "say": (keys, planned) = (["say", "captures", "reply", "tags", "ctx"], ["topic", "via"])
        case "not": (keys, planned) = (["not", "wins", "ctx"], [])
        case "lose": (keys, planned) = (["lose", "to", "ctx"], [])
        default: (keys, planned) = (["say", "not", "lose"], [])
        }
        guard let entries = self.entries(of: node, "a test", keys: keys, planned: planned) else { return nil }
        guard let kind, let sentence = node[kind] else {
            let hint = "write say:, not: or lose: and a sentence"
            if entries.count == node.entries?.count {
                self.findings.error("missing-key", at: node.place, "the test has no sentence", hint: hint)
            }
            return nil
        }
        guard let text = self.text(kind, sentence, expected: "a sentence"), self.isShortEnough(text, sentence) else {
            return nil
        }
        guard let expectation = self.expectation(kind, node) else { return nil }
        let context = node["ctx"].map { self.testContext($0) } ?? RuleContext(session: Self.testSession)
        return InlineTest(text: text, place: sentence.place.bare, expectation: expectation, context: context)
    }

    /// All tests run in a session of this name, so that texts are picked the same way every time.
    static let testSession = "test"

    private mutating func isShortEnough(_ text: String, _ node: YAMLNode) -> Bool {
        let count = text.unicodeScalars.count
        if count <= RuleSet.textLimit { return true }
        let hint = "write at most \(RuleSet.textLimit)"
        self.findings.error("too-long", at: node.place, "the sentence has \(count) characters", hint: hint)
        return false
    }

    private mutating func expectation(_ kind: String, _ node: YAMLNode) -> InlineTest.Expectation? {
        switch kind {
        case "say":
            let captures = node["captures"].map { self.captures($0) } ?? []
            let reply = node["reply"].flatMap { reply in
                self.text("reply", reply).map { Written(value: $0, place: reply.place.bare) }
            }
            let tags = node["tags"].map { tags in
                Written(
                    value: self.texts("tags", tags, expected: "a list of tags").map(\.value),
                    place: tags.place.bare
                )
            }
            return .wins(captures: captures, reply: reply, tags: tags)
        case "not":
            guard let wins = node["wins"] else { return .doesNotMatch(winner: nil) }
            return self.text("wins", wins, expected: "the full name of a rule, or none").map {
                .doesNotMatch(winner: Written(value: $0 == "none" ? nil : $0, place: wins.place.bare))
            }
        default:
            guard let to = node["to"] else {
                let hint = "write to: and the full name of the rule that wins"
                self.findings.error("missing-key", at: node.place, "\"lose\" has no \"to\"", hint: hint)
                return nil
            }
            return self.text("to", to, expected: "the full name of a rule").map {
                .loses(to: Written(value: $0, place: to.place.bare))
            }
        }
    }

    private mutating func captures(_ node: YAMLNode) -> [Written<Capture>] {
        guard let entries = node.entries else {
            self.findings.wrongValue("captures", node, expected: "names and texts")
            return []
        }
        return entries.compactMap { entry in
            guard let value = self.text(entry.key, entry.value) else { return nil }
            return Written(value: Capture(name: entry.key, value: value), place: entry.value.place.bare)
        }
    }

    /// `ctx:`; what is missing is as in a fresh session.
    private mutating func testContext(_ node: YAMLNode) -> RuleContext {
        var context = RuleContext(session: Self.testSession)
        let keys = ["page", "lang", "site", "vars"]
        for entry in self.entries(of: node, "\"ctx\"", keys: keys, planned: ["topic"]) ?? [] {
            switch entry.key {
            case "page": context.page = self.testPage(entry.value)
            case "lang": context.lang = self.text("lang", entry.value)
            case "site": context.site = self.text("site", entry.value) ?? context.site
            default:
                guard let entries = entry.value.entries else {
                    self.findings.wrongValue("vars", entry.value, expected: "names and texts")
                    continue
                }
                for value in entries { context.vars[value.key] = self.text(value.key, value.value) }
            }
        }
        return context
    }

    private mutating func testPage(_ node: YAMLNode) -> RuleContext.Page {
        var page = RuleContext.Page()
        for entry in self.entries(of: node, "\"page\"", keys: ["path", "title", "url"]) ?? [] {
            let text = self.text(entry.key, entry.value)
            switch entry.key {
            case "path": page.path = text ?? page.path
            case "title": page.title = text
            default: page.url = text
            }
        }
        return page
    }
}
