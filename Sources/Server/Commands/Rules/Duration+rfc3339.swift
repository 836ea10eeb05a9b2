extension Duration {
    /// A moment as in RFC 3339, `2026-11-24T05:29:13.123Z` or with an offset, `+01:00`; since 1970, in milliseconds.
    ///
    /// - Parameter text: Digits behind the third one of a fraction are dropped. Nothing comes of any other text.
    init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[13] == UInt8(ascii: ":"),
            let year = number(bytes[0..<4]), let month = number(bytes[5..<7]), let day = number(bytes[8..<10]),
            let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]), let second = number(bytes[17..<19]),
            (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        var rest = bytes[19...]
        var milliseconds = 0
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard let fraction = number(digits.prefix(3)) else { return nil }
            milliseconds = fraction * [1, 100, 10, 1][min(3, digits.count)]
            rest = bytes[digits.endIndex...]
        }
        guard let offset = minutesOfOffset(rest) else { return nil }
        let days = daysSince1970(year: year, month: month, day: day)
        let seconds = (days * 24 + hour) * 3_600 + (minute - offset) * 60 + second
        self = .milliseconds(seconds * 1_000 + milliseconds)
    }
}

private func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard !digits.isEmpty else { return nil }
    var number = 0
    for digit in digits {
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
        number = number * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return number
}

/// `Z`, or hours and minutes ahead of UTC, `-05:30`.
private func minutesOfOffset(_ text: ArraySlice<UInt8>) -> Int? {
    guard let sign = text.first else { return nil }
    if sign == UInt8(ascii: "Z") || sign == UInt8(ascii: "z") { return text.count == 1 ? 0 : nil }
    guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), text.count == 6,
        let hours = number(text.dropFirst().prefix(2)), let minutes = number(text.suffix(2))
    else { return nil }
    return (sign == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
}

/// Days of the proleptic Gregorian calendar; years are counted from March, so that the leap day ends one.
private func daysSince1970(year: Int, month: Int, day: Int) -> Int {
    let (year, month) = month > 2 ? (year, month - 3) : (year - 1, month + 9)
    return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468
}
