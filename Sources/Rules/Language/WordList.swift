/// Plain phrases that stand for each other, and the endings that they may carry.
struct WordList: Sendable {
    var words: [String]
    var endings: [String] = []

    /// Takes a word out of the list.
    ///
    /// - Returns: Whether it was there.
    mutating func remove(_ word: String) -> Bool {
        let count = self.words.count
        self.words.removeAll { $0 == word }
        return self.words.count < count
    }

    /// The list as a pattern without capturing groups.
    ///
    /// - Parameter withEdges: Whether only whole words match.
    /// - Returns: The pattern, in PCRE2's syntax.
    func pattern(withEdges: Bool) -> String {
        var pattern = Self.group(self.words)
        if !self.endings.isEmpty { pattern += Self.group(self.endings) + "?" }
        return withEdges ? #"(?<!\w)"# + pattern + #"(?!\w)"# : "(?:\(pattern))"
    }

    /// The phrases as alternatives, the longest first, so that "drop-down menu" isn't cut to "drop".
    private static func group(_ phrases: [String]) -> String {
        let longestFirst = phrases.sorted { ($1.count, $0) < ($0.count, $1) }
        return "(?:\(longestFirst.map(self.escaped).joined(separator: "|")))"
    }

    /// The phrase as a pattern: any white space for a space, any apostrophe for an apostrophe.
    private static func escaped(_ phrase: String) -> String {
        let words = normalized(phrase).split(whereSeparator: \.isWhitespace)
        let escaped = words.map { word in
            word.unicodeScalars.reduce(into: "") { pattern, scalar in
                switch scalar {
                case "'", "\u{2019}": pattern += "['\u{2019}]"
                case _ where !scalar.isASCII || scalar.properties.isAlphabetic || ("0"..."9").contains(scalar):
                    pattern.unicodeScalars.append(scalar)
                default:
                    pattern += "\\"
                    pattern.unicodeScalars.append(scalar)
                }
            }
        }
        return escaped.joined(separator: #"\s+"#)
    }
}
