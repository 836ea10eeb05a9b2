internal import CPCRE2

/// The time that the searches of one thread take, and when it is over.
struct SearchTime {
    let clock: NanosecondClock
    let processor: NanosecondClock
    /// When the clock was read last.
    private(set) var now: UInt64 = 0
    /// What was spent on something else than messages, in all.
    private(set) var postponed: UInt64 = 0
    private var message = Deadline()
    private var search = Deadline()
    /// How many parts of the pattern the guarded search has passed.
    private var callouts: UInt32 = 0

    init(clock: NanosecondClock, processor: NanosecondClock) {
        self.clock = clock
        self.processor = processor
    }

    /// Whether there is time left for another search.
    mutating func isLeft() -> Bool { self.message.isAhead(of: self.now, self.processor) }

    mutating func startMessage(within budget: Duration?) {
        self.now = self.clock.now
        self.message = budget.map { Deadline(after: $0.nanoseconds, from: self.now) } ?? Deadline()
    }

    /// Gives the message time that was spent on something else.
    mutating func postpone(by nanoseconds: UInt64) {
        self.now &+= nanoseconds
        self.postponed &+= nanoseconds
        self.message.postpone(by: nanoseconds)
    }

    mutating func startSearch(within limit: Duration) {
        self.search = Deadline(after: limit.nanoseconds, from: self.now)
        self.callouts = 0
    }

    mutating func endSearch() { self.now = self.clock.now }

    /// Whether a guarded search may go on; asked at each part of the pattern.
    fileprivate mutating func maySearchOn() -> Bool {
        self.callouts &+= 1
        // Cheaper than the clock by far, and between two parts at most the text is walked over once.
        guard self.callouts % Scanner.calloutsPerReading == 0 else { return true }
        return self.search.isAhead(of: self.clock.now, self.processor)
    }

    /// Called by PCRE2 before each part of a guarded pattern, with the address of a ``SearchTime``.
    static let callout:
        @convention(c) (UnsafeMutablePointer<pcre2_callout_block_8>?, UnsafeMutableRawPointer?) -> Int32 =
            { _, time in
                guard let time = time?.assumingMemoryBound(to: SearchTime.self) else { return 0 }
                return time.pointee.maySearchOn() ? 0 : PCRE2_ERROR_CALLOUT
            }
}

/// When a span of time is over.
///
/// A thread that others keep from the processor must not lose its whole span to them. So a part of it is measured by the
/// cheap clock, which goes on meanwhile, and only when that is over the rest by what the thread computes. What it
/// computes in all is never more than the span.
private struct Deadline {
    private var cheapEnd = UInt64.max
    private var rest: UInt64 = 0
    private var processorEnd: UInt64?

    /// Never.
    init() {}

    init(after nanoseconds: UInt64, from now: UInt64) {
        self.rest = nanoseconds / 2
        self.cheapEnd = now &+ (nanoseconds - self.rest)
    }

    mutating func postpone(by nanoseconds: UInt64) {
        guard self.cheapEnd != .max else { return }
        self.cheapEnd &+= nanoseconds
        self.processorEnd = self.processorEnd.map { $0 &+ nanoseconds }
    }

    mutating func isAhead(of now: UInt64, _ processor: NanosecondClock) -> Bool {
        guard now >= self.cheapEnd else { return true }
        let computed = processor.now
        guard let end = self.processorEnd else {
            self.processorEnd = computed &+ self.rest
            return self.rest > 0
        }
        return computed < end
    }
}
