internal import Diagnostics
public import Messages

/// A visitor's message as the hub accepted it.
public struct Incoming: Sendable, Hashable {
    public var id: String
    /// The message's number in its conversation, from 1.
    public var seq: Int
    /// The text as typed, in Unicode's NFC; the wire bounds its length.
    public var text: String
    /// The language that the page reports, as in BCP 47.
    public var lang: String?
    /// When the server accepted the message, in whole milliseconds since 1970-01-01T00:00:00Z.
    public var serverTime: Int64
    /// When the visitor sent it by the page's own clock, in the same unit; nothing where the page doesn't say.
    ///
    /// Nobody checks it: the clock may be wrong, and the message may have waited for a connection.
    public var clientTime: Int64?

    public init(
        id: String,
        seq: Int = 1,
        text: String,
        lang: String? = nil,
        serverTime: Int64 = 0,
        clientTime: Int64? = nil
    ) {
        self.id = id
        self.seq = seq
        self.text = text
        self.lang = lang
        self.serverTime = serverTime
        self.clientTime = clientTime
    }
}

/// The conversation that a message belongs to.
public struct Conversation: Sendable, Hashable {
    public var sessionID: String
    /// The site's name in `claude-chat.yaml`.
    public var site: String
    /// Who answers.
    public var state: ConversationState
    /// How many messages of the visitor came before this one.
    public var turnCount: Int
    /// What the conversation is about, where a responder said so.
    public var topic: String?
    /// When the topic ends by itself, in milliseconds since 1970-01-01T00:00:00Z; nothing where it doesn't.
    ///
    /// A ``Turn`` never shows a topic that has ended.
    public var topicEnd: Int64?
    public var tags: [String]
    /// Until when what responders named must not happen again, by ``Cooldown/key``, in milliseconds since
    /// 1970-01-01T00:00:00Z.
    public var cooldowns: [String: Int64]
    /// What responders said in this conversation so far, by ``Said/key``.
    ///
    /// Nothing where the server keeps no such record; a responder then has ``turnCount`` alone to go by.
    public var said: [String: PastReplies]?
    /// What the visitor was told last.
    public var lastReply: LastReply?
    /// Whether the visitor is a program.
    public internal(set) var echoes: EchoWatch

    public init(
        sessionID: String,
        site: String = "default",
        state: ConversationState = .bot,
        turnCount: Int = 0,
        topic: String? = nil,
        topicEnd: Int64? = nil,
        tags: [String] = [],
        cooldowns: [String: Int64] = [:],
        said: [String: PastReplies]? = nil,
        echoes: EchoWatch = EchoWatch()
    ) {
        self.echoes = echoes
        self.sessionID = sessionID
        self.site = site
        self.state = state
        self.turnCount = turnCount
        self.topic = topic
        self.topicEnd = topicEnd
        self.tags = tags
        self.cooldowns = cooldowns
        self.said = said
    }
}

extension Conversation {
    /// Takes over what a turn of this conversation leaves behind, once its replies are delivered.
    public mutating func remember(_ result: ChainResult) {
        let effects = result.effects
        let time = result.turn.message.serverTime
        self.turnCount += 1
        switch effects.topic {
        case .open(let topic, let duration):
            self.topic = topic
            self.topicEnd = duration.map { time + $0.milliseconds }
        case .close: (self.topic, self.topicEnd) = (nil, nil)
        case nil: self.forgetTopic(endedAt: time)
        }
        let fresh = effects.cooldowns.filter { $0.scope == .session }
        if !fresh.isEmpty { self.cooldowns = self.cooldowns.filter { $0.value > time } }
        for cooldown in fresh { self.cooldowns[cooldown.key] = time + cooldown.duration.milliseconds }
        for tag in effects.tags where !self.tags.contains(tag) { self.tags.append(tag) }
        for said in effects.said {
            let count = self.said?[said.key]?.count ?? 0
            self.said?[said.key] = PastReplies(count: count + 1, lastVariant: said.variant)
        }
        self.echoes.note(result)
        if let reply = result.replies.last { self.lastReply = LastReply(reply.text, at: time) }
    }
}

extension Conversation {
    mutating func forgetTopic(endedAt time: Int64) {
        guard let end = self.topicEnd, end <= time else { return }
        (self.topic, self.topicEnd) = (nil, nil)
    }

    /// How much longer something must not happen.
    ///
    /// - Parameters:
    ///   - key: What, as in ``Cooldown/key``.
    ///   - time: The moment, as in ``Incoming/serverTime``.
    /// - Returns: The time that is left; nothing where it may happen.
    public func cooldownLeft(of key: String, at time: Int64) -> Duration? {
        guard let end = self.cooldowns[key], end > time else { return nil }
        return .milliseconds(end - time)
    }
}

