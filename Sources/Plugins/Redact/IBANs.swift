/// International bank account numbers: of the length that their country has, with the right check digits (ISO 13616-1).
///
/// They may be written in groups, in upper or lower case.
enum IBANs {
    /// How long the numbers of each country are, by the IBAN registry.
    private static let lengths: [String: Int] = [
        "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29,
        "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
        "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
        "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
        "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20,
        "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
        "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
        "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
    ]

    static func ranges(in text: [UInt8]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var index = 0
        while index + 4 <= text.count {
            let isStart = index == 0 || !(text[index - 1].isASCIIAlphanumeric || text[index - 1].isBeyondASCII)
            if isStart, text[index].isASCIILetter, text[index + 1].isASCIILetter, let end = self.end(text, from: index)
            {
                found.append(index..<end)
                index = end
            } else {
                index += 1
            }
        }
        return found
    }

    /// Where the number ends that begins at a place; nothing where none does.
    private static func end(_ text: [UInt8], from start: Int) -> Int? {
        let country = String(decoding: text[start..<start + 2].map { $0.folded & ~0x20 }, as: UTF8.self)
        guard let length = self.lengths[country] else { return nil }
        var characters: [UInt8] = []
        var index = start
        while characters.count < length {
            if index < text.count, text[index].isASCIIAlphanumeric {
                characters.append(text[index])
                index += 1
            } else if let skipped = separatorLength(text, at: index), index + skipped < text.count,
                text[index + skipped].isASCIIAlphanumeric
            {
                index += skipped
            } else {
                return nil
            }
        }
        let isEnd = index == text.count || !text[index].isASCIIAlphanumeric
        return isEnd && self.isChecked(characters) ? index : nil
    }

    /// ISO/IEC 7064, MOD 97-10: the first four behind the others, letters as 10 to 35.
    private static func isChecked(_ characters: [UInt8]) -> Bool {
        guard characters[2].isASCIIDigit, characters[3].isASCIIDigit else { return false }
        var rest = 0
        for character in characters[4...] + characters[..<4] {
            let value = character.isASCIIDigit ? Int(character) - 0x30 : Int(character.folded) - 0x61 + 10
            rest = (rest * (value > 9 ? 100 : 10) + value) % 97
        }
        return rest == 1
    }
}
