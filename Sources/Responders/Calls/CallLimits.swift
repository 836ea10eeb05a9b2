/// How many calls of one responder may be under way, and when it is no longer asked: `concurrency`, `queue` and `breaker`
/// of an entry.
public struct CallLimits: Sendable, Hashable {
    /// How many calls run at once, at least 1.
    public var concurrency: Int
    /// How many more wait until one of those has ended; whoever comes then is not asked.
    public var queue: Int
    public var breaker: Breaker

    public init(concurrency: Int = 8, queue: Int = 32, breaker: Breaker = Breaker()) {
        self.concurrency = concurrency
        self.queue = queue
        self.breaker = breaker
    }

    /// When a responder that fails is no longer asked, and for how long.
    public struct Breaker: Sendable, Hashable {
        public var isEnabled: Bool
        /// So many failures in a row; half of the last twenty calls are too many in any case.
        public var failures: Int
        /// The first time it is not asked for so long; each probe that fails doubles it, up to five minutes.
        public var wait: Duration

        public init(isEnabled: Bool = true, failures: Int = 5, wait: Duration = .seconds(15)) {
            self.isEnabled = isEnabled
            self.failures = failures
            self.wait = wait
        }
    }
}

/// What a responder throws that has no time for a message.
///
/// The chain takes it as a pass with ``TraceReason/busy``, asks the next responder, and asks this one no more for so long.
/// It counts as no failure.
public struct RetryAfter: Error, Sendable, Hashable {
    /// At most five minutes count.
    public var duration: Duration

    public init(_ duration: Duration) { self.duration = duration }
}

extension TraceReason {
    /// Not asked: as many calls of the responder as may be are under way or wait, or it said so itself.
    public static let busy: TraceReason = "busy"
    /// Not asked: the responder has failed again and again, or asked to be left alone for a while.
    public static let breakerOpen: TraceReason = "breaker-open"
}
