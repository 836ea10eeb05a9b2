/// What ``Redact`` finds by itself.
public enum SecretKind: String, Sendable, CaseIterable, Decodable {
    case card, iban, password, email, token

    /// What is shown in its place.
    var words: String {
        switch self {
        case .card: "card number"
        case .iban: "IBAN"
        case .password: "password"
        case .email: "e-mail address"
        case .token: "token"
        }
    }

    /// Where such things stand in a text: offsets of its UTF-8, ascending and apart.
    ///
    /// Takes time in proportion to the length of the text.
    func ranges(in text: [UInt8]) -> [Range<Int>] {
        switch self {
        case .card: CardNumbers.ranges(in: text)
        case .iban: IBANs.ranges(in: text)
        case .password: Credentials.passwords(in: text)
        case .email: MailAddresses.ranges(in: text)
        case .token: Credentials.tokens(in: text)
        }
    }
}

extension UInt8 {
    var isASCIIDigit: Bool { 0x30...0x39 ~= self }
    var isASCIILetter: Bool { 0x41...0x5A ~= self || 0x61...0x7A ~= self }
    var isASCIIAlphanumeric: Bool { self.isASCIIDigit || self.isASCIILetter }
    /// A part of a character beyond ASCII.
    var isBeyondASCII: Bool { self >= 0x80 }
    /// Lower case, of letters of ASCII.
    var folded: UInt8 { 0x41...0x5A ~= self ? self | 0x20 : self }
    var isWhiteSpace: Bool { self == 0x20 || 0x09...0x0D ~= self }
}

/// The length of one thing between the groups of a number: a space of whatever width, a hyphen, a full stop; nothing where
/// there is none.
func separatorLength(_ text: [UInt8], at index: Int) -> Int? {
    guard index < text.count else { return nil }
    if text[index] == 0x20 || text[index] == 0x2D || text[index] == 0x2E { return 1 }
    if text[index...].starts(with: [0xC2, 0xA0]) { return 2 }
    // U+2000 to U+2015, U+202F: spaces and hyphens.
    guard text[index] == 0xE2, index + 2 < text.count, text[index + 1] == 0x80 else { return nil }
    return 0x80...0x95 ~= text[index + 2] || text[index + 2] == 0xAF ? 3 : nil
}
