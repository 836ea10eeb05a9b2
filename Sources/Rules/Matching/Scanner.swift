internal import CPCRE2

/// The working memory of matching: one for each thread, or one for each group of callers that take turns.
///
/// It is grown by the first messages and reused afterwards, so that a message that no rule matches allocates nothing.
/// A scanner may be used with any number of rule sets and patterns, one after the other.
// Guard: not copyable, so it has one owner at a time. The pointers are made by `init`, freed by `deinit` and reach no
// other object, so whoever owns the scanner is alone with what they point to; nothing in it is bound to the thread that
// made it.
public struct Scanner: ~Copyable, @unchecked Sendable {
    /// How many steps one search may take.
    ///
    /// A character of the text costs one, so this must stay well above ``RuleSet/textLimit``.
    public static let matchLimit = 10_000
    /// How long a guarded search may take.
    ///
    /// A clock ends it then: see ``MatchLimit/time``.
    public static let guardedSearchLimit = Duration.milliseconds(1)
    /// How many parts of a pattern a guarded search passes between two looks at the clock.
    static let calloutsPerReading: UInt32 = 16

    /// The limits that rules of the last message hit and that were skipped (`on_limit: skip`), in the order of the
    /// rules.
    ///
    /// Mostly empty. A caller that says "no rule matched" should look here first.
    public internal(set) var skipped: [RuleLimit] = []
    /// The rules that had a word of the last message and did not win, in the order of the rules.
    ///
    /// Nothing where nobody notes them: see ``startNoting()``.
    public internal(set) var lost: LostRules?

    /// Gives up what was noted, and notes no more.
    public mutating func takeLost() -> LostRules? { self.lost.take() }

    /// Whether searches are interpreted where there is no machine code yet: for those who ask a pattern only once or twice.
    let isInterpreting: Bool
    let context: OpaquePointer
    /// At a fixed address, which `context` knows.
    private let time: UnsafeMutablePointer<SearchTime>
    private let stack: OpaquePointer?
    /// Room for the offsets of a match and its groups; grown when a pattern has more groups.
    private var matchData: OpaquePointer
    private var pairCapacity: Int
    /// Room for patterns of which only "does it match" is asked.
    let scratch: OpaquePointer

    /// A bit for each rule, by rank, that has to be tried on the last message.
    var candidates: [UInt64] = []
    /// The texts of the last message that rules require.
    var found = FoundLiterals()

    public init() { self.init(clock: .monotonic, processor: .processor) }

    /// - Parameters:
    ///   - clock: What searches and messages are measured by.
    ///   - processor: The time that this thread has computed.
    ///   - isInterpreting: See ``isInterpreting``.
    init(clock: NanosecondClock, processor: NanosecondClock, isInterpreting: Bool = false) {
        self.isInterpreting = isInterpreting
        self.time = .allocate(capacity: 1)
        self.time.initialize(to: SearchTime(clock: clock, processor: processor))
        guard let context = pcre2_match_context_create_8(nil) else { fatalError("out of memory") }
        self.context = context
        pcre2_set_match_limit_8(context, UInt32(Self.matchLimit))
        // These two bound the interpreter only: machine code has its stack instead.
        pcre2_set_depth_limit_8(context, 1_000)
        pcre2_set_heap_limit_8(context, 1_024)
        pcre2_set_callout_8(context, SearchTime.callout, UnsafeMutableRawPointer(self.time))
        self.stack = pcre2_jit_stack_create_8(32 * 1_024, 512 * 1_024, nil)
        pcre2_jit_stack_assign_8(context, nil, self.stack.map(UnsafeMutableRawPointer.init))
        self.pairCapacity = 16
        self.matchData = Self.makeMatchData(pairs: self.pairCapacity)
        self.scratch = Self.makeMatchData(pairs: 1)
    }

    deinit {
        pcre2_match_data_free_8(self.matchData)
        pcre2_match_data_free_8(self.scratch)
        pcre2_match_context_free_8(self.context)
        pcre2_jit_stack_free_8(self.stack)
        self.time.deinitialize(count: 1)
        self.time.deallocate()
    }

    /// Room for at least `pairs` pairs of offsets.
    ///
    /// Growing it forgets the last match.
    mutating func captures(atLeast pairs: Int) -> OpaquePointer {
        if pairs > self.pairCapacity {
            pcre2_match_data_free_8(self.matchData)
            self.pairCapacity = pairs
            self.matchData = Self.makeMatchData(pairs: pairs)
        }
        return self.matchData
    }

    /// Limits the steps of the searches that follow.
    borrowing func limitSteps(to count: Int) { pcre2_set_match_limit_8(self.context, UInt32(count)) }

    // MARK: Time

    /// A scanner for the time while a set is loaded, when a busy machine must not make an inline test fail.
    ///
    /// Its limits of time end as those of messages do, when the thread has computed for long; and it makes no machine code.
    static func loading() -> Scanner { Scanner(clock: .monotonic, processor: .processor, isInterpreting: true) }

    /// Starts the time of a message: within `budget` all of its searches have to start.
    borrowing func startMessage(within budget: Duration?) { self.time.pointee.startMessage(within: budget) }

    /// Starts a search, if there is time left for one.
    ///
    /// - Parameter limit: How long it may take where it is guarded.
    /// - Returns: Whether there is.
    borrowing func startSearch(within limit: Duration = Self.guardedSearchLimit) -> Bool {
        guard self.time.pointee.isLeft() else { return false }
        self.time.pointee.startSearch(within: limit)
        return true
    }

    /// Does something that isn't part of a message's time.
    borrowing func withoutCounting(_ work: () -> Void) {
        let start = self.time.pointee.clock.now
        work()
        self.time.pointee.postpone(by: self.time.pointee.clock.now &- start)
    }

    borrowing func endSearch() { self.time.pointee.endSearch() }

    /// Whether there is time left for the message.
    var hasTime: Bool { self.time.pointee.isLeft() }

    /// When the last search ended, or the message started.
    var now: UInt64 { self.time.pointee.now }

    /// What was spent in ``withoutCounting(_:)``, in all; only differences mean something.
    var uncountedTime: UInt64 { self.time.pointee.postponed }

    /// The time that this thread has computed.
    var processorTime: UInt64 { self.time.pointee.processor.now }

    private static func makeMatchData(pairs: Int) -> OpaquePointer {
        guard let data = pcre2_match_data_create_8(UInt32(pairs), nil) else { fatalError("out of memory") }
        return data
    }
}
