import Foundation
import Rules

/// Messages of 4,000 characters that are made to keep the rules busy, out of what the rules' own tests say.
enum WorstMessage {
    /// How many are printed.
    private static let shownCount = 3
    private static let runCount = 3

    static func report(on folder: String) throws {
        let book = try RuleBook.load(folder: folder)
        let units = Self.units(of: book)
        var scanner = Rules.Scanner()
        let context = RuleContext()
        let results = units.map { unit in
            let text = Self.text(unit)
            let times = (0..<Self.runCount).map { _ in
                timed { _ = book.set.answer(to: text, in: context, using: &scanner) }
            }
            return (unit: unit, time: times.min() ?? 0)
        }
        print("\(units.count) messages of 4,000 characters against \(book.set.ruleCount) rules; the dearest:")
        for (unit, time) in results.sorted(by: { $0.time > $1.time }).prefix(Self.shownCount) {
            print(String(format: "%.2f ms", time), "\"\(unit.head)\" again and again, then \"\(unit.tail)\"")
        }
        let words = Self.words(of: book)
        for (name, parts) in [("sentences", book.sentences.map(\.text)), ("words", words)] {
            var generator = Generator()
            let times = (0..<Self.mixCount).map { _ in
                let text = Self.mix(of: parts, &generator)
                return (0..<Self.runCount).map { _ in
                    timed { _ = book.set.answer(to: text, in: context, using: &scanner) }
                }.min() ?? 0
            }
            let figures = [median(times), times.max() ?? 0].map { String(format: "%.2f ms", $0) }
            print("\(Self.mixCount) mixes of \(name): median \(figures[0]), dearest \(figures[1])")
        }
    }

    /// How many messages are made of words in any order, and as many of sentences.
    private static let mixCount = 300

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
