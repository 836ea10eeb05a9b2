extension PatternParser {
    /// What stands behind a backslash.
    mutating func escape() -> [PatternNode] {
        let start = self.position
        self.position += 1
        guard let letter = self.next else { return [.something] }
        self.position += 1
        switch letter {
        case "Q": return self.quoted()
        case "E": return []
        case "b", "B", "A", "Z", "z": return [.assertion]
        case "C", "G", "K":
            self.remark(.rejected, from: start)
            return [.something]
        case "g": return self.reference(from: start)
        case "x": return [self.hexadecimal()]
        case "k", "p", "P", "o", "N": return self.braced()
        case "c":
            self.position = min(self.position + 1, self.scalars.count)
            return [.something]
        case "0"..."9":
            // A back-reference or an octal number, which differ only by the number of groups.
            self.skipDigits()
            return [.something]
        case _ where letter.isASCII && letter.properties.isAlphabetic:
            return [Self.controls[letter].map(PatternNode.literal) ?? .something]
        default: return [.literal(letter)]
        }
    }

    /// Control characters that have a letter.
    private static let controls: [Unicode.Scalar: Unicode.Scalar] = [
        "t": "\t", "n": "\n", "r": "\r", "f": "\u{C}", "e": "\u{1B}", "a": "\u{7}",
    ]

    /// The characters between `\Q` and `\E`.
    private mutating func quoted() -> [PatternNode] {
        var literals: [PatternNode] = []
        while let next = self.next, !self.take(#"\E"#) {
            literals.append(.literal(next))
            self.position += 1
        }
        return literals
    }

    /// `\g`: a group of another place by its number or name, as a back-reference or as a call.
    private mutating func reference(from start: Int) -> [PatternNode] {
        switch self.next {
        case "<", "'":
            let end: Unicode.Scalar = self.next == "<" ? ">" : "'"
            self.position += 1
            _ = self.take(through: end)
            self.remark(.recursion, from: start)
            return [.something]
        default: return self.braced()
        }
    }

    /// Something of which only the end matters: `\p{L}`, `\pL`, `\k<name>`, `\N{U+41}`, `\g{-1}`.
    private mutating func braced() -> [PatternNode] {
        switch self.next {
        case "{": _ = self.take(through: "}")
        case "<": _ = self.take(through: ">")
        case "'":
            self.position += 1
            _ = self.take(through: "'")
        default:
            switch self.scalar(-1) {
            case "p", "P": self.position = min(self.position + 1, self.scalars.count)
            case "g":
                if !self.take("-") { _ = self.take("+") }
                self.skipDigits()
            default: break
            }
        }
        return [.something]
    }

    private mutating func skipDigits() {
        while let next = self.next, ("0"..."9").contains(next) { self.position += 1 }
    }

    /// `\x41` or `\x{41}`.
    private mutating func hexadecimal() -> PatternNode {
        var digits = ""
        if self.take("{") {
            digits = self.take(through: "}")
        } else {
            while digits.count < 2, let next = self.next, next.properties.isASCIIHexDigit {
                digits.unicodeScalars.append(next)
                self.position += 1
            }
        }
        return UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init).map(PatternNode.literal) ?? .something
    }

    /// `[...]`.
    mutating func characterClass() -> PatternNode {
        self.position += 1
        let isNegated = self.take("^")
        var members: [Unicode.Scalar] = []
        var isSimple = !isNegated
        var isFirst = true
        while let next = self.next, next != "]" || isFirst {
            isFirst = false
            if self.starts(with: "[:") || self.starts(with: "[.") || self.starts(with: "[=") {
                isSimple = false
                self.skipPOSIXClass()
            } else if next == "\\" {
                let member = self.escapedMember()
                isSimple = isSimple && member != nil
                members += member.map { [$0] } ?? []
            } else {
                // A hyphen may be a range; a class with one is taken for a large class.
                isSimple = isSimple && next != "-"
                members.append(next)
                self.position += 1
            }
        }
        self.position = min(self.position + 1, self.scalars.count)
        return isSimple && (1...4).contains(members.count) ? .oneOf(members) : .something
    }

    /// `[:alpha:]`, or only the bracket where it doesn't close.
    private mutating func skipPOSIXClass() {
        guard let kind = self.scalar(1) else { return }
        var end = self.position + 2
        while end + 1 < self.scalars.count, self.scalars[end] != "]", self.scalars[end] != "\\" {
            if self.scalars[end] == kind, self.scalars[end + 1] == "]" {
                self.position = end + 2
                return
            }
            end += 1
        }
        self.position += 1
    }

    /// A character that is escaped inside a class, where it is a single known one.
    private mutating func escapedMember() -> Unicode.Scalar? {
        if self.starts(with: #"\Q"#) {
            // Members in quotes: rare, and a `]` in them is no end.
            while !self.isAtEnd, !self.take(#"\E"#) { self.position += 1 }
            return nil
        }
        let letter = self.scalar(1)
        guard let letter, !(letter.isASCII && (letter.properties.isAlphabetic || ("0"..."9").contains(letter))) else {
            // `\c` has one character more, which may be a bracket.
            self.position = min(self.position + (letter == "c" ? 3 : 2), self.scalars.count)
            if self.next == "{", "xpPNo".unicodeScalars.contains(letter ?? " ") { _ = self.take(through: "}") }
            return nil
        }
        self.position += 2
        return letter
    }
}
