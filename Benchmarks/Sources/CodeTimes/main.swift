internal import Foundation
internal import SourceCode

// What the index of source code costs over a real tree, and what questions cost:
//
//     CodeTimes FOLDER...    folders of source code; links in them are not followed

let folders = Array(CommandLine.arguments.dropFirst())
guard !folders.isEmpty else {
    print("usage: CodeTimes FOLDER...")
    exit(2)
}
let scratch = FileManager.default.temporaryDirectory.appending(path: "code-\(UUID().uuidString)").path
try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(atPath: scratch) }
let path = "\(scratch)/code.sqlite"
let roots = folders.map { CodeRoot(path: $0) }
// Files of this moment are read again by the next update: as if it came later.
let index = try CodeIndex.open(path, roots: roots) { Int64(Date().timeIntervalSince1970 * 1_000) + 10_000 }
let clock = ContinuousClock()
var update = CodeUpdate()
let build = try clock.measure { update = try index.update() }
let size = (try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
print(
    "\(update.files) files, \(update.symbols) symbols: built in \(build.milliseconds.rounded(to: 0)) ms, \(size / 1_048_576) MiB"
)
let idle = try (0..<5).map { _ in try clock.measure { _ = try index.update() }.milliseconds }.sorted()
print("update without a change: \(idle[2].rounded(to: 0)) ms, median of 5")
for (name, questions) in try Questions(index, seed: 7).all {
    var (times, found, partial): ([Double], Int, Int) = ([], 0, 0)
    for (text, wanted) in questions {
        var answer = CodeAnswer()
        let isLiteral = name.hasPrefix("literal")
        times.append(
            try clock.measure { answer = try index.searchNow(CodeQuery(text, limit: 5, isLiteral: isLiteral)) }
                .milliseconds
        )
        if answer.places.contains(where: { wanted.contains($0.name) }) { found += 1 }
        if answer.isPartial { partial += 1 }
    }
    times.sort()
    let (p50, p99) = (times[times.count / 2], times[times.count * 99 / 100])
    print(
        "\(times.count) \(name): p50 \(p50.rounded(to: 2)) ms, p99 \(p99.rounded(to: 2)) ms, longest \(times[times.count - 1].rounded(to: 2)) ms; \(found) with the right place, \(partial) partial"
    )
}

extension Double {
    func rounded(to digits: Int) -> String { String(format: "%.\(digits)f", self) }
}

extension Duration {
    var milliseconds: Double { Double(self.components.seconds) * 1_000 + Double(self.components.attoseconds) / 1e15 }
}
