/// Reads PCRE2's syntax into a ``PatternNode``.
///
/// It expects what `pcre2_compile` accepts and never fails. Where it can't be sure how PCRE2 reads a construct, the
/// whole pattern is ``PatternNode/something``: less is known then, and nothing is wrong.
struct PatternParser {
    /// As deep as PCRE2 allows groups to nest.
    static let maximumDepth = 250

    private(set) var remarks: [PatternRemark] = []
    let scalars: [Unicode.Scalar]
    var position = 0
    /// Whether white space and comments are ignored, at this place.
    var isExtended: Bool
    /// Whether `$` may stand before any line break, here or at some other place.
    var isMultiline: Bool
    /// Whether a construct was met of which not even the end is known for certain.
    var isUncertain = false
    private var depth = 0

    /// The parts of `pattern`, and what is remarkable in it, in the order of the text.
    static func parse(
        _ pattern: String,
        options: Pattern.Options = []
    ) -> (node: PatternNode, remarks: [PatternRemark]) {
        var parser = PatternParser(scalars: Array(pattern.unicodeScalars), options: options)
        let node = parser.alternation()
        // What is left starts with a parenthesis too many.
        return (parser.isUncertain || !parser.isAtEnd ? .something : node, parser.remarks)
    }

    private init(scalars: [Unicode.Scalar], options: Pattern.Options) {
        self.scalars = scalars
        self.isExtended = options.contains(.extended)
        self.isMultiline = options.contains(.multiline)
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

    func starts(with text: String) -> Bool {
        var index = self.position
        for scalar in text.unicodeScalars {
            guard index < self.scalars.count, self.scalars[index] == scalar else { return false }
            index += 1
        }
        return true
    }

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

    /// Takes what stands next as long as `isPart` holds, but at most `limit` scalars.
    mutating func take(atMost limit: Int = .max, while isPart: (Unicode.Scalar) -> Bool) -> String {
        let start = self.position
        while self.position - start < limit, let scalar = self.next, isPart(scalar) { self.position += 1 }
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
        // The pattern itself is no group.
        guard self.depth <= Self.maximumDepth else {
            self.isUncertain = true
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
            if !Self.isSpecial(next) {
                // Most characters stand for themselves.
                self.position += 1
                parts.append(self.quantified(.literal(next)))
                continue
            }
            let items = self.items()
            guard let last = items.last else { continue }
            parts += items.dropLast()
            parts.append(self.quantified(last))
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private static func isSpecial(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\\", "[", "(", ".", "^", "$", "*", "+", "?", "{": true
        default: false
        }
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
            return [.oneOfMany]
        case "^", "$":
            self.position += 1
            return [next == "$" && !self.isMultiline ? .textEnd : .assertion]
        case "*", "+", "?", "{":
            // A brace that starts no quantifier stands for itself, but later versions of PCRE2 read more of them.
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
        while let quantifier = self.quantifier() {
            // Only directly behind the quantifier these make it lazy or possessive.
            if !self.take("?") { _ = self.take("+") }
            if case .counts(let minimum, let maximum) = quantifier {
                node = .repeated(node, minimum: minimum, maximum: maximum)
            } else {
                node = .something
            }
            self.skipIgnored()
        }
        return node
    }

    private enum Quantifier {
        case counts(minimum: Int, maximum: Int?)
        /// `{,3}` or `{ 3 }`: PCRE2 10.42 takes it for characters, a later one doesn't.
        case unclear
    }

    /// The quantifier that comes next, if one does.
    private mutating func quantifier() -> Quantifier? {
        switch self.next {
        case "*", "?", "+":
            defer { self.position += 1 }
            return .counts(minimum: self.next == "+" ? 1 : 0, maximum: self.next == "?" ? 1 : nil)
        case "{": return self.count()
        default: return nil
        }
    }

    /// `{2,5}` and the like.
    private mutating func count() -> Quantifier? {
        let counts = self.scalars[(self.position + 1)...].prefix { ("0"..."9").contains($0) || ", \t".contains($0) }
        guard counts.contains(where: { ("0"..."9").contains($0) }), self.scalar(counts.count + 1) == "}" else {
            return nil
        }
        self.position += counts.count + 2
        let numbers = counts.split(separator: ",", omittingEmptySubsequences: false).map { digits in
            Int(String(String.UnicodeScalarView(digits)))
        }
        guard numbers.count <= 2, let minimum = numbers[0],
            numbers.count == 1 || numbers[1] != nil || counts.last == ","
        else { return .unclear }
        return .counts(minimum: minimum, maximum: numbers[numbers.count - 1])
    }

    private mutating func skipIgnored() {
        while true {
            if self.next == "(", self.starts(with: "(?#") {
                _ = self.take(through: ")")
            } else if self.next == "\\", self.take(#"\Q\E"#) || self.take(#"\E"#) {
                continue
            } else if self.isExtended, let next = self.next, next == "#" {
                self.skipLineComment()
            } else if self.isExtended, let next = self.next, next.properties.isPatternWhitespace {
                // Which ones PCRE2 ignores beyond ASCII depends on its version.
                self.isUncertain = self.isUncertain || !next.isASCII
                self.position += 1
            } else {
                return
            }
        }
    }

    /// `# ...` up to the end of the line, in extended mode.
    private mutating func skipLineComment() {
        let comment = self.take(through: "\n")
        // What else ends a line depends on how PCRE2 was built.
        let isPlain = comment.unicodeScalars.allSatisfy {
            $0 == "\t" || !$0.properties.isPatternWhitespace || $0 == " "
        }
        self.isUncertain = self.isUncertain || !isPlain
    }
}

extension String {
    fileprivate func contains(_ scalar: Unicode.Scalar) -> Bool { self.unicodeScalars.contains(scalar) }
}
