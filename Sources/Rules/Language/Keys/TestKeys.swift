/// The keys that say which kind a test is.
enum TestKind: String, KeySet {
    case say, not, lose
    static let mapping = "a test"

    var meaning: KeyMeaning {
        switch self {
        case .say: SayKey.say.meaning
        case .not: NotKey.not.meaning
        case .lose: LoseKey.lose.meaning
        }
    }
}

/// The keys of a test that its rule wins.
enum SayKey: String, KeySet {
    case say, captures, reply, tags, topic, via, ctx
    static let mapping = "a test"

    var meaning: KeyMeaning {
        switch self {
        case .say: .required("A message that this rule must win.", .plain)
        case .captures: KeyMeaning("What the named groups must take.", .entries(.plain))
        case .reply: KeyMeaning("The whole text that must be said.", .plain)
        case .tags: KeyMeaning("All tags that the message must get.", .oneOrMore(.plain))
        case .topic: KeyMeaning("The topic afterwards, or none.", .name(separators: "-"))
        case .via: KeyMeaning("For a rule with continue: it must take part.", .word(["continue"]))
        case .ctx: KeyMeaning("Where the message is written.", .mapping(ContextKey.self))
        }
    }
}

/// The keys of a test that its rule doesn't match.
enum NotKey: String, KeySet {
    case not, wins, ctx
    static let mapping = "a test"

    var meaning: KeyMeaning {
        switch self {
        case .not: .required("A message that this rule must not match.", .plain)
        case .wins: KeyMeaning("The full name of the rule that must win instead, or none.", .text)
        case .ctx: SayKey.ctx.meaning
        }
    }
}

/// The keys of a test that another rule wins.
enum LoseKey: String, KeySet {
    case lose, to, ctx
    static let mapping = "a test"

    var meaning: KeyMeaning {
        switch self {
        case .lose: .required("A message that this rule may match and another one must win.", .plain)
        case .to: .required("The full name of that rule.", .text)
        case .ctx: SayKey.ctx.meaning
        }
    }
}

/// The keys of `ctx` in a test.
enum ContextKey: String, KeySet {
    case topic, page, lang, site, vars
    static let mapping = "\"ctx\""

    var meaning: KeyMeaning {
        switch self {
        case .topic: KeyMeaning("The topic that is open, or none.", .name(separators: "-"))
        case .page: KeyMeaning("The page.", .mapping(ContextPageKey.self))
        case .lang: KeyMeaning("The language that the page reports.", .text)
        case .site: KeyMeaning("The site's name.", .text)
        case .vars: KeyMeaning("The site's own context values.", .entries(.plain))
        }
    }
}

/// The keys of `page` in a test's `ctx`.
enum ContextPageKey: String, KeySet {
    case path, title, url
    static let mapping = "\"page\""

    var meaning: KeyMeaning {
        switch self {
        case .path: KeyMeaning("The path.", .text)
        case .title: KeyMeaning("The title.", .text)
        case .url: KeyMeaning("The address.", .text)
        }
    }
}
