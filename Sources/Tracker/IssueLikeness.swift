/// How likely two reports are about the same, the same way for every tracker.
///
/// Of what both have, in parts of the whole: the words of the title (5), three letters each of it (2), codes of errors (2) and
/// the page (1). What neither has isn't counted.
public struct IssueLikeness: Hashable, Sendable {
    private let words: Set<String>
    private let trigrams: Set<String>
    private let codes: Set<String>
    private let page: String?
    private let title: String

    /// Looks at a report once, to compare it with many.
    ///
    /// - Parameters:
    ///   - title: Its title.
    ///   - body: Looked through for codes of errors, up to 4,096 characters.
    ///   - page: The path of its page.
    public init(title: String, body: String = "", page: String? = nil) {
        let folded = Self.folded(title)
        self.title = folded
        self.words = Set(Self.words(of: folded).filter { !Self.stopWords.contains($0) })
        self.trigrams = Self.trigrams(of: folded)
        self.codes = Self.codes(in: title).union(Self.codes(in: String(body.prefix(4_096))))
        self.page = page
    }

    /// From 0 through 1, which it is for equal reports; the same in both directions.
    public func score(_ other: IssueLikeness) -> Double {
        var (sum, whole) = (0.0, 0.0)
        func count(_ share: Double?, _ weight: Double) {
            guard let share else { return }
            sum += share * weight
            whole += weight
        }
        count(Self.share(self.words, other.words), 5)
        count(Self.share(self.trigrams, other.trigrams), 2)
        count(Self.share(self.codes, other.codes), 2)
        // A page alone says nothing.
        guard whole > 0 else { return self.title == other.title ? 1 : 0 }
        if let page, let other = other.page { count(page == other ? 1 : 0, 1) }
        return sum / whole
    }

    /// What two sets have in common, from 0 through 1; nothing where both are empty.
    private static func share(_ left: Set<String>, _ right: Set<String>) -> Double? {
        let count = left.count + right.count
        return count == 0 ? nil : 2 * Double(left.intersection(right).count) / Double(count)
    }

    /// The words of a text that can be looked for: at most 16, of 2 to 64 letters and digits.
    public static func searchWords(_ text: String) -> [String] {
        var seen: Set<String> = []
        let words = self.words(of: self.folded(text)).filter { 2...64 ~= $0.count && seen.insert($0).inserted }
        let telling = words.filter { !self.stopWords.contains($0) }
        return Array((telling.isEmpty ? words : telling).prefix(16))
    }

    private static func folded(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.lowercased().unicodeScalars.filter { $0.properties.generalCategory != .nonspacingMark }
            )
        )
    }

    private static func words(of text: String) -> [String] {
        text.split { !($0.isLetter || $0.isNumber) }.prefix(64).map(String.init)
    }

    private static func trigrams(of text: String) -> Set<String> {
        let letters = Array(text.filter { $0.isLetter || $0.isNumber }.prefix(512))
        guard letters.count >= 3 else { return [] }
        return Set((0...letters.count - 3).map { String(letters[$0..<$0 + 3]) })
    }

    /// What looks like the code of an error: `502`, `E1042`, `0x80070005`, `ERR_TIMED_OUT`.
    private static func codes(in text: String) -> Set<String> {
        let tokens = text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.prefix(512)
        let codes = tokens.filter { token in
            guard 3...40 ~= token.count else { return false }
            let isConstant = token.contains("_") && token.allSatisfy { $0.isUppercase || $0.isNumber || $0 == "_" }
            return isConstant || token.contains { $0.isNumber }
        }
        return Set(codes.prefix(64).map { $0.lowercased() })
    }

    /// Words of the visitors' five languages that say nothing about what is broken.
    private static let stopWords: Set<String> = Set(
        """
        a an and are as at be but by can do for from has have i if in is it its me my no not of on or so that the there
        this to was we when with you your please hello hi
        aber als am an auf aus bei bin bitte da das dass dem den der des die ein eine es für hallo hat ich im in ist ja
        kann mein mit nach nicht noch nur oder sich sie sind so und uns von war was wenn wie wir zu zum
        au aux avec bonjour ce cette dans de des du elle en est et il je la le les ma mais mon ne on ou par pas plus pour
        que qui sa se sont sur un une vous
        al como con del el es esta este favor hay hola la las lo los me mi muy no nos para pero por que se si sin su un
        una y yo
        في من على إلى عن أن لا ما هذا هذه هو هي مع كان أو و
        """
        .split { $0.isWhitespace }.map(String.init)
    )
}
