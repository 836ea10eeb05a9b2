internal import Diagnostics

/// What a load has made, and what it takes over from earlier loads: the content of a ``RuleCache``.
struct LoadMemory: Sendable {
    /// Far more than a server has.
    static let maximumPatternCount = 65_536

    /// A file and what was said while it was read.
    private struct KeptFile {
        var text: String
        var file: RuleFile
        var findings: [Diagnostic]
    }

    /// A pattern, and the last load that used it.
    private struct KeptPattern {
        var pattern: CheckedPattern
        var load: Int
    }

    /// What became of a rule whose patterns have no mistake.
    struct KeptRule {
        /// Those that it was compiled with.
        var patterns: [Pattern]
        /// Nothing where its texts have a mistake.
        var rule: CompiledRule?
        /// What was said about its texts.
        var findings: [Diagnostic]
    }

    /// Whose inline test it is, and which of them.
    struct TestKey: Hashable {
        var rule: [RuleSource]
        var index: Int
    }

    private var load = 0
    private var fileCount = 0
    private var files = Kept<String, KeptFile>()
    private var rules = Kept<[RuleSource], KeptRule>()
    private var tests = Kept<TestKey, InlineTestRun.Answer>()
    private var patterns: [PatternKey: KeptPattern] = [:]
    private var prefilter: (needs: [Prefilter.Needs?], prefilter: Prefilter)?

    // MARK: What is kept

    /// A file as it was read: now, or earlier from the same bytes at the same place in the order.
    mutating func file(_ empty: RuleFile, of text: String, into findings: inout Findings) -> RuleFile {
        let kept = self.files.old[empty.path]
        let isSame = kept?.file.index == empty.index && kept?.text.hasBytes(of: text) == true
        let read = (isSame ? kept : nil) ?? self.read(text, of: empty, after: kept)
        self.files.new[empty.path] = read
        for finding in read.findings { findings.add(finding) }
        return read.file
    }

    private mutating func read(_ text: String, of empty: RuleFile, after old: KeptFile?) -> KeptFile {
        var findings = Findings()
        var file = empty
        if let read = RuleFileReader.read(text, of: empty, into: &findings) {
            file = read
        } else {
            file.isUnreadable = true
        }
        self.fileCount += 1
        let lines = old.map { (new: SourceLines(text), old: SourceLines($0.text)) }
        for index in file.rules.indices {
            file.rules[index].sources = [RuleSource(file: self.fileCount, index: index)]
            // What an edit has left as it was counts as read then.
            guard let old, let lines, lines.new.holdSame(index, of: file, as: old.file, lines.old) else { continue }
            file.rules[index].sources = old.file.rules[index].sources
        }
        return KeptFile(text: text, file: file, findings: findings.diagnostics)
    }

    /// A pattern of which there is nothing to say.
    mutating func pattern(_ key: PatternKey) -> CheckedPattern? {
        guard let index = self.patterns.index(forKey: key) else { return nil }
        self.patterns.values[index].load = self.load
        return self.patterns.values[index].pattern
    }

    mutating func keep(_ pattern: CheckedPattern, as key: PatternKey) {
        self.patterns[key] = KeptPattern(pattern: pattern, load: self.load)
    }

    /// What became of a rule that was written the same way and compiled with these patterns.
    mutating func rule(_ sources: [RuleSource], _ patterns: [Pattern]) -> KeptRule? {
        guard let kept = self.rules.old[sources], kept.patterns.elementsEqual(patterns, by: ===) else { return nil }
        self.rules.new[sources] = kept
        return kept
    }

    mutating func keep(_ rule: KeptRule, as sources: [RuleSource]) { self.rules.new[sources] = rule }

    /// What came of an inline test in the last load that ran it.
    func test(_ key: TestKey) -> InlineTestRun.Answer? { self.tests.old[key] }

    mutating func keep(_ answer: InlineTestRun.Answer, as key: TestKey) { self.tests.new[key] = answer }

    /// What searches for the texts that rules require.
    mutating func prefilter(for needs: [Prefilter.Needs?]) -> Prefilter {
        if let kept = self.prefilter, kept.needs == needs { return kept.prefilter }
        let prefilter = Prefilter(needs)
        self.prefilter = (needs, prefilter)
        return prefilter
    }

    // MARK: Loads

    /// Forgets what the load hasn't used.
    ///
    /// - Parameter isRejected: Whether it found a mistake. Then its author is about to correct it, and what it had no
    ///   use for is kept.
    mutating func endLoad(isRejected: Bool) {
        self.files.turn()
        self.rules.turn()
        if !isRejected {
            self.tests.turn()
            self.patterns = self.patterns.filter { $0.value.load >= self.load - 1 }
            self.load += 1
        }
        if self.patterns.count > Self.maximumPatternCount { self.patterns = [:] }
    }
}

/// Values of the load before and of this one.
private struct Kept<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    var old: [Key: Value] = [:]
    var new: [Key: Value] = [:]

    mutating func turn() {
        self.old = self.new
        self.new = [:]
    }
}

/// What makes two patterns the same.
struct PatternKey: Hashable {
    var text: String
    var options: Pattern.Options
    var allowances: Set<WrittenRule.Allowance>
}

/// Where a part of a rule was read: which reading of a file, and which of its rules.
struct RuleSource: Hashable {
    var file: Int
    var index: Int
}

extension String {
    /// Whether both are the same bytes; texts that only look the same are not.
    fileprivate func hasBytes(of other: String) -> Bool {
        let isSame = self.utf8.withContiguousStorageIfAvailable { bytes in
            other.utf8.withContiguousStorageIfAvailable { bytes.elementsEqual($0) }
        }
        return (isSame ?? nil) ?? self.utf8.elementsEqual(other.utf8)
    }
}
