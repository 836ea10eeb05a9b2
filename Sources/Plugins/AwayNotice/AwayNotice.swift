public import Responders

/// Answers with a fixed text while the desk is closed and passes while it is open.
///
/// Put it first in `answer` to silence every other responder at night, or in `fallback` to answer only what nobody else
/// did. Without hours of its own it keeps those of the site, `sites.NAME.opening_hours`.
public struct AwayNotice: ResponderPlugin, ImmediateResponder {
    public static let manifest = PluginManifest(
        name: "away-notice",
        summary: "Tells visitors when the desk is closed",
        stages: [.answer, .fallback],
        sample: """
            # Open from opens_at up to but not including closes_at, in the site's time zone. Without both, the desk is
            # open within sites.NAME.opening_hours, and always where the site has none.
            opens_at: "09:00"
            closes_at: "17:00"
            # The reply, at most 16,384 bytes of UTF-8.
            text: We are back at 9:00.
            """,
        examples: [
            .init("hello", at: "08:59", gives: .reply("We are back at 9:00.")),
            .init("hello", at: "09:00", gives: .pass(reason: "open")),
            .init("hello", at: "16:59", gives: .pass(reason: "open")),
            .init("hello", at: "17:00", gives: .reply("We are back at 9:00.")),
        ]
    )

    public struct Configuration: Decodable, Sendable {
        public var opensAt: TimeOfDay?
        public var closesAt: TimeOfDay?
        public var text: String
    }

    /// Nothing where the site's hours count.
    private let open: Range<TimeOfDay>?
    private let reply: Reply

    public init(configuration: Configuration, services: PluginServices) throws(ConfigurationProblem) {
        self.open = try openingSpan(from: configuration.opensAt, to: configuration.closesAt)
        try checkText(configuration.text, key: "text")
        self.reply = Reply(configuration.text)
    }

    public func respond(to turn: Turn) -> Verdict {
        let isOpen = self.open?.contains(turn.localTime) ?? turn.isOpen ?? true
        return isOpen ? .pass(reason: "open") : .reply(self.reply)
    }
}

/// The time between two keys `opens_at` and `closes_at`; nothing where neither is written.
///
/// - Throws: `missing-key` where one is missing, or `invalid-hours`.
func openingSpan(from opens: TimeOfDay?, to closes: TimeOfDay?) throws(ConfigurationProblem) -> Range<TimeOfDay>? {
    switch (opens, closes) {
    case (nil, nil): return nil
    case (nil, _?): throw ConfigurationProblem("missing-key", key: "closes_at", "\"opens_at\" is missing beside it")
    case (_?, nil): throw ConfigurationProblem("missing-key", key: "opens_at", "\"closes_at\" is missing beside it")
    case (let opens?, let closes?):
        guard opens < closes else {
            throw ConfigurationProblem(
                "invalid-hours",
                key: "closes_at",
                "the desk opens at \(opens) and closes at \(closes)",
                hint: "write opens_at before closes_at; hours past midnight go into sites.NAME.opening_hours"
            )
        }
        return opens..<closes
    }
}
