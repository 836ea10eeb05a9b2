import Crypto
import Messages

/// The families of refresh tokens: the state of ``RefreshTokens``, a plain value.
///
/// Of a family it keeps the hash of the one token that may be used, and for half a minute the hashes of those that were
/// used before. Any other secret under the name of a family can only be an older token of it or a guess by somebody who
/// had one, and ends the family. So a family takes the same memory however often it is refreshed.
struct RefreshTable: Sendable {
    /// How long a token that was used gives its successor again: two tabs of one browser may race.
    static let raceMilliseconds = 30_000
    /// How often a family may be refreshed within ``raceMilliseconds``.
    static let maximumUses = 8
    /// How many families one session may have, each on a device of its own.
    static let maximumFamiliesOfSession = 10

    struct Options: Sendable {
        /// How long a token lives, from when it is given.
        var lifeMilliseconds: Int64
        /// How many families there may be.
        var capacity: Int
    }

    /// What a token that is presented must belong to.
    struct Claim: Sendable {
        var site: SiteID
        /// Nothing where the client names no session.
        var session: SessionID?
    }

    /// What became of a token that was presented.
    enum Outcome: Sendable {
        case renewed(RefreshTokens.Renewal)
        /// Unknown, run out, or of somebody else; nothing has changed.
        case refused
        /// Used before; the family is gone.
        case reused(Holder)
        /// ``maximumUses``; nothing has changed.
        case tooOften
    }

    struct Use: Sendable {
        let digest: TokenDigest
        let salt: SymmetricKey
        let at: Timestamp
        let tokenID: String
    }

    struct Family: Sendable {
        let holder: Holder
        /// What the site said last about the visitor.
        var profile = VisitorProfile()
        var current: TokenDigest
        var expires: Timestamp
        /// The latest uses, oldest first.
        var uses: [Use] = []
        /// The place in one of the two queues.
        var turn: UInt64
    }

    private struct SessionKey: Hashable {
        let site: SiteID
        let session: SessionID
    }

    private let options: Options
    private var families: [RefreshFamilyID: Family] = [:]
    private var familiesOfSession: [SessionKey: [RefreshFamilyID]] = [:]
    /// Families that were never renewed, and those that were, each in the order of their last use.
    private var unproven = TurnQueue()
    private var proven = TurnQueue()
    private var lastTurn: UInt64 = 0
    private(set) var evicted = 0
    /// Families that have changed since somebody asked; nothing where nobody does.
    private var changed: Set<RefreshFamilyID>?

    var count: Int { self.families.count }

    init(_ options: Options) { self.options = options }
}

extension RefreshTable {
    /// Has changes noted from now on.
    mutating func noteChanges() { self.changed = [] }

    /// What has changed since the last call; families that are gone with nothing.
    mutating func takeChanges() -> [(id: RefreshFamilyID, family: Family?)] {
        guard let changed, !changed.isEmpty else { return [] }
        self.changed = []
        return changed.map { ($0, self.families[$0]) }
    }

    /// Takes up a family of an earlier run.
    mutating func restore(_ id: RefreshFamilyID, _ family: Family) {
        guard self.families.count < self.options.capacity, self.families[id] == nil else { return }
        var family = family
        self.lastTurn += 1
        family.turn = self.lastTurn
        self.families[id] = family
        self.proven.append(id, turn: family.turn)
        self.join(id, SessionKey(site: family.holder.site, session: family.holder.session))
    }

    /// Begins a family.
    ///
    /// A full table gives up what has run out, then the family that was never renewed and is the oldest, and only where
    /// there is none, the one that wasn't used for the longest time. So a flood of new visitors pushes out itself.
    mutating func issue(
        to holder: Holder,
        now: Timestamp,
        using generator: inout some RandomNumberGenerator
    ) -> RefreshToken {
        self.makeRoom(now)
        let token = RefreshToken(using: &generator)
        self.lastTurn += 1
        let expires = Timestamp(milliseconds: now.milliseconds + self.options.lifeMilliseconds)
        self.families[token.family] = Family(
            holder: holder,
            current: token.digest,
            expires: expires,
            turn: self.lastTurn
        )
        self.changed?.insert(token.family)
        self.unproven.append(token.family, turn: self.lastTurn)
        self.join(token.family, SessionKey(site: holder.site, session: holder.session))
        return token
    }

