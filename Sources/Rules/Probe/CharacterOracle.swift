internal import CPCRE2

/// Says which characters a part of a pattern takes, by asking PCRE2 about some of every kind.
///
/// One for a whole load, since most patterns use the same few sets. Not shared by threads.
final class CharacterOracle {
    /// Some characters of every kind; those that make a text easy to read come first.
    ///
    /// The last ones take two and three bytes, and longer to look up.
    private static let common = Array("a0 z9-.,_/:@#\n!\"'(<&\u{E9}\u{4E2D}".unicodeScalars)

    /// Those of them that end a repeat and stand for nothing else.
    private static let strangers = Array("!\na0".unicodeScalars)

    private let options: Pattern.Options
    private let scratch = Scanner.loading()
    private var members: [String: [Unicode.Scalar]] = [:]
    private var overlaps: [Pair: Bool] = [:]
    /// The sets that were asked about, compiled; nothing for one that doesn't compile.
    private var sets: [String: PatternCode?] = [:]

    private struct Pair: Hashable {
        var first: PatternOutline.Atom
        var second: PatternOutline.Atom
    }

    init(_ options: Pattern.Options) { self.options = options }

    deinit { for case let code? in self.sets.values { code.free() } }

    /// Some characters that the atom takes.
    func members(of atom: PatternOutline.Atom) -> [Unicode.Scalar] {
        switch atom {
        case .literal(let scalar): return [scalar]
        case .set(let written):
            if let known = self.members[written] { return known }
            let candidates = Self.common + written.unicodeScalars.filter { !Self.common.contains($0) }
            let found = self.filter(candidates, by: written)
            self.members[written] = found
            return found
        }
    }

    /// A character that the atom doesn't take, where one of the common ones is such.
    func stranger(to atom: PatternOutline.Atom) -> Unicode.Scalar? {
        let members = self.members(of: atom)
        return Self.strangers.first { !members.contains($0) }
    }

    /// Whether a character is taken by both.
    func overlap(_ first: PatternOutline.Atom, _ second: PatternOutline.Atom) -> Bool {
        if first == second { return true }
        let pair = Pair(first: first, second: second)
        if let known = self.overlaps[pair] { return known }
        let overlap =
            !self.take(self.members(of: first), by: second).isEmpty
            || !self.take(self.members(of: second), by: first).isEmpty
        self.overlaps[pair] = overlap
        return overlap
    }

    private func take(_ scalars: [Unicode.Scalar], by atom: PatternOutline.Atom) -> [Unicode.Scalar] {
        switch atom {
        case .set(let written): return self.filter(scalars, by: written)
        case .literal(let literal):
            let folded = literal.properties.lowercaseMapping
            return scalars.filter { $0 == literal || $0.properties.lowercaseMapping == folded }
        }
    }

    private func code(of written: String) -> PatternCode? {
        if let known = self.sets[written] { return known }
        let code = try? PatternCode("\\A(?:\(written))\\z", self.options)
        self.sets[written] = .some(code)
        return code
    }

    /// The characters that the set takes.
    private func filter(_ scalars: [Unicode.Scalar], by written: String) -> [Unicode.Scalar] {
        guard let code = self.code(of: written) else { return [] }
        return scalars.filter { scalar in
            var text = String(scalar)
            return text.withUTF8 { bytes in
                let options = UInt32(PCRE2_NO_UTF_CHECK)
                let (data, context) = (self.scratch.scratch, self.scratch.context)
                return pcre2_match_8(code.pointer, bytes.baseAddress, bytes.count, 0, options, data, context) >= 0
            }
        }
    }
}
