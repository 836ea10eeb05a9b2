/// One condition of `when`, or of `not` in it.
struct Requirement: Hashable, Sendable {
    /// What is looked at, and what it may be: one of these.
    enum Subject: Hashable, Sendable {
        /// Nothing in the list stands for "no topic is open".
        case topic([String?])
        case pagePath([Glob])
        case pageTitle([Glob])
        /// Primary subtags in lower case.
        case lang([String])
        case site([String])
        case variable(String, [String])
    }

    var subject: Subject
    /// Whether the subject must be none of these instead.
    var isNegated = false

    /// Whether the condition holds.
    func holds(in context: RuleContext) -> Bool { self.isMet(in: context) != self.isNegated }

    private func isMet(in context: RuleContext) -> Bool {
        switch self.subject {
        case .topic(let topics): topics.contains(context.topic)
        case .pagePath(let globs): globs.contains { $0.matches(context.page.path) }
        case .pageTitle(let globs): context.page.title.map { title in globs.contains { $0.matches(title) } } ?? false
        case .lang(let languages): context.primaryLanguage.map(languages.contains) ?? false
        case .site(let sites): sites.contains(context.site)
        case .variable(let name, let values): context.vars[name].map(values.contains) ?? false
        }
    }

    /// Why it doesn't hold: `page.path "/shop/cart" is not "/admin/**"`.
    func refusal(in context: RuleContext) -> String {
        let (name, value, missing, allowed) = self.parts(in: context)
        let found = value.map { "\"\($0)\"" } ?? missing
        guard !self.isNegated else { return "\(name) \(found) is under not" }
        return "\(name) \(found) is not \(allowed.map { "\"\($0)\"" }.joined(separator: " or "))"
    }

    private func parts(
        in context: RuleContext
    ) -> (name: String, value: String?, missing: String, allowed: [String]) {
        switch self.subject {
        case .topic(let topics): ("topic", context.topic, "none", topics.map { $0 ?? "none" })
        case .pagePath(let globs): ("page.path", context.page.path, "unknown", globs.map(\.text))
        case .pageTitle(let globs): ("page.title", context.page.title, "unknown", globs.map(\.text))
        case .lang(let languages): ("lang", context.lang, "unknown", languages)
        case .site(let sites): ("site", context.site, "unknown", sites)
        case .variable(let name, let values): ("vars.\(name)", context.vars[name], "not set", values)
        }
    }
}

extension RuleContext {
    /// The first part of ``lang`` in lower case: `de` of `de-AT`.
    fileprivate var primaryLanguage: String? {
        self.lang.map { String($0.prefix { $0 != "-" && $0 != "_" }).lowercased() }
    }
}