    private mutating func join(_ id: RefreshFamilyID, _ key: SessionKey) {
        self.familiesOfSession[key, default: []].append(id)
        guard let ids = self.familiesOfSession[key], ids.count > Self.maximumFamiliesOfSession else { return }
        let oldest = ids.min { (self.families[$0]?.turn ?? 0) < (self.families[$1]?.turn ?? 0) }
        if let oldest { self.remove(oldest) }
        self.evicted += 1
    }

    /// Takes a token that a client presents.
    mutating func use(
        _ token: RefreshToken,
        for claim: Claim,
        now: Timestamp,
        using generator: inout some RandomNumberGenerator
    ) -> Outcome {
        guard var family = self.families[token.family], now < family.expires else { return .refused }
        let holder = family.holder
        guard holder.site == claim.site, claim.session == nil || claim.session == holder.session else {
            return .refused
        }
        if let last = family.uses.lastIndex(where: { !Self.isRecent($0, now) }) { family.uses.removeFirst(last + 1) }
        let digest = token.digest
        if digest == family.current {
            guard family.uses.count < Self.maximumUses else { return .tooOften }
            return .renewed(self.renew(token, family, now: now, using: &generator))
        }
        // Digests compare in constant time.
        guard let first = family.uses.firstIndex(where: { $0.digest == digest }) else {
            self.remove(token.family)
            return .reused(holder)
        }
        return .renewed(Self.renewal(of: token, by: family.uses[first...], holder))
    }

    private mutating func renew(
        _ token: RefreshToken,
        _ family: Family,
        now: Timestamp,
        using generator: inout some RandomNumberGenerator
    ) -> RefreshTokens.Renewal {
        var family = family
        let use = Use(
            digest: family.current,
            salt: SymmetricKey(data: randomBytes(32, using: &generator)),
            at: now,
            tokenID: TokenIDs.random(using: &generator)
        )
        let renewal = Self.renewal(of: token, by: [use], family.holder)
        self.lastTurn += 1
        family.uses.append(use)
        family.current = renewal.token.digest
        family.expires = Timestamp(milliseconds: now.milliseconds + self.options.lifeMilliseconds)
        family.turn = self.lastTurn
        self.families[token.family] = family
        self.changed?.insert(token.family)
        self.proven.append(token.family, turn: self.lastTurn)
        self.compactQueues()
        return renewal
    }

    /// The newest token that comes from one that was used.
    ///
    /// A third tab may come when the successor was used as well. It gets the one after that, so that no client is left
    /// with a token that ends its family at the next use.
    ///
    /// - Parameters:
    ///   - token: What was presented.
    ///   - uses: Its own use and those after it, oldest first; at least one.
    ///   - holder: Whom the family belongs to.
    /// - Returns: The token, and what goes with it.
    private static func renewal(of token: RefreshToken, by uses: ArraySlice<Use>, _ holder: Holder)
        -> RefreshTokens.Renewal
    {
        let successor = uses.reduce(token) { $0.successor($1.salt) }
        let last = uses[uses.endIndex - 1]
        return RefreshTokens.Renewal(holder: holder, token: successor, renewed: last.at, tokenID: last.tokenID)
    }

    /// Whether a use is so near that whoever repeats it may have raced.
    ///
    /// Both ways, since a clock that was set back by an hour must not keep the door open for an hour.
    private static func isRecent(_ use: Use, _ now: Timestamp) -> Bool {
        abs(now.milliseconds - use.at.milliseconds) <= Int64(Self.raceMilliseconds)
    }
}

extension RefreshTable {
    /// Whom a token belongs to, without using it; nothing where it would be refused or end its family.
    func holder(of token: RefreshToken, now: Timestamp) -> Holder? {
        guard let family = self.families[token.family], now < family.expires else { return nil }
        let digest = token.digest
        let isUsable =
            digest == family.current
            || family.uses.contains { Self.isRecent($0, now) && $0.digest == digest }
        return isUsable ? family.holder : nil
    }

