internal import Messages

/// What a site says in place of the server's own sentences, where it has texts of its own.
public struct SiteTexts: Sendable, Hashable {
    /// Where nobody answered; `{reference}` in it stands for ``TurnID/reference``.
    public var unanswered: TranslatedText?
    /// Where a guard stopped a message without a word.
    ///
    /// Without it nothing is said.
    public var refusal: TranslatedText?

    public init(unanswered: TranslatedText? = nil, refusal: TranslatedText? = nil) {
        self.unanswered = unanswered
        self.refusal = refusal
    }
}

/// A text in some languages.
public struct TranslatedText: Sendable, Hashable {
    /// For pages in other languages than those of ``translations``.
    public var text: String
    /// By language in lower case: a primary subtag, or a whole tag.
    public var translations: [String: String]

    public init(_ text: String, translations: [String: String] = [:]) {
        self.text = text
        self.translations = Dictionary(translations.map { ($0.key.lowercased(), $0.value) }) { first, _ in first }
    }

    /// The text for a page.
    ///
    /// - Parameter lang: As the page reports it; "de" is also taken for "de-AT".
    /// - Returns: The text, and its language where it is one of ``translations``.
    public func text(in lang: String?) -> (text: String, lang: String?) {
        guard !self.translations.isEmpty, let lang = lang?.lowercased() else { return (self.text, nil) }
        let primary = String(lang.prefix { $0 != "-" && $0 != "_" })
        for known in [lang, primary] {
            if let translated = self.translations[known] { return (translated, known) }
        }
        return (self.text, nil)
    }
}

/// A text, or a mapping of languages to texts in which `other` is for all other languages.
extension TranslatedText: Decodable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self.init(text)
            return
        }
        var translations = try container.decode([String: String].self)
        guard let other = translations.removeValue(forKey: "other") else {
            let hint = "write other: TEXT beside the languages"
            throw ConfigurationProblem("missing-key", key: "other", "nothing is said in other languages", hint: hint)
        }
        for (lang, text) in translations { try checkText(text, key: lang) }
        try checkText(other, key: "other")
        self.init(other, translations: translations)
    }
}

extension Turn {
    /// The last word where nobody answered, which can't fail.
    ///
    /// - Parameter hasFailed: Whether there is something to look for under the reference.
    /// - Returns: The site's sentence, or the built-in one.
    func unanswered(hasFailed: Bool) -> Reply {
        if let own = self.texts.unanswered {
            let (text, lang) = own.text(in: self.message.lang)
            return Reply(text.replacing("{reference}", with: self.id.reference), format: .plain, lang: lang)
        }
        return self.sentence { hasFailed ? "\($0.unanswered) \($0.reference(self.id.reference))" : $0.unanswered }
    }

    /// What the site says where a guard stopped a message without a word.
    var refusal: Reply? {
        guard let (text, lang) = self.texts.refusal?.text(in: self.message.lang) else { return nil }
        return Reply(text, format: .plain, lang: lang)
    }
}
