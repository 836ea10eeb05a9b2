/// The keys of `reply`.
enum ReplyKey: String, KeySet {
    case text, choices, pick, variants
    static let mapping = "\"reply\""

    var meaning: KeyMeaning {
        switch self {
        case .text:
            KeyMeaning("The text; {{name}} is a capture or a value, {{name|or:\"text\"}} may be missing.", .text)
        case .choices:
            KeyMeaning(
                "Quick replies that the visitor may click.",
                .list(
                    .either([.shortText(RuleChoice.maximumLabelCharacters), .mapping(ChoiceKey.self)]),
                    upTo: RuleChoice.maximumCount
                )
            )
        case .pick: KeyMeaning("How a variant is chosen among those that fit.", .word(of: Reply.Pick.self))
        case .variants: KeyMeaning("Texts of which one is said.", .list(.either([.text, .mapping(VariantKey.self)])))
        }
    }
}

/// The keys of a variant of a reply.
enum VariantKey: String, KeySet {
    case when, text, choices, weight
    static let mapping = "a variant"

    var meaning: KeyMeaning {
        switch self {
        case .when: KeyMeaning("A capture or value that must be set, or \"not\" and one that must not.", .text)
        case .text: .required("The text.", .text)
        case .choices: ReplyKey.choices.meaning
        case .weight: KeyMeaning("Under pick: weighted, how often.", .wholeNumber(1...100))
        }
    }
}

/// The keys of a quick reply.
enum ChoiceKey: String, KeySet {
    case label, send
    static let mapping = "a quick reply"

    var meaning: KeyMeaning {
        switch self {
        case .label: .required("What the button says.", .shortText(RuleChoice.maximumLabelCharacters))
        case .send: KeyMeaning("What a click sends, if not the label.", .shortText(RuleChoice.maximumSendBytes))
        }
    }
}

/// The keys of `handoff`.
enum HandoffKey: String, KeySet {
    case queue, note, text
    static let mapping = "\"handoff\""

    var meaning: KeyMeaning {
        switch self {
        case .queue: KeyMeaning("Which people.", .name(separators: "-"))
        case .note: KeyMeaning("For the person.", .text)
        case .text: KeyMeaning("For the visitor.", .text)
        }
    }
}
