/// What has the form of a secret, whatever stands around it: offsets of bytes, ascending and apart.
///
/// Everything takes time in proportion to the length of the text.
package enum SecretForms {
    /// Beginnings of tokens that services give out, and how many more characters make one.
    private static let prefixes: [(text: [UInt8], length: Int)] = [
        ("sk-", 20), ("sk_live_", 16), ("sk_test_", 16), ("rk_live_", 16), ("pk_live_", 16), ("whsec_", 16),
        ("ghp_", 30), ("gho_", 30), ("ghu_", 30), ("ghs_", 30), ("ghr_", 30), ("github_pat_", 30), ("glpat-", 16),
        ("xoxb-", 16), ("xoxp-", 16), ("xoxa-", 16), ("xoxr-", 16), ("xoxs-", 16), ("AKIA", 16), ("ASIA", 16),
        ("AIza", 30), ("ya29.", 20), ("npm_", 30), ("pypi-", 30), ("hf_", 30), ("SG.", 30),
    ].map { (Array($0.0.utf8), $0.1) }
    /// No token is shorter.
    private static let minimumLength = 20
    private static let webToken = Array("eyJ".utf8)

    /// Tokens that are known by their beginnings, and those of JWT.
    package static func tokens(in text: [UInt8]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        self.words(in: text, atLeast: self.minimumLength, of: self.isToken) { word in
            if self.isToken(text[word]) { found.append(word) }
        }
        return found
    }

    private static func isToken(_ word: ArraySlice<UInt8>) -> Bool {
        if word.starts(with: self.webToken) { return word.count(where: { $0 == UInt8(ascii: ".") }) >= 2 }
        return self.prefixes.contains { word.starts(with: $0.text) && word.count >= $0.text.count + $0.length }
    }

    private static func isToken(_ byte: UInt8) -> Bool {
        byte.isAlphanumeric || byte == 0x5F || byte == 0x2D || byte == 0x2E
    }

    /// Names every longest row of bytes of a kind that is long enough.
    package static func words(
        in text: [UInt8],
        atLeast length: Int,
        of isPart: (UInt8) -> Bool,
        _ body: (Range<Int>) -> Void
    ) {
        var start = 0
        while start < text.count {
            var end = start
            while end < text.count, isPart(text[end]) { end += 1 }
            if end - start >= length { body(start..<end) }
            start = end + 1
        }
    }

    /// Names and passwords in addresses: `https://name:password@host`.
    package static func addressPasswords(in text: [UInt8]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var index = 0
        while index + 3 < text.count {
            defer { index += 1 }
            guard text[index] == 0x3A, text[index + 1] == 0x2F, text[index + 2] == 0x2F else { continue }
            let start = index + 3
            let authority = text[start...].prefix(300).prefix {
                $0 != 0x20 && !(0x09...0x0D ~= $0) && $0 != UInt8(ascii: "/")
            }
            guard let at = authority.lastIndex(of: UInt8(ascii: "@")), at > start,
                text[start..<at].contains(UInt8(ascii: ":"))
            else { continue }
            found.append(start..<at)
        }
        return found
    }

    /// Private keys in PEM, up to their end or that of the text.
    package static func privateKeys(in text: [UInt8]) -> [Range<Int>] {
        let (begin, end, name) = (Array("-----BEGIN ".utf8), Array("-----END ".utf8), Array("PRIVATE KEY-----".utf8))
        var found: [Range<Int>] = []
        var index = 0
        while index + begin.count <= text.count {
            guard text[index] == begin[0], text[index...].starts(with: begin),
                text[index...].prefix(60).firstRange(of: name) != nil
            else {
                index += 1
                continue
            }
            let start = index
            while index < text.count, text[index] != end[0] || !text[index...].starts(with: end) { index += 1 }
            // What follows belongs to the line of the end.
            while index < text.count, text[index] != 0x0A { index += 1 }
            found.append(start..<index)
        }
        return found
    }

    /// Ranges in ascending order, those that overlap as one.
    package static func joined(_ ranges: [Range<Int>]) -> [Range<Int>] {
        var joined: [Range<Int>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            guard let last = joined.last, range.lowerBound < last.upperBound else {
                joined.append(range)
                continue
            }
            joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
        }
        return joined
    }
}

extension UInt8 {
    fileprivate var isAlphanumeric: Bool {
        0x30...0x39 ~= self || 0x41...0x5A ~= self || 0x61...0x7A ~= self
    }
}
