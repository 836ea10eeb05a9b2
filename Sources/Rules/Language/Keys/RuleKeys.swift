/// The keys of a rule.
enum RuleKey: String, KeySet {
    case id, about, enabled, priority, flags, when, match, unless, cooldown
    case reply, handoff, silent, pass, `continue`
    case actions, set, tags, severity
    case onLimit = "on_limit"
    case allow, tests
    static let mapping = "a rule"

    /// The keys of which a rule has exactly one.
    static let outcomes: [RuleKey] = [.reply, .handoff, .silent, .pass, .continue]
}

/// The keys of `match`, of which one is written.
enum MatchKey: String, KeySet {
    case any, all, always
    static let mapping = "\"match\""
}

/// The keys of `when`.
enum WhenKey: String, KeySet {
    case topic, page, lang, site, vars, not
    static let mapping = "\"when\""
}

/// The keys of `not` in `when`.
enum WhenNotKey: String, KeySet {
    case topic, page, lang, site, vars
    static let mapping = "\"not\""
}

/// The keys of `page` in `when`.
enum WhenPageKey: String, KeySet {
    case path, title
    static let mapping = "\"page\""
}

/// The keys of `cooldown`.
enum CooldownKey: String, KeySet {
    case per
    case duration = "for"
    static let mapping = "\"cooldown\""
}

/// The keys of `set`.
enum SetKey: String, KeySet {
    case topic, expires
    static let mapping = "\"set\""
}

/// The keys of one entry of `actions`.
enum ActionKey: String, KeySet {
    case responder
    case operation = "op"
    case name = "as"
    case fields
    static let mapping = "an action"
}
