/// The keys of a rule file.
enum FileKey: String, KeySet {
    case version, include, defaults, words, macros, rules
    static let mapping = "a rule file"

    var meaning: KeyMeaning {
        switch self {
        case .version: .required("The number of the rule language.", .wholeNumber(1...1))
        case .include: KeyMeaning("Files whose words and macros this file uses.", .oneOrMore(.text))
        case .defaults:
            KeyMeaning("What holds for the rules of this file that don't say it.", .mapping(DefaultsKey.self))
        case .words:
            KeyMeaning(
                "Lists of plain phrases. A pattern uses one as {{name}}; it finds whole words.",
                .entries(.either([.list(.plain), .mapping(WordListKey.self)]))
            )
        case .macros:
            KeyMeaning("Parts of patterns, without capturing groups. A pattern uses one as {{name}}.", .entries(.text))
        case .rules:
            KeyMeaning("The rules, in the order in which equal priorities are tried.", .list(.mapping(RuleKey.self)))
        }
    }
}

/// The keys of `defaults`.
enum DefaultsKey: String, KeySet {
    case priority, flags
    case onLimit = "on_limit"
    static let mapping = "\"defaults\""

    var meaning: KeyMeaning {
        switch self {
        case .priority: RuleKey.priority.meaning
        case .flags: RuleKey.flags.meaning
        case .onLimit: RuleKey.onLimit.meaning
        }
    }
}

/// The keys of a word list that isn't written as a plain list.
enum WordListKey: String, KeySet {
    case list, endings, add, remove
    static let mapping = "a word list"

    /// The keys that change the shipped list of the name, in `local/`.
    static let changes: [WordListKey] = [.add, .remove]

    var meaning: KeyMeaning {
        switch self {
        case .list: KeyMeaning("The phrases.", .list(.plain))
        case .endings: KeyMeaning("Endings of which each phrase may carry one.", .list(.plain))
        case .add: KeyMeaning("Only in local/: phrases that come to the shipped list.", .list(.plain))
        case .remove: KeyMeaning("Only in local/: phrases that the shipped list loses.", .list(.plain))
        }
    }
}
