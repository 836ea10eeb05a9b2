/// Reads a pattern into a ``PatternOutline``.
struct OutlineReader {
    private typealias Part = PatternOutline.Part

    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var isExtended: Bool

    init(_ pattern: String, isExtended: Bool) {
        self.scalars = Array(pattern.unicodeScalars)
        self.isExtended = isExtended
    }

    /// The alternatives of the whole pattern.
    mutating func read() -> [[PatternOutline.Part]] {
        var branches = self.alternatives(depth: 0)
        while self.position < self.scalars.count {
            // A parenthesis too many.
            self.position += 1
            branches += self.alternatives(depth: 0)
        }
        return branches
    }

    private var next: Unicode.Scalar? { self.scalar(0) }

    private func scalar(_ distance: Int) -> Unicode.Scalar? {
        let index = self.position + distance
        return index < self.scalars.count ? self.scalars[index] : nil
    }

    private func text(from start: Int) -> String {
        String(String.UnicodeScalarView(self.scalars[start..<min(self.position, self.scalars.count)]))
    }

    private mutating func take(_ text: String) -> Bool {
        guard let next = self.next, next == text.unicodeScalars.first else { return false }
        var index = self.position
        for scalar in text.unicodeScalars {
            guard index < self.scalars.count, self.scalars[index] == scalar else { return false }
            index += 1
        }
        self.position = index
        return true
    }

    private mutating func skip(through end: Unicode.Scalar) {
        while let scalar = self.next {
            self.position += 1
            if scalar == end { return }
        }
    }

    // MARK: Structure

    /// As deep as PCRE2 allows groups to nest.
    private static let maximumDepth = 250

    private mutating func alternatives(depth: Int) -> [[Part]] {
        guard depth <= Self.maximumDepth else {
            self.position = self.scalars.count
            return [[]]
        }
        var branches = [self.sequence(depth: depth)]
        while self.take("|") { branches.append(self.sequence(depth: depth)) }
        return branches
    }

    private mutating func sequence(depth: Int) -> [Part] {
        var parts: [Part] = []
        while let next = self.next, next != "|", next != ")" {
            if self.skipIgnored() { continue }
            let start = self.position
            if self.take(#"\Q"#) {
                self.readQuoted(into: &parts)
                // A quantifier behind it binds the last character.
                if let last = parts.popLast() {
                    parts.append(self.quantified(last, from: max(start, self.position - 1)))
                }
                continue
            }
            guard let part = self.part(depth: depth) else { continue }
            parts.append(self.quantified(part, from: start))
        }
        return parts
    }

    private mutating func readQuoted(into parts: inout [Part]) {
        while let next = self.next, !self.take(#"\E"#) {
            parts.append(.atom(.literal(next)))
            self.position += 1
        }
    }