    /// Whether somebody has a family of a session.
    func hasFamily(_ subject: Subject, of session: SessionID, at site: SiteID, now: Timestamp) -> Bool {
        let ids = self.familiesOfSession[SessionKey(site: site, session: session)] ?? []
        return ids.contains { id in
            guard let family = self.families[id] else { return false }
            return family.holder.subject == subject && now < family.expires
        }
    }

    /// Keeps what a site says about the visitor of a session.
    mutating func note(_ profile: VisitorProfile, of holder: Holder) {
        for id in self.familiesOfSession[SessionKey(site: holder.site, session: holder.session)] ?? [] {
            guard self.families[id]?.holder.subject == holder.subject, self.families[id]?.profile != profile else {
                continue
            }
            self.families[id]?.profile = profile
            self.changed?.insert(id)
        }
    }

    /// The visitor of a session for whom the site has vouched, and what it says about them.
    func visitor(of session: SessionID, at site: SiteID) -> (subject: Subject, profile: VisitorProfile)? {
        let ids = self.familiesOfSession[SessionKey(site: site, session: session)] ?? []
        let family = ids.lazy.compactMap { self.families[$0] }.first { $0.holder.subject.kind == .verified }
        return family.map { ($0.holder.subject, $0.profile) }
    }

    /// Ends the families of what was revoked.
    ///
    /// A revoked access token ends none: the session and the subject are still welcome.
    mutating func end(_ revocation: Revocation) {
        if case .session(let session, let site?) = revocation {
            for id in self.familiesOfSession[SessionKey(site: site, session: session)] ?? [] { self.remove(id) }
            return
        }
        for (id, family) in self.families where revocation.covers(family.holder) { self.remove(id) }
    }

    private mutating func makeRoom(_ now: Timestamp) {
        // Whoever joins pays for two that have run out, so that the table shrinks without a sweep.
        for queue in [\RefreshTable.proven, \RefreshTable.unproven] {
            if let id = self.next(of: queue), let family = self.families[id], family.expires <= now { self.remove(id) }
        }
        while self.families.count >= self.options.capacity {
            guard let id = self.next(of: \.unproven) ?? self.next(of: \.proven) else { return }
            self.remove(id)
            self.evicted += 1
        }
        self.compactQueues()
    }

    /// The family whose turn it is to go.
    private mutating func next(of queue: WritableKeyPath<RefreshTable, TurnQueue>) -> RefreshFamilyID? {
        while let first = self[keyPath: queue].first {
            if self.families[first.id]?.turn == first.turn { return first.id }
            self[keyPath: queue].removeFirst()
        }
        return nil
    }

    private mutating func remove(_ id: RefreshFamilyID) {
        guard let family = self.families.removeValue(forKey: id) else { return }
        self.changed?.insert(id)
        let key = SessionKey(site: family.holder.site, session: family.holder.session)
        self.familiesOfSession[key]?.removeAll { $0 == id }
        if self.familiesOfSession[key]?.isEmpty == true { self.familiesOfSession[key] = nil }
    }

    /// Drops entries that stand for nothing any more, once they are most of a queue.
    private mutating func compactQueues() {
        let limit = 2 * self.families.count + 64
        let families = self.families
        if self.unproven.count > limit { self.unproven.removeAll { families[$0.id]?.turn != $0.turn } }
        if self.proven.count > limit { self.proven.removeAll { families[$0.id]?.turn != $0.turn } }
    }
}

/// Families in the order of their last use; an entry whose turn isn't that of its family any more stands for nothing.
struct TurnQueue: Sendable {
    struct Entry: Sendable {
        let id: RefreshFamilyID
        let turn: UInt64
    }

    private var entries: [Entry] = []
    private var head = 0

    var count: Int { self.entries.count - self.head }
    var first: Entry? { self.head < self.entries.count ? self.entries[self.head] : nil }

    mutating func append(_ id: RefreshFamilyID, turn: UInt64) { self.entries.append(Entry(id: id, turn: turn)) }

    mutating func removeFirst() {
        self.head += 1
        guard self.head > 1_024, self.head > self.entries.count / 2 else { return }
        self.entries.removeFirst(self.head)
        self.head = 0
    }

    mutating func removeAll(where isDead: (Entry) -> Bool) {
        self.entries = self.entries[self.head...].filter { !isDead($0) }
        self.head = 0
    }
}
