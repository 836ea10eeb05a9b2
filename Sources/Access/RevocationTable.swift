import Messages

/// What was revoked and until when: the state of ``Revocations``.
struct RevocationTable: Sendable {
    private let capacity: Int
    /// How long after it was issued a token can be accepted at most.
    private let reachMilliseconds: Int64
    private var ends: [Revocation: Timestamp] = [:]
    /// Whatever was issued up to this moment is refused: it stands for the revocations that were given up.
    private var floor: Timestamp?
    private(set) var forgotten = 0

    var count: Int { self.ends.count }

    init(capacity: Int, reachMilliseconds: Int64) {
        self.capacity = capacity
        self.reachMilliseconds = reachMilliseconds
    }

    mutating func insert(_ revocation: Revocation, until end: Timestamp, now: Timestamp) {
        if self.ends.count >= self.capacity, self.ends[revocation] == nil { self.makeRoom(now) }
        self.ends[revocation] = max(end, self.ends[revocation] ?? end)
    }

    /// Drops what has run out, and where that is too little, what would run out first.
    ///
    /// Before the table is full nothing is dropped: a clock that jumps ahead and back frees nobody.
    private mutating func makeRoom(_ now: Timestamp) {
        self.ends = self.ends.filter { $0.value >= now }
        guard self.ends.count >= self.capacity else { return }
        let first = self.ends.sorted { $0.value < $1.value }.prefix(max(1, self.capacity / 2))
        for (revocation, _) in first { self.ends[revocation] = nil }
        self.forgotten += first.count
        self.floor = max(now, self.floor ?? now)
    }

    /// Why a token isn't accepted; nothing where it is.
    func denial(of grant: Grant, at now: Timestamp) -> AccessDenied? {
        if self.covers(grant.holder, at: now) || self.holds(.token(grant.tokenID), at: now) { return .revoked }
        return self.isBelowFloor(grant, at: now) ? .expired : nil
    }

    func covers(_ holder: Holder, at now: Timestamp) -> Bool {
        self.holds(.session(holder.session, at: nil), at: now)
            || self.holds(.session(holder.session, at: holder.site), at: now)
            || self.holds(.subject(holder.subject, at: nil), at: now)
            || self.holds(.subject(holder.subject, at: holder.site), at: now)
    }

    private func holds(_ revocation: Revocation, at now: Timestamp) -> Bool {
        guard !self.ends.isEmpty, let end = self.ends[revocation] else { return false }
        return now <= end
    }

    private func isBelowFloor(_ grant: Grant, at now: Timestamp) -> Bool {
        guard let floor, grant.issued <= floor else { return false }
        // A clock that was set back must not shut everybody out until it is where it was.
        let distance = now.milliseconds - floor.milliseconds
        return -AccessTokens.skewMilliseconds...self.reachMilliseconds ~= distance
    }
}
