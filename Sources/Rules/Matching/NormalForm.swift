internal import Foundation

/// `text` in Unicode's normal form C, where é is always one character.
///
/// Most messages are in it already and are given back as they are.
func normalized(_ text: String) -> String {
    var text = text
    if text.withUTF8(isPlainlyNormalized) { return text }
    return text.precomposedStringWithCanonicalMapping
}

/// Whether the bytes are in normal form C for certain: every character keeps its form, whatever stands beside it.
///
/// Knows everything below U+0300, Greek and Cyrillic letters, the usual punctuation, symbols and emoji; for other
/// characters the answer is no.
func isPlainlyNormalized(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    var index = 0
    while index < bytes.count {
        // Continuation bytes and the first bytes of U+0000 to U+02FF.
        if bytes[index] >= 0xCC {
            let second = index + 1 < bytes.count ? bytes[index + 1] : 0
            let third = index + 2 < bytes.count ? bytes[index + 2] : 0
            guard isInert(bytes[index], second, third) else { return false }
        }
        index += 1
    }
    return true
}

/// Whether the character that starts with these bytes never changes and never joins the one before it.
private func isInert(_ first: UInt8, _ second: UInt8, _ third: UInt8) -> Bool {
    switch first {
    // Greek, but for U+0387, which is another way to write the middle dot; Cyrillic up to U+047F.
    case 0xCE: second != 0x87
    case 0xCF, 0xD0, 0xD1: true
    case 0xE2:
        switch second {
        // Dashes and quotes; not the two spaces U+2000 and U+2001.
        case 0x80: third >= 0x82
        // Currencies, arrows, boxes, symbols and dingbats.
        case 0x82, 0x86, 0x87, 0x94...0x9E: true
        default: false
        }
    // The emoji variation selector, U+FE0F.
    case 0xEF: second == 0xB8 && third == 0x8F
    // U+1F000 to U+1FFFF.
    case 0xF0: second == 0x9F
    default: false
    }
}
