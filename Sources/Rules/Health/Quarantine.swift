/// Which rules are out because they were slow, and which came close.
///
/// A value without a clock: whoever changes it says what time it is, in the time since some moment in the past.
struct Quarantine: Sendable {
    /// How long one confirm of a rule may take; the time from which it counts as slow.
    static let slowConfirm = Duration.milliseconds(1)
    /// The same in nanoseconds: every confirm is compared with it.
    static let slowConfirmNanoseconds = Self.slowConfirm.nanoseconds
    /// So many slow confirms within ``window`` take a rule out.
    static let strikeLimit = 3
    /// They have to come from so many sessions: one visitor alone can't turn a rule off.
    static let sessionLimit = 2
    static let window = Duration.seconds(600)
    /// How long a rule is out.
    static let term = Duration.seconds(600)
    /// After so many quick confirms a strike is forgotten that may have been the machine's and not the rule's.
    ///
    /// To measure by the processor's time costs more than most confirms take, so suspicion must end.
    static let acquittalCount = 64

    private struct Strike {
        var time: Duration
        var session: String
        /// Whether it was measured by what the thread computed, and not by the time that passed meanwhile.
        var isCertain: Bool
    }

    private var strikes: [String: [Strike]] = [:]
    /// Quick confirms of rules under suspicion, measured by what the thread computed.
    private var quickCounts: [String: Int] = [:]
    /// When the rules that are out come back.
    private var ends: [String: Duration] = [:]

    /// Whether nothing is known about any rule.
    var isEmpty: Bool { self.strikes.isEmpty && self.ends.isEmpty }

    /// Whether a rule was slow lately, but is not out.
    func isSuspect(_ rule: String) -> Bool { self.strikes[rule] != nil }

    /// How long a rule is out from `now` on; nothing where it is not.
    func rest(of rule: String, at now: Duration) -> Duration? {
        self.ends[rule].flatMap { now < $0 ? $0 - now : nil }
    }

    /// Forgets what is over at `now`.
    mutating func forget(at now: Duration) {
        self.ends = self.ends.filter { now < $0.value }
        for (rule, strikes) in self.strikes {
            let recent = strikes.filter { now - $0.time < Self.window }
            self.strikes[rule] = recent.isEmpty ? nil : recent
            if recent.isEmpty { self.quickCounts[rule] = nil }
        }
    }

    /// Forgets a rule, which is another one from now on.
    mutating func forget(_ rule: String) {
        self.strikes[rule] = nil
        self.quickCounts[rule] = nil
        self.ends[rule] = nil
    }

    /// Counts a quick confirm of a rule under suspicion, measured by what the thread computed.
    mutating func acquit(_ rule: String) {
        guard let strikes = self.strikes[rule], !strikes.contains(where: \.isCertain) else { return }
        self.quickCounts[rule, default: 0] += 1
        guard self.quickCounts[rule, default: 0] >= Self.acquittalCount else { return }
        self.strikes[rule] = nil
        self.quickCounts[rule] = nil
    }

    /// Counts a slow confirm.
    ///
    /// - Parameters:
    ///   - rule: The rule.
    ///   - session: Who wrote the message.
    ///   - isCertain: Whether it was measured by what the thread computed.
    ///   - now: The time.
    /// - Returns: Whether the rule is out from now on, and was not before.
    mutating func strike(_ rule: String, by session: String, isCertain: Bool, at now: Duration) -> Bool {
        self.forget(at: now)
        guard self.ends[rule] == nil else { return false }
        var strikes = self.strikes[rule] ?? []
        // Of one session only the last ones count, so that the list stays short.
        let own = strikes.indices.filter { strikes[$0].session == session }
        if own.count > Self.strikeLimit - Self.sessionLimit { strikes.remove(at: own[0]) }
        strikes.append(Strike(time: now, session: session, isCertain: isCertain))
        guard strikes.count >= Self.strikeLimit else {
            self.strikes[rule] = strikes
            return false
        }
        self.strikes[rule] = nil
        self.quickCounts[rule] = nil
        self.ends[rule] = now + Self.term
        return true
    }
}
