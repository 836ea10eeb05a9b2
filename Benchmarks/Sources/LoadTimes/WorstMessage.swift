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
    }

    private typealias Unit = (head: String, tail: String)

    /// Each sentence and each word of the tests again and again, and words before another one that may veto.
    private static func units(of book: RuleBook) -> [Unit] {
        let sentences = book.sentences.map(\.text)
        let words = Set(sentences.flatMap { $0.split { !$0.isLetter && !$0.isNumber }.map(String.init) }).sorted()
        let units = sentences + words + ["a", "1", "!", "é", "中"]
        return units.map { ($0, "!") } + words.map { ($0, "but") }
    }

    private static func text(_ unit: Unit) -> String {
        let repeated = String(repeating: unit.head + " ", count: 4_000 / (unit.head.count + 1) + 1)
        return repeated.prefix(4_000 - unit.tail.count - 1) + " " + unit.tail
    }
}
