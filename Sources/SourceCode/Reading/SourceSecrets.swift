internal import Secrets

/// Takes values out of source code that look like secrets.
enum SourceSecrets {
    private static let replacement = Array("[removed]".utf8)
    /// How long a word is at least that nobody would have thought of.
    private static let randomLength = 24
    /// Names, in lower case and without what joins words, whose literal is a secret.
    private static let names = [
        "password", "passwd", "passphrase", "pwd", "secret", "apikey", "accesskey", "privatekey", "secretkey",
        "authtoken", "accesstoken", "token", "authkey", "credential",
    ].map { Array($0.utf8) }

    /// The text with `[removed]` in place of secrets; lines stay where they are.
    static func removed(from text: [UInt8]) -> [UInt8] {
        let ranges = SecretForms.joined(
            SecretForms.tokens(in: text) + SecretForms.privateKeys(in: text) + SecretForms.addressPasswords(in: text)
                + self.randomWords(in: text) + self.assignedLiterals(in: text)
        )
        guard !ranges.isEmpty else { return text }
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = 0
        for range in ranges {
            result += text[index..<range.lowerBound] + self.replacement
            // What is removed over several lines still has as many.
            result += text[range].lazy.filter { $0 == 0x0A }
            index = range.upperBound
        }
        return result + text[index...]
    }

    // MARK: Words without meaning

    private static func randomWords(in text: [UInt8]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        SecretForms.words(in: text, atLeast: self.randomLength, of: self.isEncoded) { word in
            if self.isRandom(text[word]) { found.append(word) }
        }
        return found
    }

    /// Of Base64 in either form.
    private static func isEncoded(_ byte: UInt8) -> Bool {
        byte.isLetter || byte.isDigit || byte == 0x2B || byte == 0x2F || byte == 0x2D || byte == 0x5F || byte == 0x3D
    }

    /// Whether letters and digits take turns as they do in no name: thrice in ten places and more, or a long row of
    /// hexadecimal digits.
    private static func isRandom(_ word: ArraySlice<UInt8>) -> Bool {
        var (changes, digits, letters, upper, lower) = (0, 0, 0, 0, 0)
        var last = 0
        var isHexadecimal = true
        for byte in word {
            let kind: Int
            if byte.isDigit {
                kind = 1
                digits += 1
            } else if byte.isLetter {
                letters += 1
                isHexadecimal = isHexadecimal && 0x61...0x66 ~= byte | 0x20
                kind = byte & 0x20 == 0 ? 2 : 3
                if kind == 2 { upper += 1 } else { lower += 1 }
            } else {
                // Names are joined by these: a change to one and back says nothing.
                continue
            }
            if last != 0, kind != last { changes += 1 }
            last = kind
        }
        if isHexadecimal { return word.count >= 32 && digits >= 4 && letters >= 4 && (upper == 0 || lower == 0) }
        return digits >= 2 && upper >= 3 && lower >= 3 && changes * 10 >= (digits + letters) * 4
    }

    // MARK: Literals that a name says are secret

    /// What stands in quotes behind a name that says so: `api_key = "…"`, `"password": "…"`.
    private static func assignedLiterals(in text: [UInt8]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var index = 0
        while index < text.count {
            guard text[index] == UInt8(ascii: "=") || text[index] == UInt8(ascii: ":") else {
                index += 1
                continue
            }
            let (start, end) = self.literal(text, behind: index)
            if start < end, self.isSecretName(text, before: index), self.isValue(text[start..<end]) {
                found.append(start..<end)
            }
            index = max(index + 1, start < end ? end : index)
        }
        return found
    }

    /// The inside of the literal that follows `=`, `:`, `:=`, `=>` or `==`.
    private static func literal(_ text: [UInt8], behind sign: Int) -> (Int, Int) {
        var index = sign + 1
        while index < text.count, index < sign + 16, text[index] == 0x20 || text[index] == 0x3D || text[index] == 0x3E {
            index += 1
        }
        guard index < text.count, text[index] == 0x22 || text[index] == 0x27 || text[index] == 0x60 else {
            return (0, 0)
        }
        let inside = text[(index + 1)...].prefix(512).prefix { $0 != text[index] && $0 != 0x0A }
        guard inside.endIndex < text.count, text[inside.endIndex] == text[index] else { return (0, 0) }
        return (inside.startIndex, inside.endIndex)
    }

    /// Whether the name that ends before a sign ends with one of ``names``.
    private static func isSecretName(_ text: [UInt8], before sign: Int) -> Bool {
        var name: [UInt8] = []
        var index = sign - 1
        while index >= 0, sign - index <= 64, name.count < 16 {
            let byte = text[index]
            if byte.isLetter || byte.isDigit {
                name.append(byte.lowercased)
            } else if !(byte == 0x5F || byte == 0x2D || name.isEmpty && [0x20, 0x22, 0x27, 0x5D].contains(byte)) {
                break
            }
            index -= 1
        }
        while name.first?.isDigit == true { name.removeFirst() }
        return self.names.contains { name.starts(with: $0.reversed()) }
    }

    /// Whether a literal can be a secret, and is no sentence, no place for one and no variable.
    private static func isValue(_ literal: ArraySlice<UInt8>) -> Bool {
        guard literal.count >= 4, let first = literal.first else { return false }
        return !literal.contains { $0.isSpace } && ![0x24, 0x7B, 0x3C, 0x25].contains(first)
            && !(literal.contains(0x5C) && literal.contains(0x28))
    }
}
