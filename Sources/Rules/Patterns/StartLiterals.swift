extension RequiredLiterals {
    /// Texts with one of which every match of a pattern starts.
    ///
    /// A search then looks only at the places where one of them stands. The first character of the text is that of the
    /// match; what is looked at behind or ahead of it takes no part.
    ///
    /// - Parameters:
    ///   - node: The pattern.
    ///   - isUnicode: Whether word edges know the letters of all scripts, as for ``required(by:isUnicode:)``.
    /// - Returns: The texts; nothing where a match may start with something else, or nearly everywhere.
    static func starts(of node: PatternNode, isUnicode: Bool) -> RequiredLiterals? {
        var finder = StartFinder(knowsEdges: isUnicode)
        guard finder.walk(.node(node, .end), RequiredLiterals.Literal(bytes: []), isBehindEdge: false) else {
            return nil
        }
        return RequiredLiterals(finder.literals, takesShortWords: true)
    }
}

/// Walks over a pattern on all ways at once, and on each as far as it tells how a match starts.
private struct StartFinder {
    typealias Literal = RequiredLiterals.Literal

    /// What is still to come on a way.
    indirect enum Rest {
        case end
        case node(PatternNode, Rest)
        case nodes(ArraySlice<PatternNode>, Rest)
    }

    /// From so many bytes on a text is rare enough, and isn't spelt out further.
    private static let sufficientLength = 3

    private(set) var literals: [Literal] = []
    private let knowsEdges: Bool
    /// Alternatives in a row multiply, so their number must not decide how long this takes.
    private var stepsLeft = 4_000

    init(knowsEdges: Bool) { self.knowsEdges = knowsEdges }

    /// Walks on from a place of the pattern.
    ///
    /// - Parameters:
    ///   - rest: What comes next.
    ///   - literal: What the match starts with on this way.
    ///   - isBehindEdge: Whether a word edge stands before the match.
    /// - Returns: Whether it is known how the match starts on each way on.
    mutating func walk(_ rest: Rest, _ literal: Literal, isBehindEdge: Bool) -> Bool {
        self.stepsLeft -= 1
        guard self.stepsLeft > 0 else { return false }
        let (node, rest) = Self.split(rest)
        guard let node else { return self.add(literal, isBeforeEdge: false) }
        let isLong = literal.bytes.count >= Self.sufficientLength
        switch node {
        case .literal(let scalar): return self.walk(rest, literal, [scalar], isBehindEdge)
        case .oneOf(let scalars) where !isLong: return self.walk(rest, literal, scalars, isBehindEdge)
        case .wordEdge where literal.bytes.isEmpty: return self.walk(rest, literal, isBehindEdge: self.knowsEdges)
        case .assertion where literal.bytes.isEmpty, .textEnd where literal.bytes.isEmpty,
            .lookaround where literal.bytes.isEmpty:
            return self.walk(rest, literal, isBehindEdge: isBehindEdge)
        case .sequence(let parts): return self.walk(.nodes(parts[...], rest), literal, isBehindEdge: isBehindEdge)
        case .capture(_, let part): return self.walk(.node(part, rest), literal, isBehindEdge: isBehindEdge)
        case .alternation(let branches) where !isLong:
            return branches.allSatisfy { self.walk(.node($0, rest), literal, isBehindEdge: isBehindEdge) }
        case .repeated(let part, let minimum, _) where !isLong && !node.startsBehindWord:
            // What follows the first round may be another one.
            let once = self.walk(.node(part, .node(.something, .end)), literal, isBehindEdge: isBehindEdge)
            return once && (minimum > 0 || self.walk(rest, literal, isBehindEdge: isBehindEdge))
        default: return self.add(literal, isBeforeEdge: node.startsBehindWord)
        }
    }

    private mutating func walk(
        _ rest: Rest,
        _ literal: Literal,
        _ scalars: [Unicode.Scalar],
        _ isBehindEdge: Bool
    ) -> Bool {
        scalars.allSatisfy { scalar in
            let folded = Folding.table.fold(String(scalar))
            var longer = literal
            if literal.bytes.isEmpty { longer.startsWord = isBehindEdge && isWordByte(folded[0]) }
            longer.bytes += folded
            return self.walk(rest, longer, isBehindEdge: isBehindEdge)
        }
    }

    /// The next part, and what comes behind it.
    private static func split(_ rest: Rest) -> (PatternNode?, Rest) {
        switch rest {
        case .end: (nil, .end)
        case .node(let node, let rest): (node, rest)
        case .nodes(let nodes, let rest):
            nodes.first.map { ($0, nodes.count > 1 ? .nodes(nodes.dropFirst(), rest) : rest) } ?? self.split(rest)
        }
    }

    private mutating func add(_ literal: Literal, isBeforeEdge: Bool) -> Bool {
        guard let last = literal.bytes.last, self.literals.count < RequiredLiterals.maximumCount else { return false }
        var literal = literal
        literal.endsWord = isBeforeEdge && self.knowsEdges && isWordByte(last)
        self.literals.append(literal)
        return true
    }
}
