internal import Diagnostics

/// Which files use the vocabulary of which.
struct Includes {
    /// For each file the files that it names, as far as they exist.
    private var edges: [[Int]]

    init(_ files: [RuleFile], into findings: inout Findings) {
        let indices = Dictionary(files.map { ($0.name, $0.index) }, uniquingKeysWith: { first, _ in first })
        self.edges = files.map { file in
            file.includes.compactMap { include in
                if let index = indices[include.value] { return index }
                let problem = "there is no rule file \"\(include.value)\""
                let names = files.map(\.name).filter { $0 != file.name }
                let hint = names.isEmpty ? "leave it out" : suggestion(for: include.value, among: names)
                findings.error("unknown-file", at: include.place, problem, hint: hint)
                return nil
            }
        }
        self.reportCycles(of: files, indices, into: &findings)
    }

    /// The file itself and all files that it includes, directly or not.
    func reach(of file: Int) -> [Int] {
        var reached = [file]
        var next = 0
        while next < reached.count {
            for edge in self.edges[reached[next]] where !reached.contains(edge) { reached.append(edge) }
            next += 1
        }
        return reached
    }

    /// One error for each `include` that leads back to its own file.
    private func reportCycles(of files: [RuleFile], _ indices: [String: Int], into findings: inout Findings) {
        for file in files {
            for include in file.includes {
                guard let index = indices[include.value], self.reach(of: index).contains(file.index) else { continue }
                let problem = "\"\(include.value)\" includes \"\(file.name)\" again"
                let hint = "move what both need into a third file"
                findings.error(
                    "include-cycle",
                    at: include.place,
                    index == file.index ? "the file includes itself" : problem,
                    hint: index == file.index ? "leave it out" : hint
                )
            }
        }
    }
}
