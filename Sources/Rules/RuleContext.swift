/// What conditions, the choice of variants and reply texts may use besides the message.
///
/// A class, since every step of an answer is handed it.
public final class RuleContext: Sendable {
    /// The page that the visitor is on, as the widget reports it.
    public struct Page: Hashable, Sendable {
        /// Never empty: `/` where nothing is known.
        public var path: String
        public var title: String?
        public var url: String?

        public init(path: String = "/", title: String? = nil, url: String? = nil) {
            self.path = path.isEmpty ? "/" : path
            self.title = title
            self.url = url
        }
    }

    /// What a rule has said in this session so far.
    public struct PastReplies: Hashable, Sendable {
        /// How many replies.
        public var count: Int
        /// ``RuleReply/variant`` of the last one.
        public var lastVariant: Int?

        public init(count: Int = 0, lastVariant: Int? = nil) {
            self.count = count
            self.lastVariant = lastVariant
        }
    }

    public let page: Page
    /// The language that the page reports, `en` or `de-AT`.
    public let lang: String?
    /// The name of the site in the configuration.
    public let site: String
    public let visitorName: String?
    /// The site's own values, `context.vars` of the widget.
    public let vars: [String: String]
    /// What the conversation is about, where a rule or another responder said so and it hasn't expired.
    public let topic: String?
    /// Seeds `rotate`, `random` and `weighted`: the same session gets the same texts in a replay.
    public let session: String
    /// What a rule, by its id, has said in this session so far.
    ///
    /// Asked at most once for a message, and only when a rule with `pick: rotate`, `random` or `weighted` has won.
    public let pastReplies: @Sendable (_ rule: String) -> PastReplies
    /// How much longer a rule has to stay out since it fired before; nothing where it may fire.
    ///
    /// Asked only of rules with `cooldown` that come into question, before their patterns are tried.
    public let cooldownLeft: @Sendable (_ cooldown: RuleCooldown) -> Duration?

    public init(
        page: Page = Page(),
        lang: String? = nil,
        site: String = "default",
        visitorName: String? = nil,
        vars: [String: String] = [:],
        topic: String? = nil,
        session: String = "",
        pastReplies: @escaping @Sendable (_ rule: String) -> PastReplies = { _ in PastReplies() },
        cooldownLeft: @escaping @Sendable (_ cooldown: RuleCooldown) -> Duration? = { _ in nil }
    ) {
        self.page = page
        self.lang = lang
        self.site = site
        self.visitorName = visitorName
        self.vars = vars
        self.topic = topic
        self.session = session
        self.pastReplies = pastReplies
        self.cooldownLeft = cooldownLeft
    }
}
