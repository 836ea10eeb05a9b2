internal import CPCRE2

/// The working memory of matching: one for each thread, or one for each group of callers that take turns.
///
/// It is grown by the first messages and reused afterwards, so that a message that no rule matches allocates nothing.
/// A scanner may be used with any number of rule sets and patterns, one after the other.
// Guard: not copyable, so it has exactly one owner at a time; nothing in it is bound to the thread that made it.
public struct Scanner: ~Copyable, @unchecked Sendable {
    /// How many steps one search may take.
    ///
    /// A character of the text costs one, so this must stay well above ``RuleSet/textLimit``.
    public static let matchLimit = 10_000

    /// The limits that rules of the last message hit and that were skipped (`on_limit: skip`), in the order of the
    /// rules.
    ///
    /// Mostly empty. A caller that says "no rule matched" should look here first.
    public internal(set) var skipped: [RuleLimit] = []

    let context: OpaquePointer
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

    public init() {
        guard let context = pcre2_match_context_create_8(nil) else { fatalError("out of memory") }
        self.context = context
        pcre2_set_match_limit_8(context, UInt32(Self.matchLimit))
        // These two bound the interpreter only: machine code has its stack instead.
        pcre2_set_depth_limit_8(context, 1_000)
        pcre2_set_heap_limit_8(context, 1_024)
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

    private static func makeMatchData(pairs: Int) -> OpaquePointer {
        guard let data = pcre2_match_data_create_8(UInt32(pairs), nil) else { fatalError("out of memory") }
        return data
    }
}
