internal import Diagnostics

/// A folder of rules, read and compiled, with what was found on the way.
struct LoadedFolder {
    /// The rules without a mistake; of use only where ``findings`` holds no error.
    let set: RuleSet
    /// All rules with the local changes applied, in the order of the files.
    let written: [WrittenRule]
    /// The rules of ``set`` in the order of evaluation, each beside its written form.
    let ranked: [(written: WrittenRule, rule: CompiledRule)]
    /// The paths of the files, in the order of loading.
    let files: [String]
    var findings: Findings
    /// What was taken over from earlier loads, and what this one leaves.
    var memory: LoadMemory

    /// All findings, in the order of the files.
    var diagnostics: [Diagnostic] { self.findings.sorted(by: self.files) }

    /// Runs every inline test and adds those that fail to the findings.
    mutating func runTests() {
        // With rules missing, a test would fail for a reason that is reported already.
        guard !self.findings.hasErrors else { return }
        var run = InlineTestRun(set: self.set, memory: self.memory)
        for (written, rule) in self.ranked { run.run(written, rule, into: &self.findings) }
        self.memory = run.memory
    }
}
