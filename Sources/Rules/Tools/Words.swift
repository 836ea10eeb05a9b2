/// The words of a message, in lower case: runs of letters, marks and digits, with apostrophes between them.
struct Words {
    private let words: [String]

    init(_ text: String) {
        var words: [String] = []
        var word = ""
        for character in text.lowercased() {
            if character.isLetter || character.isNumber {
                word.append(character)
            } else if character == "'" || character == "\u{2019}", !word.isEmpty {
                word.append("'")
            } else if !word.isEmpty {
                words.append(word)
                word = ""
            }
        }
        if !word.isEmpty { words.append(word) }
        self.words = words.map { $0.hasSuffix("'") ? String($0.dropLast()) : $0 }
    }

    var count: Int { self.words.count }

    /// Each word once.
    var distinct: Set<String> { Set(self.words) }
}
