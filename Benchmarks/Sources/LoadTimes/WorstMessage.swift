import Foundation
import Rules

/// Messages of 4,000 characters that are made to keep the rules busy, out of what the rules' own tests say.
enum WorstMessage {
    /// How many are printed.
    private static let shownCount = 3
    private static let runCount = 7
    /// How many messages are made of words in any order, and as many of sentences.
    private static let mixCount = 1_000

    static func report(on folder: String) throws {
        let book = try RuleBook.load(folder: folder)
        let units = Self.units(of: book)
        let times = Self.times(of: units.map { Self.text($0) }, book.set)
        print("\(units.count) messages of 4,000 characters against \(book.set.ruleCount) rules; the dearest:")
        for (unit, time) in zip(units, times).sorted(by: { $0.1 > $1.1 }).prefix(Self.shownCount) {
            print(String(format: "%.2f ms", time), "\"\(unit.head)\" again and again, then \"\(unit.tail)\"")
        }
        print("all of them: \(Self.figures(times))")
        for (name, parts) in [("sentences", book.sentences.map(\.text)), ("words", Self.words(of: book))] {
            var generator = Generator()
            let texts = (0..<Self.mixCount).map { _ in Self.mix(of: parts, &generator) }
            print("\(Self.mixCount) mixes of \(name): \(Self.figures(Self.times(of: texts, book.set)))")
        }
    }

    /// Of each message the fastest of several answers, in milliseconds.
    ///
    /// Each time all of them in turn: who takes the processor for a while mustn't spoil every answer to one.
    private static func times(of texts: [String], _ set: RuleSet) -> [Double] {
        var scanner = Rules.Scanner()
        let context = RuleContext()
        var fastest = [Double](repeating: .infinity, count: texts.count)
        for _ in 0..<Self.runCount {
            for (index, text) in texts.enumerated() {
                fastest[index] = min(fastest[index], timed { _ = set.answer(to: text, in: context, using: &scanner) })
            }
        }
        return fastest
    }

    private static func figures(_ times: [Double]) -> String {
        let sorted = times.sorted()
        let named = [("median", sorted.count / 2), ("p99", sorted.count * 99 / 100), ("dearest", sorted.count - 1)]
        return named.map { String(format: "%@ %.2f ms", $0.0, sorted[$0.1]) }.joined(separator: ", ")
    }

    /// Such a message, which has what most rules require: the prefilter rules out little.
    private static func mix(of parts: [String], _ generator: inout Generator) -> String {
        var text = ""
        while text.utf8.count < 4 * 4_000, let part = parts.randomElement(using: &generator) { text += part + " " }
        return String(text.prefix(4_000))
    }

    /// The same messages in each run: SplitMix64.
    private struct Generator: RandomNumberGenerator {
        private var state: UInt64 = 1

        mutating func next() -> UInt64 {
            self.state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = self.state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    private typealias Unit = (head: String, tail: String)

    /// Each sentence and each word of the tests again and again, and words before another one that may veto.
    private static func units(of book: RuleBook) -> [Unit] {
        let sentences = book.sentences.map(\.text)
        let words = Self.words(of: book)
        let units = sentences + words + ["a", "1", "!", "é", "中"]
        return units.map { ($0, "!") } + words.map { ($0, "but") }
    }

    private static func words(of book: RuleBook) -> [String] {
        let words = book.sentences.flatMap { $0.text.split { !$0.isLetter && !$0.isNumber }.map(String.init) }
        return Set(words).sorted()
    }

    private static func text(_ unit: Unit) -> String {
        let repeated = String(repeating: unit.head + " ", count: 4_000 / (unit.head.count + 1) + 1)
        return repeated.prefix(4_000 - unit.tail.count - 1) + " " + unit.tail
    }
}
