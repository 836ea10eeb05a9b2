/// Something that a conversation is told when nobody asked: news of an issue.
public struct Notice: Sendable, Hashable {
    /// Unique in the conversation, and the same each time: 1 to 64 of `A-Z a-z 0-9 _ -`.
    public var id: String
    /// The site's name in `claude-chat.yaml`.
    public var site: String
    public var sessionID: String
    /// Shown as it is, without markup.
    public var text: String

    public init(id: String, site: String, sessionID: String, text: String) {
        self.id = id
        self.site = site
        self.sessionID = sessionID
        self.text = text
    }
}

/// A responder that has something to tell when nobody asked.
///
/// The server asks again and again, and shows each notice once, also to a visitor who comes back later.
public protocol NoticeSource: RunningResponder {
    /// What is to be told and wasn't yet, the oldest first; the same again until it is.
    ///
    /// - Throws: Anything; the server asks again later.
    func notices() async throws -> [Notice]

    /// Strikes off a notice, which is in the conversation for good.
    func delivered(_ notice: Notice) async throws
}

extension Chain {
    /// The responders of the chain that have something to tell when nobody asked, each once.
    public var noticeSources: [any NoticeSource] {
        self.runningResponders.compactMap { $0 as? any NoticeSource }
    }
}
