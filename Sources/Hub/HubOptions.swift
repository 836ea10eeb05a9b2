public import Messages

/// The bounds of a hub.
public struct HubOptions: Sendable {
    /// How many messages a visitor may send; nothing for no limit.
    public var messageRate: RateLimit?
    /// How often a room may be asked for what a position lacks; nothing for no limit.
    public var resumeRate: RateLimit?
    /// How often a room may be asked for older messages; nothing for no limit.
    public var historyRate: RateLimit?
    /// How often a visitor's typing may be told; nothing for no limit.
    public var typingRate: RateLimit?
    /// How often a room may be asked who is there; nothing for no limit.
    public var presenceRate: RateLimit?
    /// How many long polls of a room may begin; nothing for no limit.
    public var pollRate: RateLimit?
    /// How many connections one room may have; nothing for no limit.
    public var connectionsPerRoom: Int?
    /// How many rooms the hub keeps.
    ///
    /// Beyond that, empty idle ones are dropped.
    public var rooms: Int
    /// How many bytes of messages the hub keeps in all.
    ///
    /// Beyond that, idle rooms are dropped, and if that isn't enough every room keeps less.
    public var historyBytes = 256 * 1_048_576
    /// How many messages of a visitor may wait while an earlier one is being answered.
    public var waitingMessages: Int
    /// Seconds between two signs of life.
    public var heartbeatSeconds: Int
    /// An opaque name of this server, for support.
    public var node: String
    /// The optional features of the protocol that are on: what clients are told of them, none by default.
    public var features: [String] = []
    /// Those of single sites.
    public var siteFeatures: @Sendable (SiteID) -> [String] = { _ in [] }
    /// After how long a conversation goes on by itself.
    public var conversationTimes = ConversationTimes()
    /// The same of single sites; nothing for those without times of their own.
    public var siteConversationTimes: @Sendable (SiteID) -> ConversationTimes? = { _ in nil }
    /// Whether a site is open at a time, so that its agents count as there.
    public var isOpen: @Sendable (SiteID, Timestamp) -> Bool = { _, _ in true }

    /// What clients of a site are told that they may offer.
    func features(of site: SiteID) -> [String] { self.features + self.siteFeatures(site) }

    /// After how long a conversation of a site goes on by itself.
    func times(of site: SiteID) -> ConversationTimes { self.siteConversationTimes(site) ?? self.conversationTimes }

    public init(
        messageRate: RateLimit? = RateLimit(2, burst: 10),
        resumeRate: RateLimit? = RateLimit(1, perSeconds: 5, burst: 2),
        historyRate: RateLimit? = RateLimit(2, burst: 5),
        typingRate: RateLimit? = RateLimit(1, burst: 4),
        presenceRate: RateLimit? = RateLimit(2, burst: 5),
        pollRate: RateLimit? = RateLimit(5, burst: 20),
        connectionsPerRoom: Int? = 10,
        rooms: Int = 50_000,
        waitingMessages: Int = 20,
        heartbeatSeconds: Int = 25,
        node: String = "local"
    ) {
        self.messageRate = messageRate
        self.resumeRate = resumeRate
        self.historyRate = historyRate
        self.typingRate = typingRate
        self.presenceRate = presenceRate
        self.pollRate = pollRate
        self.connectionsPerRoom = connectionsPerRoom
        self.rooms = rooms
        self.waitingMessages = waitingMessages
        self.heartbeatSeconds = heartbeatSeconds
        self.node = node
    }

    /// No limit of rates and connections: for measurements.
    public static var unlimited: HubOptions {
        HubOptions(
            messageRate: nil,
            resumeRate: nil,
            historyRate: nil,
            typingRate: nil,
            presenceRate: nil,
            pollRate: nil,
            connectionsPerRoom: nil
        )
    }

    /// How many messages of a room can be replayed.
    static let recentMessages = 100
    /// How many bytes of them are kept.
    static let recentBytes = 256 * 1_024
    /// How many messages a client of the first form gets when it connects.
    static let seedReplay = 20
    /// How long it is known how far a client of the first form had got: 10 minutes.
    static let seedCursorNanoseconds: UInt64 = 600 * 1_000_000_000
    /// Within what time connections of the first form that end are cut off together: a minute, since the server finds out
    /// about a lost connection after 35 seconds.
    static let seedTogetherNanoseconds: UInt64 = 60 * 1_000_000_000
    /// How many client ids a room remembers, and for how long at least: 5 minutes.
    static let rememberedIDs = 1_024
    static let rememberedNanoseconds: UInt64 = 300 * 1_000_000_000
    /// After how long without a word of it somebody has stopped writing: 6 seconds.
    static let typingNanoseconds: UInt64 = 6 * 1_000_000_000
    /// After how long without a connection somebody has left: 5 seconds, since a page that is changed is no farewell.
    static let departureNanoseconds: UInt64 = 5 * 1_000_000_000
    /// How long a sender waits for its message to be kept before it is told to send it again: 5 seconds.
    static let receiptNanoseconds: UInt64 = 5 * 1_000_000_000
    /// How long the pieces of a reply are gathered: 50 milliseconds.
    static let pieceNanoseconds: UInt64 = 50 * 1_000_000
}
