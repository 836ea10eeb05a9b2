/// A message that a visitor sent once, as the export of the transcripts has it.
public struct LoggedMessage: Sendable {
    public var session: String
    public var text: String
    public var page: RuleContext.Page
    public var lang: String?
    public var site: String
    public var visitorName: String?
    public var vars: [String: String]
    /// When it was sent, since some moment that is the same for all messages of a log.
    public var time: Duration
    /// The rule that decided about it then, where that is known.
    public var rule: String?
    /// Whether anybody had an answer to it then; nothing where that isn't known.
    public var isAnswered: Bool?

    public init(
        session: String,
        text: String,
        page: RuleContext.Page = RuleContext.Page(),
        lang: String? = nil,
        site: String = "default",
        visitorName: String? = nil,
        vars: [String: String] = [:],
        time: Duration = .zero
    ) {
        self.session = session
        self.text = text
        self.page = page
        self.lang = lang
        self.site = site
        self.visitorName = visitorName
        self.vars = vars
        self.time = time
        self.rule = nil
        self.isAnswered = nil
    }
}

extension LoggedMessage: CustomStringConvertible {
    /// The message as a line that people write by hand, a JSON object; without its time.
    public var description: String {
        let vars = self.vars.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.text($0.value)) }
        let line: JSONValue = .compact([
            ("session", .text(self.session)), ("message", .text(self.text)), ("page", .text(self.page.path)),
            ("title", .text(self.page.title)), ("url", .text(self.page.url)), ("lang", .text(self.lang)),
            ("site", .text(self.site)), ("name", .text(self.visitorName)),
            ("vars", vars.isEmpty ? .null : .object(vars)),
        ])
        return line.description
    }
}
