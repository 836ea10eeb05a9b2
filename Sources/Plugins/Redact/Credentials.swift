/// Passwords and tokens: what stands behind a word that names them, and what has a form that nothing else has.
enum Credentials {
    /// What a password is called, in lower case of ASCII.
    private static let passwordWords = [
        "password", "passwort", "kennwort", "passcode", "passphrase", "passwd", "pwd", "pw", "mot de passe",
        "contraseña", "contraseÑa", "contrasena", "clave", "senha", "كلمة المرور", "كلمة السر",
    ]
    private static let tokenWords = [
        "api key", "api-key", "api_key", "apikey", "access token", "access_token", "auth token", "refresh_token",
        "client secret", "client_secret", "secret key", "secret_key", "private key", "bearer", "token",
    ]
    /// Beginnings of tokens that services give out, and how many more characters make one.
    private static let prefixes: [(text: String, length: Int)] = [
        ("sk-", 20), ("sk_live_", 16), ("sk_test_", 16), ("rk_live_", 16), ("pk_live_", 16), ("whsec_", 16),
        ("ghp_", 30), ("gho_", 30), ("ghu_", 30), ("ghs_", 30), ("ghr_", 30), ("github_pat_", 30), ("glpat-", 16),
        ("xoxb-", 16), ("xoxp-", 16), ("xoxa-", 16), ("xoxr-", 16), ("xoxs-", 16), ("AKIA", 16), ("ASIA", 16),
        ("AIza", 30), ("ya29.", 20), ("npm_", 30), ("pypi-", 30), ("hf_", 30), ("SG.", 30),
    ]

    private static let passwordBytes = Self.passwordWords.map { Array($0.utf8) }
    private static let tokenBytes = Self.tokenWords.map { Array($0.utf8) }
    private static let prefixBytes = Self.prefixes.map { (Array($0.text.utf8), $0.length) }

    static func passwords(in text: [UInt8]) -> [Range<Int>] {
        joined(NamedSecrets(words: self.passwordBytes).ranges(in: text) + self.addresses(in: text))
    }

    static func tokens(in text: [UInt8]) -> [Range<Int>] {
        var found = NamedSecrets(words: self.tokenBytes).ranges(in: text) + self.privateKeys(in: text)
        var index = 0
        while index < text.count {
            guard let end = self.tokenEnd(text, from: index) else {
                index += 1
                continue
            }
            found.append(index..<end)
            index = end
        }
        return joined(found)
    }

    /// Ranges in ascending order, those that overlap as one.
    private static func joined(_ ranges: [Range<Int>]) -> [Range<Int>] {
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

    private static func isToken(_ byte: UInt8) -> Bool { byte.isASCIIAlphanumeric || "_-.".utf8.contains(byte) }

    /// Where the token ends that begins at a place; nothing where none does.
    private static func tokenEnd(_ text: [UInt8], from start: Int) -> Int? {
        guard start == 0 || !self.isToken(text[start - 1]) else { return nil }
        let rest = text[start...]
        let isJWT = rest.starts(with: [0x65, 0x79, 0x4A])
        let length = isJWT ? 20 : self.prefixBytes.first { rest.starts(with: $0.0) }.map { $0.0.count + $0.1 }
        guard let length else { return nil }
        let token = rest.prefix { self.isToken($0) }
        guard token.count >= length, !isJWT || token.count(where: { $0 == UInt8(ascii: ".") }) >= 2 else { return nil }
        return token.endIndex
    }

    /// Names and passwords in addresses: `https://name:password@host`.
    private static func addresses(in text: [UInt8]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var index = 0
        while index + 3 < text.count {
            defer { index += 1 }
            guard text[index...].starts(with: [0x3A, 0x2F, 0x2F]) else { continue }
            let start = index + 3
            let authority = text[start...].prefix(300).prefix { !$0.isWhiteSpace && $0 != UInt8(ascii: "/") }
            guard let at = authority.lastIndex(of: UInt8(ascii: "@")), at > start,
                text[start..<at].contains(UInt8(ascii: ":"))
            else { continue }
            found.append(start..<at)
        }
        return found
    }

    /// Private keys in PEM, up to their end or that of the text.
    private static func privateKeys(in text: [UInt8]) -> [Range<Int>] {
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
            while index < text.count, !text[index...].starts(with: end) { index += 1 }
            // What follows belongs to the line of the end.
            while index < text.count, text[index] != 0x0A { index += 1 }
            found.append(start..<index)
        }
        return found
    }
}
