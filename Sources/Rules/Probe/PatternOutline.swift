/// The shape of a pattern as far as its cost goes: what it repeats, and what stands before that.
///
/// A rough reading of PCRE2's syntax that never fails. Whoever uses it guesses what might be slow and then measures, so
/// where it is wrong a guess is worse, and nothing is answered wrongly.
struct PatternOutline {
    /// What takes one character.
    enum Atom: Hashable {
        case literal(Unicode.Scalar)
        /// One of several characters, as written: `[a-z]`, `\w`, `.`.
        case set(String)
    }

    indirect enum Part {
        case atom(Atom)
        /// Alternatives; each is a sequence.
        case group([[Part]])
        /// `(?=...)` or `(?<=...)`, or where they are negative `(?!...)` or `(?<!...)`: takes no text by itself.
        case lookaround([[Part]], isNegative: Bool)
        case repeated(Part, Repeat)
        /// What an earlier group took, or what another group takes.
        case reference
        /// Takes no text: `\b`, `^`.
        case edge
    }

    /// How often a part is repeated.
    struct Repeat {
        /// More than this is as good as no bound.
        static let bounded = 256

        var minimum: Int
        /// Nothing where there is no bound.
        var maximum: Int?
        /// What is repeated and how often, as written: `[a-z]*`.
        var written: String { String(String.UnicodeScalarView(self.scalars)) }
        /// How often alone: `*`.
        var quantifier: String { String(String.UnicodeScalarView(self.scalars.suffix(self.quantifierCount))) }
        /// A part of the pattern, since hardly ever somebody asks for its text.
        var scalars: ArraySlice<Unicode.Scalar>
        var quantifierCount: Int
        /// Where it starts, in Unicode scalars from the start of the pattern.
        var offset: Int

        var isUnbounded: Bool { self.maximum.map { $0 > Self.bounded } ?? true }
    }

    let branches: [[Part]]

    init(branches: [[Part]]) { self.branches = branches }

    init(_ pattern: String, isExtended: Bool) {
        var reader = OutlineReader(pattern, isExtended: isExtended)
        self.branches = reader.read()
    }

    /// The texts that the pattern holds letter by letter, in the order of the pattern; those that must not come are left
    /// out.
    var words: [String] {
        var words: [String] = []
        var run = ""
        func flush() {
            if !run.isEmpty { words.append(run) }
            run = ""
        }
        func collect(_ parts: [Part]) {
            for part in parts {
                switch part {
                case .atom(.literal(let scalar)): run.unicodeScalars.append(scalar)
                case .atom, .reference: flush()
                case .edge, .lookaround(_, isNegative: true): break
                case .group(let branches), .lookaround(let branches, isNegative: false):
                    flush()
                    for branch in branches {
                        collect(branch)
                        flush()
                    }
                case .repeated(let part, _):
                    flush()
                    collect([part])
                    flush()
                }
            }
        }
        for branch in self.branches {
            collect(branch)
            flush()
        }
        return words
    }

    /// All repeats, in the order of the pattern.
    var repeats: [Repeat] {
        func repeats(of part: Part) -> [Repeat] {
            switch part {
            case .atom, .edge, .reference: []
            case .group(let branches), .lookaround(let branches, _): branches.joined().flatMap(repeats)
            case .repeated(let part, let count): repeats(of: part) + [count]
            }
        }
        return self.branches.joined().flatMap(repeats)
    }

    /// Whether nothing is repeated, so that the way from each start is short.
    var isPlain: Bool { self.repeats.allSatisfy { $0.maximum == 1 } && !self.hasReference }

    private var hasReference: Bool {
        func isReference(_ part: Part) -> Bool {
            switch part {
            case .atom, .edge: false
            case .reference: true
            case .group(let branches), .lookaround(let branches, _): branches.joined().contains(where: isReference)
            case .repeated(let part, _): isReference(part)
            }
        }
        return self.branches.joined().contains(where: isReference)
    }
}
