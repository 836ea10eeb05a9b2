/// Reads PCRE2's syntax into a ``PatternNode``.
///
/// It expects what `pcre2_compile` accepts and never fails: of other text it makes something harmless.
struct PatternParser {
    /// As deep as PCRE2 allows groups to nest.
    static let maximumDepth = 250

    private(set) var remarks: [PatternRemark] = []
    let scalars: [Unicode.Scalar]
    var position = 0
    /// Whether white space and comments are ignored, at this place.
    var isExtended: Bool
    private var depth = 0

    /// The parts of `pattern`, and what is remarkable in it, in the order of the text.
    static func parse(_ pattern: String, isExtended: Bool = false) -> (node: PatternNode, remarks: [PatternRemark]) {
        var parser = PatternParser(scalars: Array(pattern.unicodeScalars), isExtended: isExtended)
        var parts = [parser.alternation()]
        while !parser.isAtEnd {
            // A parenthesis too many.
            parser.position += 1
            parts.append(.something)
            parts.append(parser.alternation())
        }
        return (parts.count == 1 ? parts[0] : .sequence(parts), parser.remarks)
    }

    private init(scalars: [Unicode.Scalar], isExtended: Bool) {
        self.scalars = scalars
        self.isExtended = isExtended
    }

    // MARK: Reading

    var isAtEnd: Bool { self.position >= self.scalars.count }

    /// The next scalar, which isn't taken.
    var next: Unicode.Scalar? { self.scalar(0) }

    /// The scalar `distance` ahead.
    func scalar(_ distance: Int) -> Unicode.Scalar? {
        let index = self.position + distance
        return index < self.scalars.count ? self.scalars[index] : nil
    }

    func starts(with text: String) -> Bool { self.scalars[self.position...].starts(with: text.unicodeScalars) }

    /// Takes `text`, if it comes next.
    mutating func take(_ text: String) -> Bool {
        guard self.starts(with: text) else { return false }
        self.position += text.unicodeScalars.count
        return true
    }

    /// Takes everything up to and with `end`, and gives what stands before it.
    mutating func take(through end: Unicode.Scalar) -> String {
        let start = self.position
        while let scalar = self.next {
            self.position += 1
            if scalar == end { return self.text(start..<(self.position - 1)) }
        }
        return self.text(start..<self.position)
    }

    func text(_ range: Range<Int>) -> String {
        String(String.UnicodeScalarView(self.scalars[range]))
    }

    mutating func remark(_ kind: PatternRemark.Kind, from start: Int) {
        self.remarks.append(PatternRemark(kind: kind, written: self.text(start..<self.position), offset: start))
    }

    // MARK: Structure

    /// Alternatives up to the end or an unopened `)`.
    mutating func alternation() -> PatternNode {
        guard self.depth < Self.maximumDepth else {
            self.position = self.scalars.count
            return .something
        }
        self.depth += 1
        defer { self.depth -= 1 }
        var branches = [self.sequence()]
        while self.take("|") { branches.append(self.sequence()) }
        return branches.count == 1 ? branches[0] : .alternation(branches)
    }

    private mutating func sequence() -> PatternNode {
        var parts: [PatternNode] = []
        while true {
            self.skipIgnored()
            guard let next = self.next, next != "|", next != ")" else { break }
            let items = self.items()
            guard let last = items.last else { continue }
            parts += items.dropLast()
            parts.append(self.quantified(last))
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    /// The next item; several for `\Q...\E`, of which a quantifier binds the last, and none for a comment.
    private mutating func items() -> [PatternNode] {
        guard let next = self.next else { return [] }
        switch next {
        case "\\": return self.escape()
        case "[": return [self.characterClass()]
        case "(": return self.group()
        case ".":
            self.position += 1
            return [.something]
        case "^", "$":
            self.position += 1
            return [.assertion]
        case "*", "+", "?", "{":
            self.position += 1
            return [.something]
        default:
            self.position += 1
            return [.literal(next)]
        }
    }

    /// `item` with the quantifier that follows it, if one does.
    private mutating func quantified(_ item: PatternNode) -> PatternNode {
        self.skipIgnored()
        var node = item
        while let minimum = self.quantifier() {
            self.skipIgnored()
            if !self.take("?") { _ = self.take("+") }
            node = .repeated(node, minimum: minimum)
            self.skipIgnored()
        }
        return node
    }

    /// The smallest count of the quantifier that comes next.
    private mutating func quantifier() -> Int? {
        if self.take("*") || self.take("?") { return 0 }
        if self.take("+") { return 1 }
        guard self.next == "{" else { return nil }
        // Wider than PCRE2 10.42, which takes `{,3}` for characters: a later one doesn't.
        let counts = self.scalars[(self.position + 1)...].prefix { ("0"..."9").contains($0) || $0 == "," || $0 == " " }
        guard counts.contains(where: { ("0"..."9").contains($0) }), self.scalar(counts.count + 1) == "}" else {
            return nil
        }
        self.position += counts.count + 2
        let minimum = counts.prefix { $0 != "," }.filter { $0 != " " }
        return Int(String(String.UnicodeScalarView(minimum))) ?? 0
    }

    private mutating func skipIgnored() {
        while true {
            if self.starts(with: "(?#") {
                _ = self.take(through: ")")
            } else if self.take(#"\Q\E"#) || self.take(#"\E"#) {
                continue
            } else if self.isExtended, let next = self.next, next == "#" {
                _ = self.take(through: "\n")
            } else if self.isExtended, let next = self.next, next.properties.isPatternWhitespace {
                self.position += 1
            } else {
                return
            }
        }
    }
}
