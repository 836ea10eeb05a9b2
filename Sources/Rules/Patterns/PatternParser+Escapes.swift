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
        case "b": return [.wordEdge]
        case "B", "A": return [.assertion]
        case "Z", "z": return [.textEnd]
        case "C", "G", "K":
            self.remark(.rejected, from: start)
            return [.something]
        case "g": return self.reference(from: start)
        case "k":
            self.skipName()
            return [.something]
        case "h", "s", "v", "W": return [.nonWord]
        case "d", "D", "H", "S", "V", "w": return [.oneOfMany]
        default: return [self.codedCharacter(letter)]
        }
    }

    /// A character that is written by its number or its letter, after the backslash and `letter`.
    private mutating func codedCharacter(_ letter: Unicode.Scalar) -> PatternNode {
        switch letter {
        case "x": return self.hexadecimal()
        case "o": return Self.character(self.braces(), radix: 8)
        case "N": return self.namedCharacter()
        case "p", "P":
            if self.braces() == nil { self.position = min(self.position + 1, self.scalars.count) }
            return .oneOfMany
        case "c":
            self.position = min(self.position + 1, self.scalars.count)
            return .oneOfMany
        case "0"..."9":
            // A back-reference or an octal number, which differ only by the number of groups.
            _ = self.take { ("0"..."9").contains($0) }
            return .something
        case _ where letter.isASCII && letter.properties.isAlphabetic:
            return Self.controls[letter].map(PatternNode.literal) ?? .something
        default: return .literal(letter)
        }
    }

    /// Control characters that have a letter.
    private static let controls: [Unicode.Scalar: Unicode.Scalar] = [
        "t": "\t", "n": "\n", "r": "\r", "f": "\u{C}", "e": "\u{1B}", "a": "\u{7}",
    ]

    private static func character(_ digits: String?, radix: Int) -> PatternNode {
        digits.flatMap { UInt32($0, radix: radix) }.flatMap(Unicode.Scalar.init).map(PatternNode.literal) ?? .something
    }

    /// What stands between the braces that come next.
    private mutating func braces() -> String? { self.take("{") ? self.take(through: "}") : nil }

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
        if self.next == "<" || self.next == "'" {
            self.skipName()
            self.remark(.recursion, from: start)
        } else if self.braces() == nil {
            if !self.take("-") { _ = self.take("+") }
            _ = self.take { ("0"..."9").contains($0) }
        }
        return [.something]
    }

    /// `{name}`, `<name>` or `'name'`.
    private mutating func skipName() {
        if self.take("{") {
            _ = self.take(through: "}")
        } else if self.take("<") {
            _ = self.take(through: ">")
        } else if self.take("'") {
            _ = self.take(through: "'")
        }
    }

    /// `\x41` or `\x{41}`.
    private mutating func hexadecimal() -> PatternNode {
        Self.character(self.braces() ?? self.take(atMost: 2) { $0.properties.isASCIIHexDigit }, radix: 16)
    }

    /// `\N{U+41}`, or `\N` alone: any character but a line break.
    private mutating func namedCharacter() -> PatternNode {
        guard self.starts(with: "{U+") else { return .oneOfMany }
        return Self.character(self.braces().map { String($0.dropFirst(2)) }, radix: 16)
    }

    // MARK: Classes

    /// More members make a class ``PatternNode/oneOfMany``.
    private static let maximumMembers = 4

    /// `[...]`.
    mutating func characterClass() -> PatternNode {
        self.position += 1
        let isNegated = self.classHead()
        var members: [Unicode.Scalar] = []
        var (isSmall, isNonWord) = (!isNegated, !isNegated)
        var isFirst = true
        while let next = self.next, next != "]" || isFirst {
            isFirst = false
            let start = self.position
            let member = self.classMember()
            isSmall = isSmall && member != nil
            isNonWord =
                isNonWord
                && (member?.allSatisfy(Self.endsWord) ?? Self.spaces.contains(self.text(start..<self.position)))
            members += member ?? []
        }
        self.position = min(self.position + 1, self.scalars.count)
        if isSmall, (1...Self.maximumMembers).contains(members.count) { return .oneOf(members) }
        return isNonWord ? .nonWord : .oneOfMany
    }

    /// The sets of a class that hold no letter, digit or `_`.
    private static let spaces: Set = [#"\s"#, #"\h"#, #"\v"#, #"\W"#]

    private static func endsWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && !isWordByte(UInt8(scalar.value))
    }

    /// What may stand before the first member, where `]` is a character: `^`, `\E` and `\Q\E`.
    ///
    /// - Returns: Whether the class is negated.
    private mutating func classHead() -> Bool {
        var isNegated = false
        while true {
            if self.take(#"\E"#) || self.take(#"\Q\E"#) { continue }
            guard !isNegated, self.take("^") else { return isNegated }
            isNegated = true
        }
    }

    /// The next characters of a class: one, or a range of a few; nothing for a larger set.
    private mutating func classMember() -> [Unicode.Scalar]? {
        if self.starts(with: "[:") || self.starts(with: "[.") || self.starts(with: "[=") {
            self.skipPOSIXClass()
            return nil
        }
        guard let first = self.classCharacter() else { return nil }
        guard self.next == "-", let end = self.scalar(1), end != "]" else { return [first] }
        self.position += 1
        // A range with a set at its end is an error or, in some places, a hyphen: rare enough to be a larger set.
        guard !self.starts(with: "["), let last = self.classCharacter() else { return nil }
        guard first <= last, last.value - first.value < UInt32(Self.maximumMembers) else { return nil }
        return (first.value...last.value).compactMap(Unicode.Scalar.init)
    }

    /// The next character of a class; nothing where it is a set, or written in a rare way.
    private mutating func classCharacter() -> Unicode.Scalar? {
        guard let next = self.next else { return nil }
        self.position += 1
        guard next == "\\" else { return next }
        guard let letter = self.next else { return nil }
        self.position += 1
        switch letter {
        case "Q":
            // Members in quotes: rare, and a `]` in them is no end.
            while !self.isAtEnd, !self.take(#"\E"#) { self.position += 1 }
            return nil
        case "b", "E", "k", "g": return nil
        case "N" where !self.starts(with: "{U+"): return nil
        default:
            guard case .literal(let scalar) = self.codedCharacter(letter) else { return nil }
            return scalar
        }
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
}