    /// Comments, and white space where it is ignored.
    ///
    /// - Returns: Whether something was skipped.
    private mutating func skipIgnored() -> Bool {
        if self.take(#"\E"#) || self.take(#"\Q\E"#) { return true }
        if self.take("(?#") {
            self.skip(through: ")")
            return true
        }
        guard self.isExtended, let next = self.next else { return false }
        if next == "#" {
            self.skip(through: "\n")
        } else if next.properties.isPatternWhitespace {
            self.position += 1
        } else {
            return false
        }
        return true
    }

    private mutating func part(depth: Int) -> Part? {
        guard let next = self.next else { return nil }
        switch next {
        case "(": return self.group(depth: depth)
        case "[": return .atom(.set(self.characterClass()))
        case "\\": return self.escape()
        default:
            self.position += 1
            switch next {
            case "^", "$": return .edge
            case ".": return .atom(.set("."))
            default: return .atom(.literal(next))
            }
        }
    }

    private mutating func quantified(_ part: Part, from start: Int) -> Part {
        var part = part
        while self.skipIgnored() {}
        var end = self.position
        while let (minimum, maximum) = self.counts() {
            if !self.take("?") { _ = self.take("+") }
            let count = PatternOutline.Repeat(
                minimum: minimum,
                maximum: maximum,
                scalars: self.scalars[start..<self.position],
                quantifierCount: self.position - end,
                offset: start
            )
            part = .repeated(part, count)
            while self.skipIgnored() {}
            end = self.position
        }
        return part
    }

    private mutating func counts() -> (minimum: Int, maximum: Int?)? {
        if self.take("*") { return (0, nil) }
        if self.take("+") { return (1, nil) }
        if self.take("?") { return (0, 1) }
        guard self.next == "{" else { return nil }
        let inside = self.scalars.dropFirst(self.position + 1).prefix { ("0"..."9").contains($0) || $0 == "," }
        guard self.scalar(inside.count + 1) == "}", inside.contains(where: { $0 != "," }) else { return nil }
        self.position += inside.count + 2
        let bounds = inside.split(separator: ",", omittingEmptySubsequences: false).map { digits in
            Int(String(String.UnicodeScalarView(digits)))
        }
        return (bounds[0] ?? 0, bounds[bounds.count - 1])
    }

    // MARK: Parts

    private mutating func group(depth: Int) -> Part? {
        let wasExtended = self.isExtended
        self.position += 1
        var kind = Kind.plain
        if self.take("?") { kind = self.groupHead() }
        switch kind {
        case .setting:
            _ = self.take(")")
            return nil
        case .call:
            self.skip(through: ")")
            return .reference
        case .plain, .lookaround, .negative:
            let branches = self.alternatives(depth: depth + 1)
            _ = self.take(")")
            self.isExtended = wasExtended
            return kind == .plain ? .group(branches) : .lookaround(branches, isNegative: kind == .negative)
        }
    }

    private enum Kind { case plain, lookaround, negative, call, setting }

    /// What stands behind `(?`.
    private mutating func groupHead() -> Kind {
        if self.take("=") || self.take("<=") || self.take("*") || self.take("<*") { return .lookaround }
        if self.take("!") || self.take("<!") { return .negative }
        if self.take(":") || self.take(">") || self.take("|") { return .plain }
        if self.take("P<") || self.take("<") {
            self.skip(through: ">")
            return .plain
        }
        if self.take("'") {
            self.skip(through: "'")
            return .plain
        }
        if self.take("(") {
            // A condition: a number, a name or a lookaround, which is taken for a name.
            self.skip(through: ")")
            return .plain
        }
        if let next = self.next, "R&+PC0123456789".unicodeScalars.contains(next) { return .call }
        let start = self.position
        while let next = self.next, next != ":", next != ")" { self.position += 1 }
        let options = self.text(from: start).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        if options.first?.contains("x") == true { self.isExtended = true }
        if options.count > 1, options[1].contains("x") { self.isExtended = false }
        return self.take(":") ? .plain : .setting
    }

    private mutating func escape() -> Part {
        let start = self.position
        self.position += 1
        guard let letter = self.next else { return .edge }
        self.position += 1
        switch letter {
        case "b", "B", "A", "z", "Z", "G", "K": return .edge
        case "k", "g":
            if self.next == "{" { self.skip(through: "}") }
            if self.next == "<" { self.skip(through: ">") }
            if self.next == "'" {
                self.position += 1
                self.skip(through: "'")
            }
            while let next = self.next, ("0"..."9").contains(next) { self.position += 1 }
            return .reference
        case "1"..."9":
            while let next = self.next, ("0"..."9").contains(next) { self.position += 1 }
            return .reference
        case "p", "P", "x", "o", "N":
            if self.next == "{" {
                self.skip(through: "}")
            } else if letter == "p" || letter == "P" {
                self.position += 1
            } else if letter == "x" {
                for _ in 0..<2 where self.next?.properties.isASCIIHexDigit == true { self.position += 1 }
            }
            return .atom(.set(self.text(from: start)))
        case _ where letter.isASCII && (letter.properties.isAlphabetic || letter == "0"):
            return .atom(.set(self.text(from: start)))
        default: return .atom(.literal(letter))
        }
    }

    /// `[...]`, as written.
    private mutating func characterClass() -> String {
        let start = self.position
        self.position += 1
        _ = self.take("^")
        _ = self.take("]")
        while let next = self.next, next != "]" {
            if next == "\\" {
                self.position += 2
            } else if self.take("[:") {
                self.skip(through: "]")
            } else {
                self.position += 1
            }
        }
        self.position = min(self.position + 1, self.scalars.count)
        return self.text(from: start)
    }
}
