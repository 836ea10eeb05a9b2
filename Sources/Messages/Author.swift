/// Who speaks, writes or is there.
public struct Author: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable { case visitor, responder, agent, system }

    public var kind: Kind
    /// At most 80 bytes.
    public var name: String?

    public init(_ kind: Kind, name: String? = nil) {
        self.kind = kind
        self.name = name
    }

    /// The visitor of a session, however many pages are open.
    public static let visitor = Author(.visitor)
    /// Whatever answers for the site.
    public static let responder = Author(.responder)
}

/// Who is in a room, and with how many connections.
public struct Participant: Hashable, Sendable {
    public var author: Author
    public var connections: Int

    public init(_ author: Author, connections: Int) {
        self.author = author
        self.connections = connections
    }
}

/// What a `presence` frame says.
public enum PresenceEvent: String, Sendable {
    /// Everybody who is there.
    case sync
    /// Whose first connection has opened, or whose last one has been closed for a while.
    case join, leave
}
