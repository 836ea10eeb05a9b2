public import Diagnostics

/// Rules that are nothing but a name and a pattern, from a table: one rule a line, name, TAB, pattern.
///
/// The order of the lines is the priority, the first line highest. Generated corpora come in this form; rules that
/// answer visitors are written as ``RuleSet/load(folder:)`` reads them. Patterns are caseless and know the letters of
/// all scripts, the rule language's defaults.
public struct RuleTable: Sendable {
    /// The rules' names, in the order of the lines.
    public private(set) var names: [String] = []
    /// In normal form C, as messages are when they are searched.
    public private(set) var patterns: [String] = []
    private let file: String
    private let lines: [Int]

    /// Reads a table.
    ///
    /// - Parameters:
    ///   - text: The table. Empty lines are passed over.
    ///   - file: What its diagnostics call it.
    /// - Throws: Every line without a TAB.
    public init(_ text: String, file: String) throws(Rejection) {
        var findings = Findings()
        var lines: [Int] = []
        let newline = UInt8(ascii: "\n")
        for (index, line) in text.utf8.split(separator: newline, omittingEmptySubsequences: false).enumerated()
        where !line.isEmpty {
            guard let tab = line.firstIndex(of: UInt8(ascii: "\t")) else {
                let place = Place(file: file, line: index + 1)
                findings.error("no-tab", at: place, "the line has no TAB", hint: "write NAME, TAB, PATTERN")
                continue
            }
            self.names.append(String(Substring(line[..<tab])))
            self.patterns.append(normalized(String(Substring(line[line.index(after: tab)...]))))
            lines.append(index + 1)
        }
        self.file = file
        self.lines = lines
        if findings.hasErrors { throw Rejection(findings.diagnostics) }
    }

    /// Compiles all rules, each with the outcome `pass`: the result for a message is ``RuleResult/pass(_:)`` with the
    /// first rule that matches.
    ///
    /// - Throws: Every pattern that PCRE2 doesn't compile.
    public func compile() throws(Rejection) -> RuleSet {
        var findings = Findings()
        var rules: [CompiledRule] = []
        rules.reserveCapacity(self.names.count)
        for index in self.names.indices {
            do {
                rules.append(try self.rule(index))
            } catch {
                let column = self.names[index].unicodeScalars.count + 2 + error.offset
                let place = Place(file: self.file, line: self.lines[index], column: column)
                findings.error("pattern-syntax", at: place, error.message)
            }
        }
        if findings.hasErrors { throw Rejection(findings.diagnostics) }
        return RuleSet(rules)
    }

    private func rule(_ index: Int) throws(PatternProblem) -> CompiledRule {
        let pattern = try Pattern(self.patterns[index])
        let node = PatternParser.parse(pattern.source).node
        let needs = Prefilter.PatternNeeds(
            starts: pattern.isSearched ? RequiredLiterals.starts(of: node, isUnicode: true) : nil,
            maximumWords: pattern.isSearched ? nil : node.maximumWords
        )
        return CompiledRule(
            named: self.names[index],
            at: Place(file: self.file, line: self.lines[index]),
            pattern: pattern,
            needs: Prefilter.Needs(
                rule: RequiredLiterals.required(by: node, isUnicode: true),
                patterns: [needs]
            )
        )
    }
}
