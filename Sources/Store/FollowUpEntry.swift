public import Messages

/// One more reply that was promised in a turn: until when it may come, what shows that it is the one, and what became of it.
public struct FollowUpEntry: Hashable, Sendable {
    /// The turn's id, at most ``Limits/messageIDBytes`` bytes.
    ///
    /// An entry takes the place of the one before it of the same turn.
    public var turn: String
    public var site: SiteID
    public var session: SessionID
    /// The number of the message that the turn is about.
    public var seq: Int
    /// Which reply of the turn it is, 2 or 3.
    public var number: Int
    /// SHA-256 of the token that opens the door for it; the token itself is kept nowhere.
    public var digest: [UInt8]
    public var promised: Timestamp
    /// From then on nobody is waited for.
    public var expires: Timestamp
    /// Nothing while it may still come.
    public var ending: FollowUpEnding?

    public init(
        turn: String,
        site: SiteID,
        session: SessionID,
        seq: Int,
        number: Int,
        digest: [UInt8],
        promised: Timestamp,
        expires: Timestamp,
        ending: FollowUpEnding? = nil
    ) {
        self.turn = turn
        self.site = site
        self.session = session
        self.seq = seq
        self.number = number
        self.digest = digest
        self.promised = promised
        self.expires = expires
        self.ending = ending
    }

    static let digestBytes = 32

    var isValid: Bool {
        1...Limits.messageIDBytes ~= self.turn.utf8.count && self.seq > 0 && 2...3 ~= self.number
            && self.digest.count == Self.digestBytes
    }
}

/// What became of a promised reply.
public struct FollowUpEnding: Hashable, Sendable {
    public enum Result: String, Sendable, CaseIterable {
        /// It came.
        case kept
        /// It did not come in time, and the visitor was told.
        case expired
        /// The turn was run again after a crash, and promised nothing then.
        case dropped
    }

    public var result: Result
    public var time: Timestamp

    public init(_ result: Result, at time: Timestamp) {
        self.result = result
        self.time = time
    }
}
