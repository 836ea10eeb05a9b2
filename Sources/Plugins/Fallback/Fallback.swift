public import Responders

/// The last sentence, for everything that nobody else answered.
///
/// Put it last in `fallback`. `- fallback` alone, without settings, has a text of its own.
public struct Fallback: ResponderPlugin, ImmediateResponder {
    public static let manifest = PluginManifest(
        name: "fallback",
        summary: "Says one fixed sentence, by language, where nobody else answered",
        stages: [.fallback],
        sample: """
            # The reply, at most 16,384 bytes of UTF-8. Without it: "I have no answer to that yet. Please ask in other
            # words, or tell me what you did and what happened." Say how to reach a person, where there is one: nothing
            # of the chat reaches people by itself.
            text: I do not know that yet. Please call 555-0100.
            # The reply on pages in other languages. "de" is also taken for "de-AT".
            lang:
              de: Das weiß ich noch nicht. Bitte rufen Sie 555-0100 an.
            """,
        openKeys: ["lang"],
        examples: [
            .init("Why is the sky blue?", gives: .reply("I do not know that yet. Please call 555-0100.")),
            .init(
                "Warum ist der Himmel blau?",
                lang: "de-AT",
                gives: .reply(Reply("Das weiß ich noch nicht. Bitte rufen Sie 555-0100 an.", lang: "de"))
            ),
            .init(
                "Pourquoi le ciel est-il bleu ?",
                lang: "fr",
                gives: .reply("I do not know that yet. Please call 555-0100.")
            ),
        ]
    )

    public struct Configuration: Decodable, Sendable {
        /// The reply; nothing means ``Fallback/defaultText``.
        public var text: String?
        /// Replies by language: a primary subtag, or a whole tag.
        public var lang: [String: String]?
    }

    /// What is said where the configuration has no text.
    public static let defaultText =
        "I have no answer to that yet. Please ask in other words, or tell me what you did and what happened."

    private let text: TranslatedText

    public init(configuration: Configuration, services: PluginServices) throws(ConfigurationProblem) {
        let text = configuration.text ?? Self.defaultText
        try checkText(text, key: "text")
        for (lang, text) in configuration.lang ?? [:] { try checkText(text, key: "lang.\(lang)") }
        self.text = TranslatedText(text, translations: configuration.lang ?? [:])
    }

    public func respond(to turn: Turn) -> Verdict {
        let (text, lang) = self.text.text(in: turn.message.lang)
        return .reply(Reply(text, lang: lang))
    }
}
