internal import Diagnostics

/// A pattern that passed all checks, ready to match.
struct CheckedPattern: Sendable {
    var pattern: Pattern
    var node: PatternNode
    /// What any message holds that it matches.
    var required: [RequiredLiterals]
    /// What a match starts with, where that is known.
    var starts: RequiredLiterals?
    /// How many words a message has at most that it matches, where that is known.
    var maximumWords: Int?
    /// Where it was written.
    var written: WrittenPattern

    /// The names of its groups, all or those that every match sets.
    var captureNames: Set<String> { Set(self.pattern.captureNames) }

    /// - Parameter sets: The texts that it requires, where its rule doesn't say so already.
    /// - Returns: What the prefilter is told about it.
    func needs(_ sets: [RequiredLiterals]) -> Prefilter.PatternNeeds {
        Prefilter.PatternNeeds(sets: sets, starts: self.starts, maximumWords: self.maximumWords)
    }
}

/// Checks a pattern after its words and macros are written out, and compiles it.
struct PatternCheck {
    private let written: WrittenPattern
    private let expanded: ExpandedPattern
    private let options: Pattern.Options
    private let allowances: Set<WrittenRule.Allowance>

    /// Compiles a rule's pattern and reports what is wrong with it.
    ///
    /// - Returns: Nothing where an error was found.
    static func compile(
        _ expanded: ExpandedPattern,
        of written: WrittenPattern,
        _ key: PatternKey,
        _ bench: PatternBench,
        into findings: inout Findings
    ) -> CheckedPattern? {
        let check = PatternCheck(
            written: written,
            expanded: expanded,
            options: key.options,
            allowances: key.allowances
        )
        let parsed = PatternParser.parse(expanded.text, options: key.options)
        guard check.refuseControlCharacters(into: &findings), check.refuse(parsed.remarks, into: &findings),
            let compiled = check.compiled(into: &findings),
            check.refuseNames(of: compiled, into: &findings),
            check.refuseEmptyMatch(of: compiled, bench, into: &findings),
            let pattern = check.bounded(compiled, bench, into: &findings)
        else { return nil }
        check.warn(parsed.node, parsed.remarks, into: &findings)
        // What a match requires is read from the text that is compiled: composing changes the characters.
        let isSame = pattern.source.utf8.elementsEqual(expanded.text.utf8)
        let node =
            isSame
            ? parsed.node : PatternParser.parse(pattern.source, options: key.options).node
        let isUnicode = key.options.contains(.ucp)
        return CheckedPattern(
            pattern: pattern,
            node: node,
            required: RequiredLiterals.required(by: node, isUnicode: isUnicode),
            starts: pattern.isSearched ? RequiredLiterals.starts(of: node, isUnicode: isUnicode) : nil,
            maximumWords: pattern.isSearched ? nil : node.maximumWords,
            written: written
        )
    }

    /// Checks a macro, which may match the empty text and has no groups that capture.
    static func isUsableMacro(
        _ expanded: ExpandedPattern,
        of written: WrittenPattern,
        name: String,
        into findings: inout Findings
    ) -> Bool {
        let check = PatternCheck(
            written: written,
            expanded: expanded,
            options: [.caseless, .ucp],
            allowances: Set(WrittenRule.Allowance.allCases)
        )
        let parsed = PatternParser.parse(expanded.text)
        guard check.refuse(parsed.remarks, into: &findings), let pattern = check.compiled(into: &findings) else {
            return false
        }
        guard pattern.pairCount == 1 else {
            let problem = "macro \"\(name)\" has a capturing group"
            let hint = "write (?:...) there, and capture in the rule: (?<name>{{\(name)}})"
            findings.error("macro-group", at: written.node.place, problem, hint: hint)
            return false
        }
        return true
    }

    // MARK: Errors

    /// Reports the constructs that rules may not use.
    ///
    /// - Returns: Whether there is none.
    private func refuse(_ remarks: [PatternRemark], into findings: inout Findings) -> Bool {
        var isFine = true
        for remark in remarks {
            switch remark.kind {
            case .rejected:
                let problem = "\"\(remark.written)\" can't be used in a rule"
                findings.error("rejected-pattern", at: self.place(remark.offset), problem, hint: Self.hint(for: remark))
            case .recursion where !self.allowances.contains(.recursion):
                let problem = "\"\(remark.written)\" calls a group again"
                let hint = "write it out, or allow: [recursion] in the rule"
                findings.error("rejected-pattern", at: self.place(remark.offset), problem, hint: hint)
            case .recursion where Self.wholeCalls.contains(remark.written):
                // Once it is compiled, more stands in the pattern than what was written.
                let problem = "\"\(remark.written)\" calls the whole pattern"
                let hint = "name a group, (?<name>...), and call that: (?&name)"
                findings.error("rejected-pattern", at: self.place(remark.offset), problem, hint: hint)
            case .recursion, .unnamedGroup: continue
            }
            isFine = false
        }
        return isFine
    }

