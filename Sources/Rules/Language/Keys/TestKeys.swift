/// The keys that say which kind a test is.
enum TestKind: String, KeySet {
    case say, not, lose
    static let mapping = "a test"
}

/// The keys of a test that its rule wins.
enum SayKey: String, KeySet {
    case say, captures, reply, tags, topic, via, ctx
    static let mapping = "a test"
}

/// The keys of a test that its rule doesn't match.
enum NotKey: String, KeySet {
    case not, wins, ctx
    static let mapping = "a test"
}

/// The keys of a test that another rule wins.
enum LoseKey: String, KeySet {
    case lose, to, ctx
    static let mapping = "a test"
}

/// The keys of `ctx` in a test.
enum ContextKey: String, KeySet {
    case topic, page, lang, site, vars
    static let mapping = "\"ctx\""
}

/// The keys of `page` in a test's `ctx`.
enum ContextPageKey: String, KeySet {
    case path, title, url
    static let mapping = "\"page\""
}
