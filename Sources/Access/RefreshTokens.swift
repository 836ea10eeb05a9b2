public import Messages
import Synchronization

/// Gives refresh tokens and takes each once, for a new one (OAuth 2.0 Security Best Current Practice, RFC 9700 section
/// 4.14.2, "refresh token rotation").
///
/// A token that is used a second time, more than half a minute after the first, was stolen or belonged to somebody from
/// whom it was stolen: every token that comes from the same beginning is refused from then on.
///
/// Kept in memory, bounded: ``init(lifeDays:capacity:now:)``. Nothing that is kept gives access. Safe on every thread;
/// nothing waits.
public final class RefreshTokens: Sendable {
    /// A token that was replaced by a new one.
    public struct Renewal: Sendable {
        /// Whom both are for.
        public let holder: Holder
        /// The new one.
        public let token: RefreshToken
        /// When the old one was used first, and the `jti` of the access token that goes with the new one: whoever comes
        /// second within half a minute gets the same.
        let renewed: Timestamp
        let tokenID: String
    }

    /// How long a token can be used after it was given.
    let lifeSeconds: Int64
    private let table: Mutex<RefreshTable>
    private let log: (any AccessLog)?
    private let now: @Sendable () -> Timestamp

    /// An empty table.
    ///
    /// - Parameters:
    ///   - lifeDays: How long a token can be used after it was given.
    ///   - capacity: How many visitors are remembered, some 500 bytes each. A full table forgets the visitor who never
    ///     refreshed and came first, and only where there is none, the one who was away longest; whoever is forgotten
    ///     begins a new session.
    ///   - log: Keeps the families beyond the process; nothing for those that live as long as it.
    ///   - records: What the log has of an earlier run; what isn't of families is ignored.
    ///   - now: The time of day.
    public init(
        lifeDays: Int = 30,
        capacity: Int = 100_000,
        log: (any AccessLog)? = nil,
        restoring records: [AccessRecord] = [],
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.lifeSeconds = Int64(max(1, lifeDays)) * 86_400
        let options = RefreshTable.Options(lifeMilliseconds: self.lifeSeconds * 1_000, capacity: max(1, capacity))
        var table = RefreshTable(options)
        let moment = now()
        for record in records where moment < record.expires {
            if let id = RefreshFamilyID(key: record.key), let value = record.value,
                let family = RefreshTable.Family(value)
            {
                table.restore(id, family)
            }
        }
        if log != nil { table.noteChanges() }
        self.table = Mutex(table)
        self.log = log
        self.now = now
    }

    /// Gives the first token of a family.
    ///
    /// - Parameter holder: A visitor.
    /// - Returns: The token. It isn't kept.
    public func issue(to holder: Holder) -> RefreshToken {
        var generator = SystemRandomNumberGenerator()
        let now = self.now()
        return self.change { $0.issue(to: holder, now: now, using: &generator) }
    }

    /// Takes a token for the one after it.
    ///
    /// - Parameters:
    ///   - text: What a client sent, of any length.
    ///   - site: Where.
    ///   - session: For which session, where the client says so.
    ///   - onReuse: Called before this throws ``AccessDenied/refreshReused``, with whose family was ended.
    /// - Returns: The new token; the same one for every use within half a minute of the first.
    /// - Throws: ``AccessDenied/refreshRefused``, ``AccessDenied/refreshReused`` or ``AccessDenied/refreshedTooOften``.
    public func use(
        _ text: String,
        at site: SiteID,
        session: SessionID? = nil,
        onReuse: (Holder) -> Void = { _ in }
    ) throws(AccessDenied) -> Renewal {
        guard let token = RefreshToken(text) else { throw .refreshRefused }
        var generator = SystemRandomNumberGenerator()
        let now = self.now()
        let claim = RefreshTable.Claim(site: site, session: session)
        switch self.change({ $0.use(token, for: claim, now: now, using: &generator) }) {
        case .renewed(let renewal): return renewal
        case .refused: throw .refreshRefused
        case .tooOften: throw .refreshedTooOften
        case .reused(let holder):
            onReuse(holder)
            throw .refreshReused
        }
    }

    /// Whom a token is for, without using it.
    ///
    /// - Returns: Nothing where ``use(_:at:session:onReuse:)`` wouldn't take it.
    func holder(of text: String) -> Holder? {
        guard let token = RefreshToken(text) else { return nil }
        let now = self.now()
        return self.table.withLock { $0.holder(of: token, now: now) }
    }

    /// Whether a session is known to be somebody's.
    func know(_ session: SessionID, of subject: Subject, at site: SiteID) -> Bool {
        let now = self.now()
        return self.table.withLock { $0.hasFamily(subject, of: session, at: site, now: now) }
    }

    /// Keeps what a site says about the visitor of a session.
    func note(_ profile: VisitorProfile, of holder: Holder) { self.change { $0.note(profile, of: holder) } }

    /// The visitor of a session for whom the site has vouched, and what it says about them.
    func visitor(of session: SessionID, at site: SiteID) -> (subject: Subject, profile: VisitorProfile)? {
        self.table.withLock { $0.visitor(of: session, at: site) }
    }

    /// Ends the families of what was revoked.
    ///
    /// Looks at every family, unless it is a session of one site: meant for what an operator does.
    ///
    /// - Parameter revocation: A session or a subject; a revoked access token ends no family.
    public func end(_ revocation: Revocation) {
        if case .token = revocation { return }
        self.change { $0.end(revocation) }
    }

    /// Changes the table, and has the changes kept in the order in which they are made.
    private func change<T>(_ body: (inout RefreshTable) -> T) -> T {
        self.table.withLock { table in
            let result = body(&table)
            if let log {
                for change in table.takeChanges() { log.append(RefreshTable.Family.record(change.id, change.family)) }
            }
            return result
        }
    }

    /// Waits until what was changed is kept.
    func flush() async -> Bool { await self.log?.flush() ?? true }

    /// Whether what is changed at the moment will be kept.
    var isAccepting: Bool { self.log?.isAccepting ?? true }

    /// How many families there are.
    public var count: Int { self.table.withLock { $0.count } }
    /// How many families were forgotten because there were too many.
    public var evicted: Int { self.table.withLock { $0.evicted } }
}
