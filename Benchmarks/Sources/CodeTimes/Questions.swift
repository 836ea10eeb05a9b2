internal import Foundation
internal import SourceCode

/// Questions whose answers are known, since they are made from lines of the tree itself.
struct Questions {
    /// By kind, each with the places that answer it.
    var all: [(name: String, questions: [(text: String, wanted: Set<String>)])] = []

    private static let count = 500

    init(_ index: CodeIndex, seed: UInt64) throws {
        var random = Random(state: seed)
        let files = Self.files(index.roots)
        var literals: [(String, Set<String>)] = []
        var traces: [(String, Set<String>)] = []
        var names: [(String, Set<String>)] = []
        while literals.count < Self.count || names.count < Self.count {
            let file = files[random.next(files.count)]
            guard let text = try? String(contentsOfFile: file.path, encoding: .utf8) else { continue }
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            let number = random.next(lines.count)
            let line = lines[number].trimmingCharacters(in: .whitespaces)
            guard 12...120 ~= line.utf8.count else { continue }
            let place: Set = ["\(file.shown):\(number + 1)"]
            if literals.count < Self.count { literals.append((line, place)) }
            let trace = "Traceback:\n  File \"/somewhere/else/\(file.shown)\", line \(number + 1), in x\nValueError: 1"
            if traces.count < Self.count { traces.append((trace, place)) }
            let word = line.prefix { $0.isLetter || $0 == "_" }
            if word == "def" || word == "func", names.count < Self.count {
                let name = line.dropFirst(word.count + 1).prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                if name.utf8.count >= 4 { names.append(("what does `\(name)` do?", place)) }
            }
        }
        self.all = [("literal lines", literals), ("stack traces", traces), ("defined names", names)]
    }

    private static func files(_ roots: [CodeRoot]) -> [(path: String, shown: String)] {
        roots.flatMap { root -> [(path: String, shown: String)] in
            let names = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
            return names.filter { $0.hasSuffix(".py") || $0.hasSuffix(".swift") }.sorted().map { name in
                ("\(root.path)/\(name)", roots.count > 1 ? "\(root.name)/\(name)" : name)
            }
        }
    }
}

/// SplitMix64, so that every run asks the same.
struct Random {
    var state: UInt64

    mutating func next(_ bound: Int) -> Int {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var z = self.state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((z ^ (z >> 31)) % UInt64(max(1, bound)))
    }
}
