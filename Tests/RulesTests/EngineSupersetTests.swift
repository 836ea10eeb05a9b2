import Foundation
import Testing

@testable import Rules

/// The search for required texts may name a rule that doesn't match, and must never leave out one that does.
///
/// `RULE_PAIRS=1000000 swift test --filter EngineSupersetTests` asks about a million pairs of a rule and a message;
/// `RULE_CORPUS=FOLDER` names a corpus of rules-1000.tsv, messages.txt and labels.tsv to agree with.
@Suite("the search for required texts")
struct EngineSupersetTests {
    /// How many pairs each test asks about.
    private static let pairCount = ProcessInfo.processInfo.environment["RULE_PAIRS"].flatMap { Int($0) } ?? 20_000

    private static let corpusFolder = ProcessInfo.processInfo.environment["RULE_CORPUS"]

    /// Some rules, how the engine searches them, and how PCRE2 does.
    private struct Batch: ~Copyable {
        let patterns: [String]
        let prefilter: Prefilter
        let compiled: [Pattern]
        let scan: LinearScan
        /// The texts that the rules require.
        let texts: [String]

        init(_ patterns: [String], options: Pattern.Options = [.caseless, .ucp]) throws {
            // What doesn't compile is what the scan throws for, which has to be the only way out of here.
            self.compiled = patterns.compactMap { try? Pattern($0, options: options) }
            let isUnicode = options.contains(.ucp)
            let nodes = patterns.map { PatternParser.parse($0, options: options).node }
            let needs = zip(self.compiled, nodes).map { pattern, node in
                let starts = RequiredLiterals.starts(of: node, isUnicode: isUnicode)
                return Prefilter.Needs(
                    rule: RequiredLiterals.required(by: node, isUnicode: isUnicode),
                    patterns: [.init(starts: starts, maximumWords: pattern.isSearched ? nil : node.maximumWords)]
                )
            }
            self.patterns = patterns
            self.prefilter = Prefilter(needs)
            self.scan = try LinearScan(patterns, options: options)
            self.texts = needs.flatMap(\.rule).flatMap(\.texts)
        }

        /// How many rules match a message; an issue for each of them that the search leaves out.
        func matchCount(in message: String, using scanner: inout Rules.Scanner) -> Int {
            var message = message
            message.withUTF8 { self.prefilter.findCandidates(in: $0, using: &scanner) }
            let matches = self.scan.matches(in: message)
            for match in matches where !scanner.isCandidate(match) {
                Issue.record("\"\(self.patterns[match])\" matches \"\(message)\" and isn't tried")
            }
            for rule in self.patterns.indices {
                self.tryStarts(of: rule, in: &message, isMatch: matches.contains(rule), using: &scanner)
            }
            return matches.count
        }

        /// An issue where the places at which a match may start lead to another match than a search of the whole text.
        private func tryStarts(
            of rule: Int,
            in message: inout String,
            isMatch: Bool,
            using scanner: inout Rules.Scanner
        ) {
            let pattern = self.compiled[rule]
            let outlook = message.withUTF8 { self.prefilter.outlook(for: 0, of: rule, in: $0, using: &scanner) }
            if outlook == .nowhere, isMatch {
                Issue.record("\"\(pattern.source)\" matches \"\(message)\", and no start was found")
            }
            guard outlook == .atStarts, pattern.isSearched else { return }
            let found = [true, false].map { isAtStarts in
                message.withUTF8 { bytes in
                    scanner.startMessage(within: nil)
                    let data = scanner.captures(atLeast: pattern.pairCount)
                    let outcome = pattern.search(bytes, isAtStarts: isAtStarts, in: data, using: scanner)
                    guard case .matched = outcome else { return "\(outcome)" }
                    let match = PatternMatch(of: pattern, in: bytes, data)
                    return "\(slice(0, of: bytes, data)?.startIndex ?? -1) \(match)"
                }
            }
            #expect(found[0] == found[1], "\"\(pattern.source)\" on \"\(message)\"")
        }
    }

    @Test("finds every rule of the shapes that support teams write")
    func corpus() throws {
        var corpus = EngineCorpus(seed: "1")
        var scanner = Rules.Scanner()
        let batch = try Batch((0..<200).map { _ in corpus.pattern() })
        var matchCount = 0
        for _ in 0..<(Self.pairCount / 200) { matchCount += batch.matchCount(in: corpus.message(), using: &scanner) }
        #expect(matchCount > Self.pairCount / 100)
    }

