internal import CPCRE2

/// The plain way to find the rules that match a message: PCRE2 tries one pattern after the other.
///
/// Without a prefilter, without limits, by machine code where the system allows it. It is what the engine is measured
/// against, and what it has to agree with. Not for the texts of strangers: a slow pattern stays slow here.
public struct LinearScan: ~Copyable {
    private var codes: [OpaquePointer] = []
    private let matchData: OpaquePointer
    private let context: OpaquePointer
    private let stack: OpaquePointer?

    /// Compiles patterns, by default as the rule language does: caseless and with the letters of all scripts.
    ///
    /// - Parameters:
    ///   - patterns: In the order in which they are tried.
    ///   - options: The same for all of them.
    /// - Throws: What PCRE2 says to the first that it doesn't compile.
    public init(_ patterns: [String], options: Pattern.Options = [.caseless, .ucp]) throws(PatternProblem) {
        guard let matchData = pcre2_match_data_create_8(1, nil), let context = pcre2_match_context_create_8(nil) else {
            fatalError("out of memory")
        }
        self.matchData = matchData
        self.context = context
        self.stack = pcre2_jit_stack_create_8(32 * 1_024, 8 * 1_024 * 1_024, nil)
        pcre2_jit_stack_assign_8(context, nil, self.stack.map(UnsafeMutableRawPointer.init))
        for pattern in patterns {
            let code = try PatternCode(pattern, options).pointer
            _ = pcre2_jit_compile_8(code, UInt32(PCRE2_JIT_COMPLETE))
            self.codes.append(code)
        }
    }

    deinit {
        for code in self.codes { pcre2_code_free_8(code) }
        pcre2_match_data_free_8(self.matchData)
        pcre2_match_context_free_8(self.context)
        pcre2_jit_stack_free_8(self.stack)
    }

    /// The index of the first pattern that matches.
    public func firstMatch(in text: String) -> Int? {
        var text = text
        return text.withUTF8 { bytes in self.codes.indices.first { self.isMatch($0, bytes) } }
    }

    /// The indices of all patterns that match, in order.
    public func matches(in text: String) -> [Int] {
        var text = text
        return text.withUTF8 { bytes in self.codes.indices.filter { self.isMatch($0, bytes) } }
    }

    /// Whether the pattern at `index` matches.
    public func isMatch(_ index: Int, _ text: String) -> Bool {
        var text = text
        return text.withUTF8 { self.isMatch(index, $0) }
    }

    private func isMatch(_ index: Int, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let options = UInt32(PCRE2_NO_UTF_CHECK)
        return pcre2_match_8(
            self.codes[index],
            bytes.baseAddress,
            bytes.count,
            0,
            options,
            self.matchData,
            self.context
        ) >= 0
    }
}
