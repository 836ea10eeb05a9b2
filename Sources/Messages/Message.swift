/// A message of a room: stored, numbered, and shown to everybody in it.
public struct Message: Hashable, Sendable {
    /// Who speaks.
    ///
    /// The raw value is the `type` on the wire.
    public enum Speaker: String, Sendable {
        /// The visitor.
        case user
        /// A responder or a person who answers for the site.
        case claude
        /// The server itself.
        case system
    }

    public var speaker: Speaker
    /// At most ``Limits/messageBytes`` bytes.
    public var text: String
    public var timestamp: Timestamp
    public var context: MessageContext
    /// The client's id, `re:` and the client's id for a reply, or `srv:` and 22 characters.
    ///
    /// At most 80 bytes.
    public var id: String
    /// The client's id of the message that a reply answers.
    public var inReplyTo: String?
    /// How a reply is to be shown.
    public var format: Format
    /// Texts that a visitor may send with one click, at most 6.
    public var choices: [Choice]
    /// Pages that a reply points to, at most 5.
    public var links: [Link]
    /// The language of a reply where it is known, as in BCP 47; at most 35 bytes.
    public var lang: String?
    /// The name of whoever speaks, at most 80 bytes.
    public var authorName: String?
    /// Whether a person has written it who answers for the site.
    public var isByAgent = false

    /// Whether a reply is whole, and if not, why.
    public var finish = Finish.complete

    /// How a reply ended.
    public enum Finish: String, Sendable {
        case complete
        /// The visitor wanted no more of it.
        case stopped
        /// Whoever wrote it failed.
        case error
        /// It took too long.
        case timeout
    }

    /// How the text of a reply is to be read.
    public enum Format: String, Sendable { case plain, markdown }

    /// A quick reply.
    public struct Choice: Hashable, Sendable {
        /// What the button shows, at most 40 characters.
        public var label: String
        /// What a click sends, at most 200 bytes.
        public var send: String

        public init(label: String, send: String) {
            self.label = label
            self.send = send
        }
    }

    /// A page that a reply points to.
    public struct Link: Hashable, Sendable {
        public var title: String
        /// `https`, or a path of the same site.
        public var url: String

        public init(title: String, url: String) {
            self.title = title
            self.url = url
        }
    }

    public init(
        _ speaker: Speaker,
        _ text: String,
        id: String,
        at timestamp: Timestamp,
        context: MessageContext = .empty,
        inReplyTo: String? = nil,
        format: Format = .plain,
        choices: [Choice] = [],
        links: [Link] = [],
        lang: String? = nil,
        authorName: String? = nil
    ) {
        self.speaker = speaker
        self.text = text
        self.id = id
        self.timestamp = timestamp
        self.context = context
        self.inReplyTo = inReplyTo
        self.format = format
        self.choices = choices
        self.links = links
        self.lang = lang
        self.authorName = authorName
    }
}
