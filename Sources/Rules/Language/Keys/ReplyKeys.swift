/// The keys of `reply`.
enum ReplyKey: String, KeySet {
    case text, choices, pick, variants
    static let mapping = "\"reply\""
}

/// The keys of a variant of a reply.
enum VariantKey: String, KeySet {
    case when, text, choices, weight
    static let mapping = "a variant"
}

/// The keys of a quick reply.
enum ChoiceKey: String, KeySet {
    case label, send
    static let mapping = "a quick reply"
}

/// The keys of `handoff`.
enum HandoffKey: String, KeySet {
    case queue, note, text
    static let mapping = "\"handoff\""
}
