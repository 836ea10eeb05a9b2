internal import CPCRE2

/// The time that the searches of one thread take, and when it is over.
struct SearchTime {
    let clock: NanosecondClock
    let processor: NanosecondClock
    /// When the clock was read last.
    private(set) var now: UInt64 = 0
    /// When the time for all searches of a message is over.
    private var messageEnd = UInt64.max
    /// When the time of a guarded search is over.
    private var searchEnd = UInt64.max
    /// How many parts of the pattern the guarded search has passed.
    private var callouts: UInt32 = 0

    init(clock: NanosecondClock, processor: NanosecondClock) {
        self.clock = clock
        self.processor = processor
    }

    /// Whether there is time left for another search.
    var isLeft: Bool { self.now < self.messageEnd }

    mutating func startMessage(within budget: Duration?) {
        self.now = self.clock.now
        self.messageEnd = budget.map { self.now &+ $0.nanoseconds } ?? .max
    }

    mutating func startSearch() {
        self.searchEnd = self.now &+ Scanner.guardedSearchLimit.nanoseconds
        self.callouts = 0
    }

    mutating func endSearch() { self.now = self.clock.now }

    /// Whether a guarded search may go on; asked at each part of the pattern.
    fileprivate mutating func maySearchOn() -> Bool {
        self.callouts &+= 1
        // Cheaper than the clock by far, and between two parts at most the text is walked over once.
        guard self.callouts % Scanner.calloutsPerReading == 0 else { return true }
        return self.clock.now < self.searchEnd
    }

    /// Called by PCRE2 before each part of a guarded pattern, with the address of a ``SearchTime``.
    static let callout:
        @convention(c) (UnsafeMutablePointer<pcre2_callout_block_8>?, UnsafeMutableRawPointer?) -> Int32 =
            { _, time in
                guard let time = time?.assumingMemoryBound(to: SearchTime.self) else { return 0 }
                return time.pointee.maySearchOn() ? 0 : PCRE2_ERROR_CALLOUT
            }
}
