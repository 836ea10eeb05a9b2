/// Words that mean the same to those who search.
///
/// A line of the file is a group: `refund, money back, return`. In `login => sign in` only the left side is searched for
/// by the right one's words, too. `#` begins a comment.
public struct Synonyms: Sendable, Hashable {
    /// Phrases that are searched for wherever one of `from` is asked for.
    struct Group: Sendable, Hashable {
        var from: [String]
        var to: [String]
    }

    var groups: [Group] = []

    /// How many groups there are at most, and phrases in one.
    public static let maximum: (groups: Int, phrases: Int) = (2_000, 20)

    public init() {}

    /// What is wrong with a line of the file.
    public struct Problem: Error, Sendable, Hashable {
        /// From 1, both.
        public var line: Int
        public var column: Int
        public var problem: String
        public var hint: String
    }

    /// Reads a file.
    ///
    /// - Parameter text: The file's text.
    /// - Returns: The synonyms, and everything that is wrong.
    public static func read(_ text: String) -> (synonyms: Synonyms, problems: [Problem]) {
        var (synonyms, problems) = (Synonyms(), [Problem]())
        for (index, line) in splitLines(text).enumerated() {
            let written = line.prefix { $0 != "#" }
            guard !written.trimmed.isEmpty else { continue }
            let sides = written.split(separator: "=>", omittingEmptySubsequences: false)
            let phrases = sides.map { $0.split(separator: ",", omittingEmptySubsequences: false) }
            let number = index + 1
            func report(at place: Substring.Index, _ problem: String, _ hint: String) {
                let column = line.distance(from: line.startIndex, to: place) + 1
                problems.append(Problem(line: number, column: column, problem: problem, hint: hint))
            }
            if sides.count > 2 {
                report(at: sides[1].endIndex, "a second \"=>\"", "write one group a line")
                continue
            }
            if let empty = phrases.joined().first(where: { !$0.contains { $0.isLetter || $0.isNumber } }) {
                report(at: empty.startIndex, "an empty phrase", "write words between the commas")
                continue
            }
            if sides.count == 1, phrases[0].count < 2 {
                report(at: written.startIndex, "one phrase alone", "write at least two, with a comma between them")
                continue
            }
            guard phrases.joined().count(where: { _ in true }) <= Self.maximum.phrases else {
                report(at: written.startIndex, "more than \(Self.maximum.phrases) phrases", "write fewer")
                continue
            }
            let words = phrases.map { $0.map { String($0.trimmed) } }
            synonyms.groups.append(Group(from: words[0], to: words.count == 2 ? words[1] : words[0]))
        }
        if synonyms.groups.count > Self.maximum.groups {
            let problem = "more than \(Self.maximum.groups) groups"
            problems.append(Problem(line: 1, column: 1, problem: problem, hint: "write fewer"))
        }
        return (synonyms, problems)
    }
}
