/// What stands behind a word that says what it is: `password: hunter2`, `mein Passwort lautet hunter2`.
///
/// "My password is wrong" names none: behind `is` and its like only something that isn't a mere word counts.
struct NamedSecrets {
    /// The words, in lower case of ASCII.
    let words: [[UInt8]]

    private static let verbs = ["is", "was", "ist", "war", "lautet", "est", "es", "era", "هي", "هو"].map {
        Array($0.utf8)
    }
    private static let quotes: [(UInt8, UInt8)] = [(0x22, 0x22), (0x27, 0x27), (0x60, 0x60), (0x3C, 0x3E)]
    /// The longest value in quotes, in bytes.
    private static let quotedBytes = 256
    /// The longest value that nothing announces, in bytes: a bound for texts that are made of such words.
    private static let unannouncedBytes = 512

    func ranges(in text: [UInt8]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var index = 0
        while index < text.count {
            guard let word = self.word(text, at: index) else {
                index += 1
                continue
            }
            let value = self.value(text, behind: index + word)
            if let value { found.append(value) }
            index = max(index + word, value?.upperBound ?? 0)
        }
        return found
    }

    /// The length of the word that begins at a place.
    private func word(_ text: [UInt8], at index: Int) -> Int? {
        guard index == 0 || !(text[index - 1].isASCIILetter || text[index - 1].isBeyondASCII) else { return nil }
        return self.words.first { begins(text, at: index, with: $0) && self.isEnd(text, index + $0.count) }?.count
    }

    private func isEnd(_ text: [UInt8], _ index: Int) -> Bool {
        index >= text.count || !(text[index].isASCIIAlphanumeric || text[index].isBeyondASCII)
    }

    private enum Link { case sign, verb, none }

    /// What the word names.
    private func value(_ text: [UInt8], behind end: Int) -> Range<Int>? {
        var index = skipped(text, end)
        var link = Link.none
        if let verb = Self.verbs.first(where: {
            begins(text, at: index, with: $0) && self.isEnd(text, index + $0.count)
        }) {
            link = .verb
            index = skipped(text, index + verb.count)
        }
        // `"password":"…"` of JSON has a quote before the colon.
        if link == .none, index < text.count, text[index] == 0x22 { index = skipped(text, index + 1) }
        while index < text.count, text[index] == UInt8(ascii: ":") || text[index] == UInt8(ascii: "=") {
            link = .sign
            index = skipped(text, index + 1)
        }
        guard index > end else { return nil }
        let (value, isQuoted) = self.valueRange(text, from: index, atMost: link == .sign ? .max : Self.unannouncedBytes)
        guard let value else { return nil }
        let isNamed: Bool
        switch link {
        case .sign: isNamed = value.count >= (isQuoted ? 1 : 3)
        case .verb: isNamed = isQuoted || (value.count >= 3 && !isMereWord(text[value]))
        case .none: isNamed = value.count >= 6 && hasLettersAndDigits(text[value])
        }
        return isNamed ? value : nil
    }

    /// The value without the quotes around it, or up to the next white space.
    private func valueRange(_ text: [UInt8], from start: Int, atMost bytes: Int) -> (Range<Int>?, isQuoted: Bool) {
        guard start < text.count else { return (nil, false) }
        if let (_, close) = Self.quotes.first(where: { $0.0 == text[start] }) {
            let inside = text[(start + 1)...].prefix(Self.quotedBytes).prefix { $0 != close }
            if inside.endIndex < text.count, text[inside.endIndex] == close, !inside.isEmpty {
                return (inside.startIndex..<inside.endIndex, true)
            }
        }
        let value = text[start...].prefix(bytes).prefix { !$0.isWhiteSpace }
        return (value.isEmpty ? nil : value.startIndex..<value.endIndex, false)
    }
}

private func begins(_ text: [UInt8], at index: Int, with word: [UInt8]) -> Bool {
    guard index + word.count <= text.count else { return false }
    for offset in word.indices where text[index + offset].folded != word[offset].folded { return false }
    return true
}

private func skipped(_ text: [UInt8], _ index: Int) -> Int {
    var index = index
    while index < text.count, text[index].isWhiteSpace { index += 1 }
    return index
}

/// Whether it is letters, with nothing but punctuation of a sentence behind them.
private func isMereWord(_ value: ArraySlice<UInt8>) -> Bool {
    let rest = value.drop { $0.isASCIILetter || $0.isBeyondASCII || $0 == UInt8(ascii: "'") || $0 == UInt8(ascii: "-") }
    return rest.allSatisfy { ".,;:!?)".utf8.contains($0) }
}

private func hasLettersAndDigits(_ value: ArraySlice<UInt8>) -> Bool {
    value.contains { $0.isASCIIDigit } && value.contains { $0.isASCIILetter || $0.isBeyondASCII }
}