    @Test("finds a rule by its own texts in any case, cut and joined")
    func ownTexts() throws {
        var corpus = EngineCorpus(seed: "2")
        var maker = EnginePatterns(seed: "own texts")
        var scanner = Rules.Scanner()
        let batch = try Batch((0..<50).map { _ in corpus.pattern() })
        var matchCount = 0
        for _ in 0..<(Self.pairCount / 50) {
            matchCount += batch.matchCount(in: corpus.oddlyCased(maker.text(of: batch.texts)), using: &scanner)
        }
        #expect(matchCount > Self.pairCount / 200)
    }

    @Test("reads every construct as PCRE2 does")
    func anyPattern() throws {
        var maker = EnginePatterns(seed: "any pattern")
        var scanner = Rules.Scanner()
        var (pairCount, matchCount) = (0, 0)
        while pairCount < Self.pairCount {
            let options = maker.options()
            var patterns: [String] = []
            while patterns.count < 20 {
                let pattern = maker.number(below: 3) > 0 ? maker.pattern() : "^(?:\(maker.pattern()))$"
                if (try? LinearScan([pattern], options: options)) != nil { patterns.append(pattern) }
            }
            let batch = try Batch(patterns, options: options)
            for index in 0..<20 {
                let text = index % 2 == 0 ? maker.text() : maker.text(of: batch.texts)
                matchCount += batch.matchCount(in: text, using: &scanner)
            }
            pairCount += 400
        }
        #expect(matchCount > Self.pairCount / 50)
    }

    @Test("finds the rules that a plain scan finds, the first one first, and no other")
    func sameAsPlainScan() throws {
        var corpus = EngineCorpus(seed: "3")
        let patterns = (0..<100).map { _ in corpus.pattern() }
        let lines = patterns.enumerated().map { "rule-\($0)\t\($1)" }
        let table = try RuleTable(lines.joined(separator: "\n"), file: "rules.tsv")
        let rules = try table.compile()
        let scan = try LinearScan(table.patterns)
        var scanner = Rules.Scanner()
        for _ in 0..<100 {
            let message = corpus.message()
            let matches = scan.matches(in: RuleSet.readable(message).text)
            #expect(rules.matches(message, in: RuleContext(), using: &scanner) == matches)
            // A busy machine must not end the search early.
            let result = rules.answer(to: message, in: RuleContext(), within: .seconds(60), using: &scanner)
            #expect(result.rule == matches.first.map { "rule-\($0)" })
        }
    }

    @Test("finds exactly the rules that a corpus lists for each message", .enabled(if: Self.corpusFolder != nil))
    func labels() throws {
        func lines(_ name: String) throws -> [Substring] {
            try String(contentsOfFile: "\(Self.corpusFolder ?? "")/\(name)", encoding: .utf8).split(separator: "\n")
        }
        let table = try RuleTable(lines("rules-1000.tsv").joined(separator: "\n"), file: "rules-1000.tsv")
        let rules = try table.compile()
        var scanner = Rules.Scanner()
        for (message, label) in zip(try lines("messages.txt"), try lines("labels.tsv")) {
            let names = rules.matches(String(message), in: RuleContext(), using: &scanner).map { table.names[$0] }
            #expect(names.joined(separator: ",") == label.drop { $0 != "\t" }.dropFirst())
        }
    }

    @Test("serves rule sets of any size with one scanner, one after the other")
    func sharedScanner() throws {
        var scanner = Rules.Scanner()
        let small = try Batch(["error", "login"])
        var corpus = EngineCorpus(seed: "4")
        let large = try Batch((0..<300).map { _ in corpus.pattern() })
        for _ in 0..<20 {
            let message = corpus.message() + " error"
            #expect(small.matchCount(in: message, using: &scanner) >= 1)
            _ = large.matchCount(in: message, using: &scanner)
            #expect(small.matchCount(in: "the form is nowhere", using: &scanner) == 0)
            #expect(!scanner.isCandidate(0) && !scanner.isCandidate(1))
        }
    }

    @Test("tries only rules of which a text of each set is there")
    func selective() throws {
        var scanner = Rules.Scanner()
        let batch = try Batch([#"\bform\b"#, "^(?=.*error)(?=.*login)", #"\d{3}"#, "größe"])
        func candidates(_ message: String) -> [Int] {
            var message = message
            message.withUTF8 { batch.prefilter.findCandidates(in: $0, using: &scanner) }
            return (0..<4).filter { scanner.isCandidate($0) }
        }
        #expect(candidates("no information") == [2])
        #expect(candidates("FORM") == [0, 2])
        #expect(candidates("an error") == [2])
        #expect(candidates("login error") == [1, 2])
        #expect(candidates("login error, GRÖẞE") == [1, 2, 3])
        #expect(candidates("") == [2])
    }
}
