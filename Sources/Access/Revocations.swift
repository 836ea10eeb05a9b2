public import Messages
import Synchronization

/// What isn't accepted any more, although its signature is good.
public enum Revocation: Hashable, Sendable, CustomStringConvertible {
    /// Everything of one session; of one site alone, or of each that has a session of this name.
    case session(SessionID, at: SiteID?)
    /// Everything of one person; of one site alone, or of each that knows somebody of this name.
    case subject(Subject, at: SiteID?)
    /// One token, by its `jti`.
    case token(String)

    /// Whether a token is meant.
    public func covers(_ grant: Grant) -> Bool {
        if case .token(let id) = self { id == grant.tokenID } else { self.covers(grant.holder) }
    }

    /// Whether everything that somebody has is meant.
    func covers(_ holder: Holder) -> Bool {
        switch self {
        case .session(let session, let site): session == holder.session && (site == nil || site == holder.site)
        case .subject(let subject, let site): subject == holder.subject && (site == nil || site == holder.site)
        case .token: false
        }
    }

    /// The kind alone.
    public var description: String {
        switch self {
        case .session: "session"
        case .subject: "subject"
        case .token: "token"
        }
    }
}

/// Remembers what was revoked for as long as a token that it covers could be good.
///
/// While a session or a subject is revoked, nothing new is given to it either. Safe on every thread.
///
/// Bounded. When the table is full, the half that would run out first is given up, and in its place every token is
/// refused as expired that was issued up to now: whoever isn't revoked refreshes and goes on, and what was revoked can't
/// refresh.
public final class Revocations: Sendable {
    /// How long any token may live, in seconds.
    public let longestLifeSeconds: Int64

    private let table: Mutex<RevocationTable>
    private let log: (any AccessLog)?
    private let subscribers = Mutex<[@Sendable (Revocation) -> Void]>([])
    private let now: @Sendable () -> Timestamp

    /// An empty table.
    ///
    /// - Parameters:
    ///   - longestLifeSeconds: How long any token may live.
    ///   - capacity: How many revocations are kept at most, 2 or more.
    ///   - log: Keeps them beyond the process; nothing for those that live as long as it.
    ///   - records: What the log has of an earlier run; what isn't of revocations is ignored.
    ///   - now: The time of day.
    public init(
        longestLifeSeconds: Int64 = 86_400,
        capacity: Int = 10_000,
        log: (any AccessLog)? = nil,
        restoring records: [AccessRecord] = [],
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.longestLifeSeconds = max(1, longestLifeSeconds)
        var table = RevocationTable(
            capacity: max(2, capacity),
            reachMilliseconds: max(1, longestLifeSeconds) * 1_000 + AccessTokens.skewMilliseconds
        )
        let moment = now()
        for record in records where moment <= record.expires {
            if let revocation = Revocation(record) { table.insert(revocation, until: record.expires, now: moment) }
        }
        self.table = Mutex(table)
        self.log = log
        self.now = now
    }

    /// Has somebody told of each revocation from now on.
    ///
    /// A connection that is being opened may have been checked before a revocation and be listed after it. So whoever
    /// lists connections asks ``check(_:)`` once more after listing one.
    ///
    /// - Parameter subscriber: Called once for each revocation, on the thread that revokes, after the revocation holds.
    ///   It must not wait.
    public func subscribe(_ subscriber: @escaping @Sendable (Revocation) -> Void) {
        self.subscribers.withLock { $0.append(subscriber) }
    }

    /// Revokes.
    ///
    /// Holds until the last token that it covers has run out: for ``longestLifeSeconds`` and the skew of the clocks,
    /// unless said otherwise.
    ///
    /// - Parameters:
    ///   - revocation: What isn't accepted any more.
    ///   - end: The latest `exp` of a token that it covers, where that is known.
    public func revoke(_ revocation: Revocation, lastExpiry end: Timestamp? = nil) {
        let now = self.now()
        let last = end?.milliseconds ?? now.milliseconds + self.longestLifeSeconds * 1_000
        let until = Timestamp(milliseconds: last + AccessTokens.skewMilliseconds)
        self.table.withLock {
            $0.insert(revocation, until: until, now: now)
            self.log?.append(revocation.record(until: until))
        }
        for tell in self.subscribers.withLock({ $0 }) { tell(revocation) }
    }

    /// Checks that a token is still accepted.
    ///
    /// - Parameter grant: What the token gives.
    /// - Throws: ``AccessDenied/revoked``, or ``AccessDenied/expired`` where a fresh token would do.
    public func check(_ grant: Grant) throws(AccessDenied) {
        let now = self.now()
        if let denied = self.table.withLock({ $0.denial(of: grant, at: now) }) { throw denied }
    }

    /// Checks that something may be given to somebody.
    ///
    /// - Throws: ``AccessDenied/revoked``.
    func check(_ holder: Holder) throws(AccessDenied) {
        let now = self.now()
        guard !self.table.withLock({ $0.covers(holder, at: now) }) else { throw .revoked }
    }

    /// How many revocations are kept.
    public var count: Int { self.table.withLock { $0.count } }
    /// How many were given up because the table was full.
    public var forgotten: Int { self.table.withLock { $0.forgotten } }
}
