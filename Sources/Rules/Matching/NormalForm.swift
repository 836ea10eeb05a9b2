internal import Foundation

/// `text` in Unicode's normal form C, where é is always one character.
///
/// Most messages are in it already and are given back as they are.
func normalized(_ text: String) -> String {
    var text = text
    return text.withUTF8 { bytes in
        switch normalForm(of: bytes) {
        case .composed: nil
        case .withSigns: replacingSigns(in: bytes)
        case .unknown: String(decoding: bytes, as: UTF8.self).precomposedStringWithCanonicalMapping
        }
    } ?? text
}

/// What is known about the normal form of a text after a look at each character.
enum NormalForm {
    /// Form C: every character keeps its form, whatever stands beside it.
    case composed
    /// The same but for the signs K (U+212A), Å (U+212B) and Ω (U+2126), which become letters.
    case withSigns
    case unknown
}

/// Knows everything below U+0300, the letters of Greek, Cyrillic, Armenian, Hebrew, Arabic, Vietnamese, Chinese, Japanese
/// and Korean without separate marks, the usual punctuation, symbols and emoji.
func normalForm(of bytes: UnsafeBufferPointer<UInt8>) -> NormalForm {
    var index = skipASCII(bytes, from: 0)
    var form = NormalForm.composed
    while index < bytes.count {
        // Continuation bytes and the first bytes of U+0000 to U+02FF.
        if bytes[index] >= 0xCC {
            let second = index + 1 < bytes.count ? bytes[index + 1] : 0
            let third = index + 2 < bytes.count ? bytes[index + 2] : 0
            if isSign(bytes[index], second, third) {
                form = .withSigns
            } else if !isInert(bytes[index], second, third) {
                return .unknown
            }
        }
        index += 1
    }
    return form
}

/// The index of the first byte from `start` on that isn't ASCII, or one of the seven before it.
@inline(__always)
func skipASCII(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    let raw = UnsafeRawBufferPointer(bytes)
    var index = start
    while index + 8 <= raw.count,
        raw.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
    { index += 8 }
    while index < raw.count, raw[index] < 0x80 { index += 1 }
    return index
}

@inline(__always)
private func isSign(_ first: UInt8, _ second: UInt8, _ third: UInt8) -> Bool {
    first == 0xE2 && second == 0x84 && (third == 0xAA || third == 0xAB || third == 0xA6)
}

private func replacingSigns(in bytes: UnsafeBufferPointer<UInt8>) -> String {
    String(unsafeUninitializedCapacity: bytes.count) { composed in
        var written = 0
        var index = 0
        func write(_ byte: UInt8) {
            composed[written] = byte
            written += 1
        }
        while index < bytes.count {
            if index + 2 < bytes.count, isSign(bytes[index], bytes[index + 1], bytes[index + 2]) {
                switch bytes[index + 2] {
                case 0xAA: write(UInt8(ascii: "K"))
                case 0xAB: for byte in "Å".utf8 { write(byte) }
                default: for byte in "Ω".utf8 { write(byte) }
                }
                index += 3
            } else {
                write(bytes[index])
                index += 1
            }
        }
        return written
    }
}

/// Whether the character that starts with these bytes never changes and never joins the one before it.
private func isInert(_ first: UInt8, _ second: UInt8, _ third: UInt8) -> Bool {
    switch first {
    // Greek, but for U+0374, U+037E and U+0387, which are other ways to write signs; Cyrillic, but for its marks.
    case 0xCD: second >= 0xB0 && second != 0xB4 && second != 0xBE
    case 0xCE: second != 0x87
    case 0xCF, 0xD0, 0xD1, 0xD3, 0xD4, 0xD5: true
    case 0xD2: second >= 0x88
    // Hebrew and Arabic letters.
    case 0xD7: second >= 0x90
    case 0xD8: second >= 0xA0
    case 0xD9: second < 0x8B || second > 0xB0 || (0xA0...0xAF).contains(second)
    case 0xDA: true
    case 0xDB: second < 0x96
    case 0xE1...0xED: isInertOfThree(first, second, third)
    // The emoji variation selector, U+FE0F.
    case 0xEF: second == 0xB8 && third == 0x8F
    // U+1F000 to U+1FFFF.
    case 0xF0: second == 0x9F
    default: false
    }
}

/// The same for characters of three bytes.
private func isInertOfThree(_ first: UInt8, _ second: UInt8, _ third: UInt8) -> Bool {
    switch (first, second) {
    // Latin with two marks, as in Vietnamese.
    case (0xE1, 0xB8...0xBB): true
    // Dashes and quotes; not the two spaces U+2000 and U+2001.
    case (0xE2, 0x80): third >= 0x82
    // Currencies, arrows, boxes, symbols and dingbats.
    case (0xE2, 0x82), (0xE2, 0x86), (0xE2, 0x87), (0xE2, 0x94...0x9E): true
    // Japanese without separate marks of sound.
    case (0xE3, 0x80): third < 0xAA
    case (0xE3, 0x81), (0xE3, 0x83): true
    case (0xE3, 0x82): third != 0x99 && third != 0x9A
    // Chinese, and Korean syllables.
    case (0xE4...0xE9, _): true
    case (0xEA, 0xB0...), (0xEB...0xEC, _): true
    case (0xED, 0x80...0x9D): true
    default: false
    }
}