    private static let wholeCalls: Set = ["(?R)", "(?0)", #"\g<0>"#, #"\g'0'"#]

    private static func hint(for remark: PatternRemark) -> String {
        switch remark.written {
        case #"\C"#: #"it would cut characters into bytes; write ".""#
        case #"\G"#: #"there is no earlier match to start at; write "^" for the start of the message"#
        case #"\K"#: #"the whole match counts; write a lookbehind, "(?<=...)""#
        case let text where text.hasPrefix("(?C"): "leave the callout out"
        default: #"leave the verb out, or write "\(*" for the characters"#
        }
    }

    private func compiled(into findings: inout Findings) -> Pattern? {
        let text = normalized(self.expanded.text)
        do {
            return try Pattern(text, options: self.options)
        } catch {
            // Composed characters shift all offsets; the start of the pattern is at least true.
            let isShifted = text.unicodeScalars.count != self.expanded.text.unicodeScalars.count
            let place = isShifted ? self.written.node.place : self.place(error.offset)
            let words = Self.hints.first { error.message.hasPrefix($0.message) }
            let problem = "\(words?.problem ?? error.message): \"\(self.excerpt)\""
            findings.error("pattern-syntax", at: place, problem, hint: words?.hint)
            return nil
        }
    }

    /// The pattern as written, on one line and cut where it is long.
    private var excerpt: String {
        let line = self.written.text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.count > 60 ? line.prefix(59) + "…" : line
    }

    /// Refuses what only double quotes bring into a pattern: there `\b` is a backspace.
    private func refuseControlCharacters(into findings: inout Findings) -> Bool {
        guard let offset = self.written.controlCharacter else { return true }
        let problem = "the pattern holds a control character"
        let hint = #"in double quotes "\b" is a backspace; write the pattern in single quotes"#
        findings.error("pattern-syntax", at: self.written.node.place(ofScalar: offset), problem, hint: hint)
        return false
    }

    /// What to write for the mistakes that people make most, and what to say where PCRE2's own words help nobody.
    private static let hints: [(message: String, problem: String?, hint: String)] = [
        ("missing closing parenthesis", nil, #"add ")" or write "\(" for a parenthesis"#),
        ("unmatched closing parenthesis", nil, #"add "(" or write "\)" for a parenthesis"#),
        ("missing terminating ]", nil, #"add "]" or write "\[" for a bracket"#),
        (
            "quantifier does not follow", nil,
            #"put it behind what is repeated, or write "\" before it for the character"#
        ),
        ("lookbehind assertion is not fixed length", nil, "give each of its alternatives one length"),
        ("unrecognized character follows \\", nil, #"leave the backslash out, or write "\\" for a backslash"#),
        (
            "two named subpatterns have the same name", "two groups have the same name",
            "rename one, or write two patterns under any:"
        ),
        ("range out of order", nil, "write the smaller character first"),
    ]

    private func refuseNames(of pattern: Pattern, into findings: inout Findings) -> Bool {
        var isFine = true
        for name in pattern.captureNames where !RuleFileReader.isName(name, separators: "_") {
            let before = self.expanded.text.ranges(of: name).first { range in
                self.expanded.text[..<range.lowerBound].hasSuffix("<")
                    || self.expanded.text[..<range.lowerBound].hasSuffix("'")
            }
            let offset = before.map { self.expanded.text.unicodeScalars[..<$0.lowerBound].count } ?? 0
            let problem = "\"\(name)\" is no name for a capture"
            findings.error("invalid-name", at: self.place(offset), problem, hint: "use a-z, 0-9 and \"_\"")
            isFine = false
        }
        return isFine
    }

    private func refuseEmptyMatch(
        of pattern: Pattern,
        _ bench: PatternBench,
        into findings: inout Findings
    ) -> Bool {
        guard pattern.matchesEmptyText(using: bench.scanner) else { return true }
        let problem = "the pattern matches the empty text, and so every message"
        let hint = "make a part of it required, or write match: {always: true}"
        findings.error("empty-match", at: self.written.node.place, problem, hint: hint)
        return false
    }

    /// The pattern as it may run: under a clock where it could take long.
    private func bounded(_ pattern: Pattern, _ bench: PatternBench, into findings: inout Findings) -> Pattern? {
        switch self.allowances.contains(.slow) ? .guarded : bench.cost(of: pattern) {
        case .fine where !Pattern.isMachineCodeRefused: return pattern
        case .fine, .guarded:
            if let guarded = pattern.guarded { return guarded }
            let problem = "the pattern is too large to be run under a clock"
            let hint = "split it into several under any:"
            findings.error("pattern-too-large", at: self.written.node.place, problem, hint: hint)
            return nil
        case .slow(let problem, let hint):
            findings.error("slow-pattern", at: self.written.node.place, problem, hint: hint)
            return nil
        }
    }

    // MARK: Warnings

    private func warn(_ node: PatternNode, _ remarks: [PatternRemark], into findings: inout Findings) {
        for word in node.branches.compactMap(\.bareWord) where (1...4).contains(word.count) {
            let problem = "\"\(word)\" is also found inside longer words"
            let hint = #"write \b"# + word + #"\b or put it into words"#
            findings.warn("substring", at: self.written.node.place, problem, hint: hint)
        }
        for remark in remarks where remark.kind == .unnamedGroup && self.expanded.isWritten(remark.offset) {
            let hint = "write (?:...), or (?<name>...) to use it in the reply"
            findings.warn("unnamed-group", at: self.place(remark.offset), "the group has no name", hint: hint)
        }
        let text = self.written.text
        if text.hasPrefix(".*") {
            let problem = "the pattern starts with \".*\", which only costs time"
            findings.warn("leading-wildcard", at: self.written.node.place, problem, hint: "leave it out")
        } else if text.hasPrefix("(?=") || text.hasPrefix("(?!") {
            let problem = "the pattern starts with a lookahead, which is tried at every character"
            findings.warn("leading-lookahead", at: self.written.node.place, problem, hint: "write \"^\" before it")
        }
    }

    /// The place in the file of a scalar of the expanded pattern.
    private func place(_ offset: Int) -> Place {
        self.written.node.place(ofScalar: self.expanded.origin(of: offset))
    }
}
