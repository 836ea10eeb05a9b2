import CPCRE2

@testable import Rules

/// How much of a text a pattern walks over while it is searched, in characters: the same on every machine.
///
/// PCRE2 calls back before each part of the pattern, and from one call to the next the way is counted and one more for the
/// part itself. No limit of steps ends it: calls make steps of what is none without them, one of a repeat's way back.
struct WalkTally {
    /// Where it ends, so that no test takes long.
    static let end = 4_000_000

    private var last = 0
    private var walked = 0

    static func walk(of source: String, _ options: Pattern.Options, on text: AttackText) throws -> Int {
        let written = try PatternCode(source, options)
        defer { written.free() }
        let code =
            try written.isAnchored
            ? PatternCode(source, options, isGuarded: true)
            : PatternCode.searching(for: source, options, start: written.startCondition, isGuarded: true)
        defer { code.free() }
        let translated = code.copied()?.translated()
        defer { translated?.free() }
        let runnable = translated ?? code
        let context = pcre2_match_context_create_8(nil)
        defer { pcre2_match_context_free_8(context) }
        let data = pcre2_match_data_create_8(1, nil)
        defer { pcre2_match_data_free_8(data) }
        pcre2_set_match_limit_8(context, UInt32.max)
        var tally = WalkTally()
        var text = text.text(length: RuleSet.textLimit)
        withUnsafeMutablePointer(to: &tally) { tally in
            pcre2_set_callout_8(context, Self.callout, tally)
            text.withUTF8 { bytes in
                _ = pcre2_match_8(runnable.pointer, bytes.baseAddress, bytes.count, 0, 0, data, context)
            }
        }
        return tally.walked
    }

    private static let callout:
        @convention(c) (UnsafeMutablePointer<pcre2_callout_block_8>?, UnsafeMutableRawPointer?) -> Int32 =
            { block, tally in
                guard let block, let tally = tally?.assumingMemoryBound(to: WalkTally.self) else { return 0 }
                let position = block.pointee.current_position
                tally.pointee.walked += abs(position - tally.pointee.last) + 1
                tally.pointee.last = position
                return tally.pointee.walked < Self.end ? 0 : PCRE2_ERROR_CALLOUT
            }
}
