internal import Diagnostics

/// Reads `{{name|filter}}` in a reply text.
struct TemplateParser {
    /// A mistake in a reply text, with its offset in Unicode scalars.
    struct Problem: Error, Equatable {
        var code: String
        var offset: Int
        var problem: String
        var hint: String?
    }

    /// A place in a reply text that a value goes into.
    struct Use: Equatable {
        var reference: Template.Reference
        /// As written between the braces, without filters.
        var name: String
        var offset: Int
        /// Whether the filter `or` gives a text where it isn't set.
        var hasFallback: Bool
    }

    private(set) var pieces: [Template.Piece] = []
    private(set) var uses: [Use] = []
    private(set) var problems: [Problem] = []
    private let scalars: [Unicode.Scalar]

    /// Reads a whole text.
    ///
    /// What is wrong stands in ``problems``.
    init(_ text: String) {
        self.scalars = Array(text.unicodeScalars)
        var start = 0
        var index = 0
        while index < self.scalars.count {
            guard self.has("{{", at: index) else {
                index += 1
                continue
            }
            self.append(text: start..<index)
            index = self.place(at: index)
            start = index
        }
        self.append(text: start..<self.scalars.count)
    }

    private func has(_ text: String, at index: Int) -> Bool {
        index <= self.scalars.count && self.scalars[index...].starts(with: text.unicodeScalars)
    }

    private func text(_ range: Range<Int>) -> String { String(String.UnicodeScalarView(self.scalars[range])) }

    private mutating func append(text range: Range<Int>) {
        if range.isEmpty { return }
        self.append(self.text(range))
    }

    private mutating func append(_ text: String) {
        if case .text(let before)? = self.pieces.last {
            self.pieces[self.pieces.count - 1] = .text(before + text)
        } else {
            self.pieces.append(.text(text))
        }
    }

    /// Reads the place whose braces open at `start`.
    ///
    /// - Returns: Where the text goes on.
    private mutating func place(at start: Int) -> Int {
        let literal = #"{{"{{"}}"#
        if self.has(literal, at: start) {
            self.append("{{")
            return start + literal.unicodeScalars.count
        }
        guard let end = self.end(of: start) else {
            let hint = #"add "}}", or write {{"{{"}} for two braces"#
            self.problems.append(
                Problem(code: "template-syntax", offset: start, problem: "\"{{\" without \"}}\"", hint: hint)
            )
            return self.scalars.count
        }
        let parts = self.parts((start + 2)..<end)
        let name = parts[0].text.trimmed
        let filters = parts.dropFirst().compactMap { self.filter($0.text.trimmed, at: $0.offset) }
        guard let reference = self.reference(name, at: start) else { return end + 2 }
        let hasFallback = filters.contains { if case .or = $0 { true } else { false } }
        self.uses.append(Use(reference: reference, name: name, offset: start, hasFallback: hasFallback))
        self.pieces.append(.value(reference, filters: filters))
        return end + 2
    }

    /// Where the braces close; not inside quotes.
    private func end(of start: Int) -> Int? {
        var isQuoted = false
        for index in (start + 2)..<max(start + 2, self.scalars.count) {
            if self.scalars[index] == "\"" { isQuoted.toggle() }
            if !isQuoted, self.has("}}", at: index) { return index }
        }
        return nil
    }

    /// The name and the filters, with their offsets.
    private func parts(_ range: Range<Int>) -> [(text: String, offset: Int)] {
        var parts: [(text: String, offset: Int)] = []
        var isQuoted = false
        var start = range.lowerBound
        for index in range {
            if self.scalars[index] == "\"" { isQuoted.toggle() }
            if !isQuoted, self.scalars[index] == "|" {
                parts.append((self.text(start..<index), start))
                start = index + 1
            }
        }
        parts.append((self.text(start..<range.upperBound), start))
        return parts
    }

    private mutating func filter(_ text: String, at offset: Int) -> Template.Filter? {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map {
            String($0).trimmed
        }
        let argument = parts.count == 2 ? parts[1] : nil
        switch (parts[0], argument) {
        case ("lower", nil): return .lower
        case ("upper", nil): return .upper
        case ("trim", nil): return .trim
        case ("first", let argument):
            if let count = argument.flatMap({ Int($0) }), count > 0 { return .first(count) }
        case ("or", let argument?) where argument.count >= 2 && argument.hasPrefix("\"") && argument.hasSuffix("\""):
            return .or(String(argument.dropFirst().dropLast()))
        case ("lower", _), ("upper", _), ("trim", _), ("or", _): break
        default:
            let hint = suggestion(for: parts[0], among: ["lower", "upper", "trim", "first", "or"])
            let problem = "unknown filter \"\(parts[0])\""
            self.problems.append(Problem(code: "unknown-filter", offset: offset, problem: problem, hint: hint))
            return nil
        }
        let hint = #"write lower, upper, trim, first:40 or or:"text""#
        let problem = "the filter \"\(text)\" can't be read"
        self.problems.append(Problem(code: "template-syntax", offset: offset, problem: problem, hint: hint))
        return nil
    }

    /// What a name stands for.
    ///
    /// A name without a dot is a capture; whether `match` has it isn't known here.
    private mutating func reference(_ name: String, at offset: Int) -> Template.Reference? {
        if let reference = Self.reference(name) { return reference }
        if name.isEmpty {
            let hint = #"write a name, or {{"{{"}} for two braces"#
            self.problems.append(
                Problem(code: "template-syntax", offset: offset, problem: "no name in the braces", hint: hint)
            )
        } else {
            let known = Template.Reference.named.keys.sorted() + ["ctx.vars.NAME"]
            let hint = suggestion(for: name, among: known)
            self.problems.append(
                Problem(code: "unknown-value", offset: offset, problem: "unknown value \"\(name)\"", hint: hint)
            )
        }
        return nil
    }

    /// What a name stands for, in a text or in a variant's `when`.
    static func reference(_ name: String) -> Template.Reference? {
        if let value = Template.Reference.named[name] { return value }
        if name.hasPrefix("ctx.vars."), name.count > "ctx.vars.".count {
            return .variable(String(name.dropFirst("ctx.vars.".count)))
        }
        let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.allSatisfy({ RuleFileReader.isName($0, separators: "_") }) else { return nil }
        guard parts.count == 2 else { return .capture(name) }
        return ["ctx", "visitor"].contains(parts[0]) ? nil : .action(parts[0], field: parts[1])
    }
}
