extension PatternParser {
    /// What stands behind `(`.
    mutating func group() -> [PatternNode] {
        let start = self.position
        let wasExtended = self.isExtended
        self.position += 1
        if self.next == "*" { return self.rejected(from: start) }
        guard self.take("?") else {
            self.remark(.unnamedGroup, from: start)
            return [.capture(name: nil, self.body(restoring: wasExtended))]
        }
        if self.take(":") || self.take(">") || self.take("|") { return [self.body(restoring: wasExtended)] }
        if self.take("=") || self.take("<=") { return [.lookaround(self.body(restoring: wasExtended))] }
        if self.take("*") || self.take("<*") { return [.lookaround(self.body(restoring: wasExtended))] }
        if self.take("!") || self.take("<!") {
            let body = self.body(restoring: wasExtended)
            let isEdge = self.text(start..<self.position).hasSuffix(#"!\w)"#) && body == .oneOfMany
            return [isEdge ? .wordEdge : .assertion]
        }
        if self.take("P<") || self.take("<") { return [self.named(until: ">", wasExtended)] }
        if self.take("'") { return [self.named(until: "'", wasExtended)] }
        if self.take("P=") {
            _ = self.take(through: ")")
            return [.something]
        }
        if self.take("(") { return [self.conditional(wasExtended)] }
        if self.next == "C" { return self.rejected(from: start) }
        return self.callOrSetting(from: start, wasExtended)
    }

    /// The alternatives of a group up to its `)`.
    ///
    /// What `(?x)` has set inside ends here.
    private mutating func body(restoring wasExtended: Bool) -> PatternNode {
        let body = self.alternation()
        _ = self.take(")")
        self.isExtended = wasExtended
        return body
    }

    private mutating func named(until end: Unicode.Scalar, _ wasExtended: Bool) -> PatternNode {
        let name = self.take(through: end)
        return .capture(name: name, self.body(restoring: wasExtended))
    }

    /// `(?(condition)yes|no)`: none of its parts is certain.
    private mutating func conditional(_ wasExtended: Bool) -> PatternNode {
        if self.next == "?" {
            // The condition is a lookaround.
            self.position -= 1
            _ = self.group()
        } else {
            self.isUncertain = self.isUncertain || self.next == "*"
            _ = self.take(through: ")")
        }
        return .repeated(self.body(restoring: wasExtended), minimum: 0, maximum: 1)
    }

    /// A verb, a group that is written like one, or a callout: they may end a match early or hold a parenthesis.
    private mutating func rejected(from start: Int) -> [PatternNode] {
        self.isUncertain = true
        _ = self.take(through: ")")
        self.remark(.rejected, from: start)
        return [.something]
    }

    /// `(?R)`, `(?1)`, `(?&name)` and their like, or options such as `(?i)` and `(?i:...)`.
    private mutating func callOrSetting(from start: Int, _ wasExtended: Bool) -> [PatternNode] {
        let head = self.position
        let calls = "R&+P0123456789".unicodeScalars
        let isNegativeCall = self.next == "-" && self.scalar(1).map { ("0"..."9").contains($0) } == true
        if let next = self.next, calls.contains(next) || isNegativeCall {
            _ = self.take(through: ")")
            self.remark(.recursion, from: start)
            return [.something]
        }
        while let next = self.next, next != ")", next != ":" { self.position += 1 }
        let isScoped = self.next == ":"
        self.setOptions(self.text(head..<self.position))
        self.position = min(self.position + 1, self.scalars.count)
        return [isScoped ? self.body(restoring: wasExtended) : .assertion]
    }

    /// Of the options `x` changes how a pattern is read, and `m` what `$` is.
    ///
    /// What follows `-` is unset, and `^` unsets all.
    private mutating func setOptions(_ options: String) {
        // `xx` changes how a class is read, `a` what a word edge is, and an unknown letter may change anything.
        let isKnown = options.unicodeScalars.allSatisfy { "imnsxJU-^".unicodeScalars.contains($0) }
        self.isUncertain = self.isUncertain || !isKnown || options.contains("xx")
        self.isMultiline = self.isMultiline || options.contains("m")
        let parts = options.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        if options.hasPrefix("^") { self.isExtended = false }
        if parts.first?.contains("x") == true { self.isExtended = true }
        if parts.count == 2, parts[1].contains("x") { self.isExtended = false }
    }
}
