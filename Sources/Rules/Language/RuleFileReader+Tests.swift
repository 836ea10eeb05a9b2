internal import Diagnostics

extension RuleFileReader {
    mutating func tests(_ node: YAMLNode) -> [InlineTest] {
        self.items("tests", node, expected: "a list of tests").compactMap { self.test($0) }
    }

    private mutating func test(_ node: YAMLNode) -> InlineTest? {
        let kinds = TestKind.allCases.filter { node[$0.rawValue] != nil }
        guard kinds.count < 2 else {
            let problem = "the test has \"\(kinds[0].rawValue)\" and \"\(kinds[1].rawValue)\""
            self.findings.error("conflicting-keys", at: node.place, problem, hint: "write two tests")
            return nil
        }
        switch kinds.first {
        case .say?: return self.entries(of: node, SayKey.self).flatMap { self.winningTest($0) }
        case .not?: return self.entries(of: node, NotKey.self).flatMap { self.otherTest($0) }
        case .lose?: return self.entries(of: node, LoseKey.self).flatMap { self.losingTest($0, node) }
        case nil:
            let isKnown = { (key: String) in
                SayKey(rawValue: key) != nil || NotKey(rawValue: key) != nil || LoseKey(rawValue: key) != nil
            }
            guard node.entries?.allSatisfy({ isKnown($0.key) }) == true else {
                _ = self.entries(of: node, TestKind.self)
                return nil
            }
            let hint = "write say:, not: or lose: and a sentence"
            self.findings.error("missing-key", at: node.place, "the test has no sentence", hint: hint)
            return nil
        }
    }

    /// Where a test's message is written if the test doesn't say so.
    ///
    /// All tests run in one session, so that texts are picked the same way every time.
    static let testContext = RuleContext(page: RuleContext.Page(path: "/shop"), lang: "en", session: "test")

    private mutating func winningTest(_ entries: [KeyedValue<SayKey>]) -> InlineTest? {
        var result = InlineTest.Result()
        for entry in entries {
            let value = entry.value
            switch entry.key {
            case .say, .ctx: break
            case .captures: result.captures = self.captures(value)
            case .reply: result.reply = self.text("reply", value).map { Written(value: $0, place: value.place.bare) }
            case .tags:
                let tags = self.texts("tags", value, expected: "a list of tags").map(\.value)
                result.tags = Written(value: tags, place: value.place.bare)
            case .topic:
                result.topic = self.topic(value).map { Written(value: $0, place: value.place.bare) }
            case .via:
                result.isContinued = value.text == "continue"
                if !result.isContinued { self.findings.wrongValue("via", value, expected: "continue") }
            }
        }
        return self.test(.say, entries[.say], entries[.ctx], .wins(result))
    }

    private mutating func otherTest(_ entries: [KeyedValue<NotKey>]) -> InlineTest? {
        guard let wins = entries[.wins] else {
            return self.test(.not, entries[.not], entries[.ctx], .doesNotMatch(winner: nil))
        }
        guard let name = self.text("wins", wins, expected: "the full name of a rule, or none") else { return nil }
        let winner = Written(value: name == "none" ? nil : name, place: wins.place.bare)
        return self.test(.not, entries[.not], entries[.ctx], .doesNotMatch(winner: winner))
    }

    private mutating func losingTest(_ entries: [KeyedValue<LoseKey>], _ node: YAMLNode) -> InlineTest? {
        guard let to = entries[.to] else {
            let hint = "write to: and the full name of the rule that wins"
            self.findings.error("missing-key", at: node.place, "\"lose\" has no \"to\"", hint: hint)
            return nil
        }
        guard let name = self.text("to", to, expected: "the full name of a rule") else { return nil }
        let winner = Written(value: name, place: to.place.bare)
        return self.test(.lose, entries[.lose], entries[.ctx], .loses(to: winner))
    }

    private mutating func test(
        _ kind: TestKind,
        _ sentence: YAMLNode?,
        _ context: YAMLNode?,
        _ expectation: InlineTest.Expectation
    ) -> InlineTest? {
        guard let sentence, let text = self.text(kind.rawValue, sentence, expected: "a sentence") else { return nil }
        let count = text.unicodeScalars.count
        guard count <= RuleSet.textLimit else {
            let hint = "write at most \(RuleSet.textLimit)"
            self.findings.error("too-long", at: sentence.place, "the sentence has \(count) characters", hint: hint)
            return nil
        }
        return InlineTest(
            text: text,
            place: sentence.place.bare,
            expectation: expectation,
            context: context.map { self.testContext($0) } ?? Self.testContext
        )
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

    /// `ctx:`; what is missing is as in ``testContext``.
    private mutating func testContext(_ node: YAMLNode) -> RuleContext {
        let usual = Self.testContext
        var (page, site, topic, lang) = (usual.page, usual.site, usual.topic, usual.lang)
        var vars = usual.vars
        for entry in self.entries(of: node, ContextKey.self) ?? [] {
            switch entry.key {
            case .topic: topic = self.topic(entry.value) ?? nil
            case .page: page = self.testPage(entry.value)
            case .lang: lang = self.text("lang", entry.value)
            case .site: site = self.text("site", entry.value) ?? site
            case .vars:
                guard let entries = entry.value.entries else {
                    self.findings.wrongValue("vars", entry.value, expected: "names and texts")
                    continue
                }
                for value in entries { vars[value.key] = self.text(value.key, value.value) }
            }
        }
        return RuleContext(
            page: page,
            lang: lang,
            site: site,
            visitorName: usual.visitorName,
            vars: vars,
            topic: topic,
            session: usual.session
        )
    }

    private mutating func testPage(_ node: YAMLNode) -> RuleContext.Page {
        var page = Self.testContext.page
        for entry in self.entries(of: node, ContextPageKey.self) ?? [] {
            let text = self.text(entry.key.rawValue, entry.value)
            switch entry.key {
            case .path:
                page.path = text ?? page.path
                guard !page.path.hasPrefix("/") else { continue }
                self.findings.wrongValue("path", entry.value, expected: "a path that starts with \"/\", such as /shop")
            case .title: page.title = text
            case .url: page.url = text
            }
        }
        return page
    }
}
