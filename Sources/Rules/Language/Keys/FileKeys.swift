/// The keys of a rule file.
enum FileKey: String, KeySet {
    case version, include, defaults, words, macros, rules
    static let mapping = "a rule file"
}

/// The keys of `defaults`.
enum DefaultsKey: String, KeySet {
    case priority, flags
    case onLimit = "on_limit"
    static let mapping = "\"defaults\""
}

/// The keys of a word list with endings.
enum WordListKey: String, KeySet {
    case list, endings
    static let mapping = "a word list"
}

/// The keys of a word list in `local/`, which may also change the shipped one.
enum LocalWordListKey: String, KeySet {
    case list, endings, add, remove
    static let mapping = "a word list"
}
