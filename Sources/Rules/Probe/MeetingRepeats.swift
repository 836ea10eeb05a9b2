/// Two repeats of single characters without a bound, where each may take what the other takes and what stands between.
///
/// `\w*\d*` and `.*x.*` are such. What they share can be split in many ways, and for each of them the second one walks
/// over the text, without a step that PCRE2's limit would count. A pattern with such a pair is run under a clock.
struct MeetingRepeats {
    /// In the order of the pattern; the same where a repeat meets itself in the next round of a group.
    let first: PatternOutline.Repeat
    let second: PatternOutline.Repeat

    /// The first pair of a pattern, if it has one.
    init?(in outline: PatternOutline, _ oracle: CharacterOracle) {
        let search = Search(oracle)
        for branch in outline.branches where search.found == nil { _ = search.walk(branch, []) }
        // What isn't known to be apart may meet.
        let unread = search.isExhausted ? outline.repeats.first(where: \.isUnbounded).map { ($0, $0) } : nil
        guard let (first, second) = search.found ?? unread else { return nil }
        self.first = first
        self.second = second
    }

    /// A repeat that may also take all that has followed it so far.
    private struct Open {
        var atom: PatternOutline.Atom
        /// What has followed.
        var since: Set<PatternOutline.Atom> = []
        var count: PatternOutline.Repeat
    }

    /// Walks over a pattern from left to right.
    private final class Search {
        private let oracle: CharacterOracle
        private(set) var found: (PatternOutline.Repeat, PatternOutline.Repeat)?
        /// Groups in groups are walked over twice each, so their depth must not decide how long this takes.
        private var stepsLeft = 5_000
        /// Whether the pattern wasn't walked over to its end.
        var isExhausted: Bool { self.stepsLeft <= 0 }

        init(_ oracle: CharacterOracle) { self.oracle = oracle }

        /// - Returns: The repeats that are open after `parts`.
        func walk(_ parts: [PatternOutline.Part], _ open: [Open]) -> [Open] {
            var open = open
            for part in parts {
                self.stepsLeft -= 1
                guard self.found == nil, self.stepsLeft > 0 else { return open }
                open = self.walk(part, open)
            }
            return open
        }

        private func walk(_ part: PatternOutline.Part, _ open: [Open]) -> [Open] {
            switch part {
            case .atom(let atom): return self.open(open, after: atom)
            case .edge, .reference: return open
            case .lookaround(let branches, _):
                _ = self.walk(branches, open)
                return open
            case .group(let branches): return self.walk(branches, open)
            case .repeated(.atom(let atom), let count): return self.walk(atom, count, open)
            case .repeated(let part, let count):
                let once = self.walk(part, open)
                let skipped = count.minimum == 0 ? open : []
                return Self.joined([skipped, once, count.maximum == 1 ? [] : self.walk(part, once)])
            }
        }

        private func walk(_ branches: [[PatternOutline.Part]], _ open: [Open]) -> [Open] {
            Self.joined(branches.map { self.walk($0, open) })
        }

        private func walk(_ atom: PatternOutline.Atom, _ count: PatternOutline.Repeat, _ open: [Open]) -> [Open] {
            let rest = count.minimum == 0 ? open : self.open(open, after: atom)
            guard count.isUnbounded else { return rest }
            let other = open.first { open in
                self.oracle.overlap(open.atom, atom) && open.since.allSatisfy { self.oracle.overlap($0, atom) }
            }
            if let other { self.found = (other.count, count) }
            return rest + [Open(atom: atom, count: count)]
        }

        /// Those that may have taken `atom` as well.
        private func open(_ open: [Open], after atom: PatternOutline.Atom) -> [Open] {
            open.filter { self.oracle.overlap($0.atom, atom) }.map { open in
                Open(atom: open.atom, since: open.since.union([atom]), count: open.count)
            }
        }

        private static func joined(_ lists: [[Open]]) -> [Open] {
            // Of two ways to the same place the one that takes less says more.
            var shortest: [PatternOutline.Atom: Open] = [:]
            for open in lists.joined() where open.since.count < shortest[open.atom]?.since.count ?? .max {
                shortest[open.atom] = open
            }
            return shortest.values.sorted { $0.count.offset < $1.count.offset }
        }
    }
}
