/// The keys of `when`.
enum WhenKey: String, KeySet {
    case topic, page, lang, site, vars, not
    static let mapping = "\"when\""

    var meaning: KeyMeaning {
        switch self {
        case .topic:
            KeyMeaning(
                "What the conversation is about; none where no topic is open.",
                .oneOrMore(.name(separators: "-"))
            )
        case .page: KeyMeaning("The page on which the message was written.", .mapping(WhenPageKey.self))
        case .lang: KeyMeaning("The language that the page reports, without its region: en.", .oneOrMore(.text))
        case .site: KeyMeaning("The site's name in the configuration.", .oneOrMore(.text))
        case .vars:
            KeyMeaning("The site's own context values, compared whole; case matters.", .entries(.oneOrMore(.plain)))
        case .not: KeyMeaning("None of these may hold.", .mapping(WhenNotKey.self))
        }
    }
}

/// The keys of `not` in `when`.
enum WhenNotKey: String, KeySet {
    case topic, page, lang, site, vars
    static let mapping = "\"not\""

    var meaning: KeyMeaning {
        switch self {
        case .topic: WhenKey.topic.meaning
        case .page: WhenKey.page.meaning
        case .lang: WhenKey.lang.meaning
        case .site: WhenKey.site.meaning
        case .vars: WhenKey.vars.meaning
        }
    }
}

/// The keys of `page` in `when`.
enum WhenPageKey: String, KeySet {
    case path, title
    static let mapping = "\"page\""

    var meaning: KeyMeaning {
        switch self {
        case .path: KeyMeaning("The path: * within a segment, ** across; case matters.", .oneOrMore(.text))
        case .title: KeyMeaning("The title: * is any text; case doesn't matter.", .oneOrMore(.text))
        }
    }
}
