public import Responders

/// Hands the conversation over to a person: by words, by time, by a button, or always.
///
/// In `fallback` it takes what nobody answered; in `answer`, with `words`, what asks for a person.
public struct Handoff: ResponderPlugin, ImmediateResponder, PersonOffer {
    public static let manifest = PluginManifest(
        name: "handoff",
        summary: "Hands the conversation over to a person: by words, by time, by a button, or always",
        stages: [.answer, .fallback],
        sample: """
            # Messages with one of these words or phrases are handed over; all of them where it is left out.
            words: [human, real person, talk to someone]
            # Only from opens_at up to but not including closes_at, in the site's time zone; at any time without both.
            opens_at: "08:00"
            closes_at: "18:00"
            # Whether the widget offers a button. Without words, nothing else hands over then.
            button: true
            # Whether somebody has to be there: an agent who is connected, within sites.NAME.opening_hours. Elsewhere the
            # next entry is asked.
            only_staffed: false
            # Whom it is for, as agents see it.
            queue: support
            # What the visitor reads, at most 16,384 bytes of UTF-8.
            text: I am calling a colleague.
            """,
        examples: [
            .init(
                "May I talk to a HUMAN?",
                gives: .handoff(.init(queue: "support", text: "I am calling a colleague."))
            ),
            .init(
                "I want a real\nperson!",
                at: "17:59",
                gives: .handoff(.init(queue: "support", text: "I am calling a colleague."))
            ),
            .init("Are humans there?", gives: .pass(reason: "no-word")),
            .init("May I talk to a human?", at: "18:00", gives: .pass(reason: "closed")),
        ]
    )

    public struct Configuration: Decodable, Sendable {
        public var words: [String]?
        public var opensAt: TimeOfDay?
        public var closesAt: TimeOfDay?
        public var button: Bool?
        public var onlyStaffed: Bool?
        public var queue: String?
        public var text: String?
    }

    /// How many words and phrases there may be.
    static let maximumWords = 200
    /// The longest name of a queue, in bytes.
    static let queueBytes = 80

    private let handoff: Responders.Handoff
    /// Words of each phrase; nothing where every message is handed over.
    private let phrases: [[Substring]]?
    private let open: Range<TimeOfDay>?
    private let hasButton: Bool
    public let needsStaff: Bool

    public init(configuration: Configuration, services: PluginServices) throws(ConfigurationProblem) {
        self.open = try openingSpan(from: configuration.opensAt, to: configuration.closesAt)
        self.hasButton = configuration.button ?? false
        self.needsStaff = configuration.onlyStaffed ?? true
        self.phrases = try configuration.words.map { words throws(ConfigurationProblem) in try Self.phrases(words) }
        if let text = configuration.text { try checkText(text, key: "text") }
        guard 1...Self.queueBytes ~= configuration.queue?.utf8.count ?? 1 else {
            throw ConfigurationProblem("bad-name", key: "queue", "a queue's name has 1 to 80 bytes")
        }
        self.handoff = .init(queue: configuration.queue, text: configuration.text.map { Reply($0) })
    }

    private static func phrases(_ words: [String]) throws(ConfigurationProblem) -> [[Substring]] {
        guard 1...Self.maximumWords ~= words.count else {
            let hint = "leave it out, and every message is handed over"
            throw ConfigurationProblem("bad-words", key: "words", "1 to 200 words or phrases", hint: hint)
        }
        let phrases = words.map(Self.words)
        guard let index = phrases.firstIndex(where: \.isEmpty) else { return phrases }
        throw ConfigurationProblem("bad-words", key: "words", "\"\(words[index])\" has no letter")
    }

    /// The words of a text, in lower case.
    private static func words(_ text: String) -> [Substring] {
        text.lowercased().split { !($0.isLetter || $0.isNumber) }
    }

    public var offered: Responders.Handoff? { self.hasButton ? self.handoff : nil }

    public func respond(to turn: Turn) -> Verdict {
        if let phrases {
            let words = Self.words(turn.message.text)
            guard phrases.contains(where: { words.firstRange(of: $0) != nil }) else { return .pass(reason: "no-word") }
        } else if self.hasButton {
            return .pass(reason: "by-button")
        }
        guard self.open?.contains(turn.localTime) ?? true else { return .pass(reason: "closed") }
        guard turn.isStaffed || !self.needsStaff else { return .pass(reason: "not-staffed") }
        return .handoff(self.handoff)
    }
}