/// One text that a responder chose among several: what it needs to know the next time, to choose another one.
public struct Said: Sendable, Hashable {
    /// What the texts belong to, such as the full name of a rule.
    public var key: String
    /// Which of the texts, from 0.
    public var variant: Int

    public init(_ key: String, variant: Int) {
        self.key = key
        self.variant = variant
    }
}

/// What was said for one key in a conversation.
public struct PastReplies: Sendable, Hashable {
    /// How often.
    public var count: Int
    /// Which text the last time.
    public var lastVariant: Int

    public init(count: Int, lastVariant: Int) {
        self.count = count
        self.lastVariant = lastVariant
    }
}

/// Who wrote the message.
///
/// Never a token and never an address.
public struct Visitor: Sendable, Hashable {
    public var id: String?
    public var name: String?
    /// What else the site says about a visitor for whom it vouches, such as a plan: a few short texts by name.
    public var attributes: [String: String]
    /// Whether the site vouches for the id, the name and the attributes.
    public var isVerified: Bool

    public init(
        id: String? = nil,
        name: String? = nil,
        attributes: [String: String] = [:],
        isVerified: Bool = false
    ) {
        self.id = id
        self.name = name
        self.attributes = attributes
        self.isVerified = isVerified
    }
}

/// The page on which the message was written.
public struct Page: Sendable, Hashable {
    /// From the root of the site, `/shop/cart`, without query.
    public var path: String
    public var title: String?
    /// Without query.
    public var url: String?
    /// The context values that the site itself set.
    public var vars: [String: String]
    /// What the visitor picked on the page to speak about.
    public var selectedElement: PageElement?
    /// What the page reported as wrong when the message was written: at most 5 texts of 200 characters.
    public var errors: [String]

    public init(
        path: String = "/",
        title: String? = nil,
        url: String? = nil,
        vars: [String: String] = [:],
        selectedElement: PageElement? = nil,
        errors: [String] = []
    ) {
        self.path = path
        self.title = title
        self.url = url
        self.vars = vars
        self.selectedElement = selectedElement
        self.errors = errors
    }
}

/// An element of a page, such as a button; a page may say what it likes about it.
public struct PageElement: Sendable, Hashable {
    /// A CSS selector that finds it, at most 300 characters.
    public var selector: String?
    /// The name of the element, `button`; at most 32 characters.
    public var tag: String?
    /// What can be read in it, at most 100 characters.
    public var text: String?

    /// - Returns: Nothing where nothing is known.
    public init?(selector: String? = nil, tag: String? = nil, text: String? = nil) {
        guard selector != nil || tag != nil || text != nil else { return nil }
        self.selector = selector
        self.tag = tag
        self.text = text
    }
}

extension PageElement: CustomStringConvertible {
    /// In one line: `button "Pay now" (#pay)`.
    public var description: String {
        [self.tag, self.text.map { "\"\($0)\"" }, self.selector.map { "(\($0))" }].compactMap { $0 }.joined(
            separator: " "
        )
    }
}

/// The messages of a conversation before the current one, oldest first.
///
/// Cheap to make: the items are built only when a responder asks for them.
public struct History: Sendable {
    private let make: (@Sendable (Int) -> [HistoryItem])?

    /// How many messages ``items`` has at most.
    public static let usualCount = 20

    /// A history that is already there.
    public init(_ items: [HistoryItem] = []) {
        if items.isEmpty { self.make = nil } else { self.make = { items.suffix($0) } }
    }

    /// A history that is made when somebody asks.
    ///
    /// - Parameter make: Given how many messages are wanted at most; called on the responder's thread, once for each time that
    ///   somebody asks.
    public init(lazily make: @escaping @Sendable (Int) -> [HistoryItem]) { self.make = make }

    /// The last ``usualCount`` messages.
    ///
    /// Made anew each time, so keep them in a constant.
    public var items: [HistoryItem] { self.items(atMost: Self.usualCount) }

    /// The last messages, as many as wanted and as the server has at hand: a hundred or so.
    public func items(atMost count: Int) -> [HistoryItem] { self.make?(count) ?? [] }
}

/// One message of a history.
public struct HistoryItem: Sendable, Hashable {
    public var author: Author
    public var text: String

    public init(_ author: Author, _ text: String) {
        self.author = author
        self.text = text
    }

    /// Who wrote it.
    public enum Author: String, Sendable {
        case visitor
        /// A responder.
        case claude
        case agent, system
    }
}
