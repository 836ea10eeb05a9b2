import Foundation
import Testing

@testable import Rules

/// The shipped patterns that a load doesn't try again; that they pass the probe is shown by ``ShippedLimitTests``.
@Suite("the patterns that were probed before")
struct ProbedPatternTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let source = folder.appendingPathComponent("Sources/Rules/Probe/ProbedPatterns.swift")

    private static func shippedHashes() throws -> Set<UInt64> {
        let rules = try RuleSet.load(folder: self.folder.appendingPathComponent("rules").path)
        // A guarded one would have to run under a clock.
        let patterns = rules.rules.flatMap(\.patterns).filter { !$0.build.contains(.guarded) }
        return Set(patterns.map { ProbedPatterns.hash(of: $0.source, $0.options) })
    }

    /// The end of the source file: four hashes a line, in order.
    private static func list(_ hashes: Set<UInt64>) -> String {
        let words = hashes.sorted().map { hash in
            let digits = String(hash, radix: 16, uppercase: true)
            return "0x" + String(repeating: "0", count: 16 - digits.count) + digits
        }
        let lines = stride(from: 0, to: words.count, by: 4).map { start in
            "        " + words[start..<min(start + 4, words.count)].joined(separator: ", ") + ",\n"
        }
        return "    static let hashes: Set<UInt64> = [\n" + lines.joined() + "    ]\n}\n"
    }

    @Test("are those of the shipped rules")
    func upToDate() throws {
        let shipped = try Self.shippedHashes()
        if ProcessInfo.processInfo.environment["RULES_WRITE"] != nil {
            let old = try String(contentsOf: Self.source, encoding: .utf8)
            let head = try #require(old.range(of: "    static let hashes"))
            try (old[..<head.lowerBound] + Self.list(shipped)).write(to: Self.source, atomically: true, encoding: .utf8)
        } else {
            let isSame = shipped == ProbedPatterns.hashes
            #expect(isSame, "the shipped patterns have changed: RULES_WRITE=1 swift test --filter ProbedPatternTests")
        }
    }

    @Test("are not tried again, and all others are")
    func known() throws {
        let options: Pattern.Options = [.caseless, .ucp]
        let hash = ProbedPatterns.hash(of: "error.*code", options)
        let known = KnownCosts(probed: [hash])
        var tried: [String] = []
        for (source, options) in [("error.*code", options), ("error.*codes", options), ("error.*code", [.caseless])] {
            let cost = known.cost(of: source, options) {
                tried.append(source)
                return .guarded
            }
            #expect(cost == (tried.isEmpty ? .fine : .guarded))
        }
        #expect(tried == ["error.*codes", "error.*code"])
    }
}
