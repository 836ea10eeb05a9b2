/// What reply texts and the choice of variants may use besides the message.
public struct RuleContext: Sendable {
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

    public var page: Page
    /// The language that the page reports, `en` or `de-AT`.
    public var lang: String?
    /// The name of the site in the configuration.
    public var site: String
    public var visitorName: String?
    /// The site's own values, `context.vars` of the widget.
    public var vars: [String: String]
    /// Seeds `rotate`, `random` and `weighted`: the same session gets the same texts in a replay.
    public var session: String
    /// What a rule, named as in ``RuleMatch/rule``, has said in this session so far.
    ///
    /// Asked at most once for a message, and only when a rule with `pick: rotate`, `random` or `weighted` has won.
    public var pastReplies: @Sendable (_ rule: String) -> PastReplies

    public init(
        page: Page = Page(),
        lang: String? = nil,
        site: String = "default",
        visitorName: String? = nil,
        vars: [String: String] = [:],
        session: String = "",
        pastReplies: @escaping @Sendable (_ rule: String) -> PastReplies = { _ in PastReplies() }
    ) {
        self.page = page
        self.lang = lang
        self.site = site
        self.visitorName = visitorName
        self.vars = vars
        self.session = session
        self.pastReplies = pastReplies
    }
}
