internal import CPCRE2

/// What PCRE2 has made of a pattern.
///
/// A handle: whoever made it frees it.
// Guard: a pointer to memory that is only read. PCRE2 writes into compiled code while it makes it and while it
// translates it, and both are over before the handle leaves the function that made the code. Freeing is the maker's:
// ``Pattern/deinit`` runs when no thread has the pattern any more.
struct PatternCode: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Compiles a pattern as it is written.
    ///
    /// - Parameters:
    ///   - source: The pattern.
    ///   - options: Its options.
    ///   - isGuarded: Whether the code calls back at each part of the pattern.
    ///   - isAttempt: Whether it is matched only where a search starts, and nothing is looked for ahead of it.
    /// - Throws: What is wrong and at which Unicode scalar of `source`.
    init(
        _ source: String,
        _ options: Pattern.Options,
        isGuarded: Bool = false,
        isAttempt: Bool = false
    ) throws(PatternProblem) {
        var source = source
        var error: Int32 = 0
        var offset = 0
        var flags = options.flags
        if isGuarded { flags |= UInt32(PCRE2_AUTO_CALLOUT) }
        if isAttempt { flags |= UInt32(PCRE2_ANCHORED) | UInt32(PCRE2_NO_START_OPTIMIZE) }
        let code = source.withUTF8 { bytes in
            pcre2_compile_8(bytes.baseAddress, bytes.count, flags, &error, &offset, nil)
        }
        guard let code else {
            let scalars = source.utf8.prefix(offset).count { $0 & 0xC0 != 0x80 }
            throw PatternProblem(Self.message(of: error), at: scalars)
        }
        self.pointer = code
    }

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    /// Compiles a pattern so that one match limit holds for the whole text.
    ///
    /// PCRE2 counts anew at each position where a match may start. An anchored pattern that steps over the text by
    /// itself is counted once; `\K` keeps the true start of the match.
    ///
    /// - Parameters:
    ///   - source: The pattern.
    ///   - options: Its options.
    ///   - start: What ``startCondition`` says about the same pattern.
    ///   - isGuarded: Whether the code calls back at each part of the pattern.
    /// - Returns: Code whose match tells where the pattern matches.
    /// - Throws: That the pattern is too large with what is put around it.
    static func searching(
        for source: String,
        _ options: Pattern.Options,
        start: String,
        isGuarded: Bool
    ) throws(PatternProblem) -> PatternCode {
        let head = #"\A(?s:.*?)\K"# + start + "(?:"
        // The first ends an open `\Q`; the second a comment, which `(?x)` may have brought.
        if let code = try? PatternCode(head + source + #"\E)"#, options, isGuarded: isGuarded) { return code }
        do {
            return try PatternCode(head + source + "\n)", options, isGuarded: isGuarded)
        } catch {
            throw PatternProblem(error.message, at: max(0, error.offset - head.unicodeScalars.count))
        }
    }

    /// The same in machine code, in its place; nothing, and freed, where the system refuses that.
    consuming func translated() -> PatternCode? {
        guard pcre2_jit_compile_8(self.pointer, UInt32(PCRE2_JIT_COMPLETE)) == 0 else {
            self.free()
            return nil
        }
        return self
    }

    /// A copy that is interpreted.
    func copied() -> PatternCode? { pcre2_code_copy_8(self.pointer).map { PatternCode($0) } }

    /// How many bytes the code takes, without machine code.
    var byteCount: Int {
        var size = 0
        return pcre2_pattern_info_8(self.pointer, UInt32(PCRE2_INFO_SIZE), &size) == 0 ? size : .max
    }

    func free() { pcre2_code_free_8(self.pointer) }

    // MARK: What it says about itself

    /// Whether a match can only start at the start of the text.
    var isAnchored: Bool { self.information(UInt32(PCRE2_INFO_ALLOPTIONS)) & UInt32(PCRE2_ANCHORED) != 0 }

    /// How many pairs of offsets a match may need: one for the whole match and one for each group.
    var pairCount: Int { Int(self.information(UInt32(PCRE2_INFO_CAPTURECOUNT))) + 1 }

    /// A lookahead for the characters that a match may start with; empty where it may start with any.
    ///
    /// PCRE2 knows them and would run from one to the next, but not behind something that steps over the text. Most
    /// positions are ruled out by one look instead of one at each alternative of the pattern.
    var startCondition: String {
        var members = ""
        if let bits = self.startBits {
            for byte in UInt8(0)..<128 where bits[Int(byte) / 8] & (1 << (byte % 8)) != 0 {
                members += Self.escaped(byte)
            }
        } else if self.information(UInt32(PCRE2_INFO_FIRSTCODETYPE)) == 1 {
            let byte = UInt8(truncatingIfNeeded: self.information(UInt32(PCRE2_INFO_FIRSTCODEUNIT)))
            if byte < 128 { members = Self.escaped(byte) }
            // Whether upper and lower case are equal there isn't told.
            if Unicode.Scalar(byte).properties.isAlphabetic, byte < 128 { members += Self.escaped(byte ^ 0x20) }
        } else {
            return ""
        }
        // The first bytes of other characters say little about them.
        return #"(?-i:(?=["# + members + #"\x{80}-\x{10ffff}]))"#
    }

    private static func escaped(_ byte: UInt8) -> String {
        #"\x{"# + String(byte, radix: 16) + "}"
    }

    /// A bit for each byte that a match may start with, where that is known.
    private var startBits: UnsafeBufferPointer<UInt8>? {
        var bits: UnsafePointer<UInt8>?
        guard pcre2_pattern_info_8(self.pointer, UInt32(PCRE2_INFO_FIRSTBITMAP), &bits) == 0 else { return nil }
        return bits.map { UnsafeBufferPointer(start: $0, count: 32) }
    }

    /// Whether it is machine code.
    var isTranslated: Bool {
        var size = 0
        return pcre2_pattern_info_8(self.pointer, UInt32(PCRE2_INFO_JITSIZE), &size) == 0 && size > 0
    }

    /// Whether any match holds a certain character: PCRE2 looks for it before anything else.
    var needsCharacter: Bool { self.information(UInt32(PCRE2_INFO_LASTCODETYPE)) != 0 }

    /// The named groups, in the order of their numbers.
    var namedGroups: [(name: String, number: Int)] {
        let count = Int(self.information(UInt32(PCRE2_INFO_NAMECOUNT)))
        let size = Int(self.information(UInt32(PCRE2_INFO_NAMEENTRYSIZE)))
        var table: UnsafePointer<UInt8>?
        guard count > 0, pcre2_pattern_info_8(self.pointer, UInt32(PCRE2_INFO_NAMETABLE), &table) == 0, let table else {
            return []
        }
        return (0..<count).map { index in
            // Two bytes of number, then the name, then zeros.
            let entry = UnsafeBufferPointer(start: table + index * size, count: size)
            let name = String(decoding: entry.dropFirst(2).prefix { $0 != 0 }, as: UTF8.self)
            return (name, Int(entry[0]) << 8 | Int(entry[1]))
        }
        .sorted { $0.number < $1.number }
    }

    private func information(_ what: UInt32) -> UInt32 {
        var value: UInt32 = 0
        return pcre2_pattern_info_8(self.pointer, what, &value) == 0 ? value : 0
    }

    /// PCRE2's own words for an error, `missing closing parenthesis`.
    private static func message(of error: Int32) -> String {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { buffer in
            let count = pcre2_get_error_message_8(error, buffer.baseAddress, buffer.count)
            return count < 0 ? "error \(error)" : String(decoding: buffer.prefix(Int(count)), as: UTF8.self)
        }
    }
}

extension Pattern.Options {
    /// The same for `pcre2_compile`.
    fileprivate var flags: UInt32 {
        var flags = UInt32(PCRE2_UTF) | UInt32(PCRE2_NEVER_BACKSLASH_C)
        if self.contains(.caseless) { flags |= UInt32(PCRE2_CASELESS) }
        if self.contains(.ucp) { flags |= UInt32(PCRE2_UCP) }
        if self.contains(.extended) { flags |= UInt32(PCRE2_EXTENDED) }
        if self.contains(.dotAll) { flags |= UInt32(PCRE2_DOTALL) }
        if self.contains(.multiline) { flags |= UInt32(PCRE2_MULTILINE) }
        return flags
    }
}
