/// A moment, in whole milliseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Hashable, Sendable, Comparable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }
}

extension Timestamp {
    /// Reads a moment as ``description`` and JavaScript's `toISOString` write it: RFC 3339 in UTC, with or without a
    /// fraction of a second, of which three digits count.
    ///
    /// It is nothing where the text has another form, or names a day or a time that there isn't; a leap second isn't one.
    ///
    /// - Parameter text: Such as `2026-11-24T05:29:13.123Z`.
    public init?(_ text: String) {
        var text = text
        let read = text.withUTF8 { bytes -> Int64? in
            guard (20...Self.longestBytes).contains(bytes.count), bytes[bytes.count - 1] == UInt8(ascii: "Z") else {
                return nil
            }
            func number(_ start: Int, _ count: Int) -> Int? {
                var value = 0
                for byte in bytes[start..<start + count] {
                    guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                    value = value * 10 + Int(byte - UInt8(ascii: "0"))
                }
                return value
            }
            for (place, mark) in [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")] as [(Int, Unicode.Scalar)]
            where bytes[place] != UInt8(ascii: mark) { return nil }
            guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2), let hour = number(11, 2),
                let minute = number(14, 2), let second = number(17, 2), hour < 24, minute < 60, second < 60,
                (1...12).contains(month), day >= 1
            else { return nil }
            var milliseconds = 0
            if bytes.count > 20 {
                let digits = bytes.count - 21
                guard bytes[19] == UInt8(ascii: "."), digits > 0, number(20, digits) != nil else { return nil }
                for place in 0..<3 {
                    milliseconds = milliseconds * 10 + (place < digits ? number(20 + place, 1) ?? 0 : 0)
                }
            }
            let days = dayNumber(year: year, month: month, day: day)
            // The thirtieth of February is another day.
            guard civilDate(days: days) == (year, month, day) else { return nil }
            return (days * 86_400 + Int64(hour * 3_600 + minute * 60 + second)) * 1_000 + Int64(milliseconds)
        }
        guard let read else { return nil }
        self.milliseconds = read
    }

    /// With nanoseconds, which no clock of a page has.
    private static let longestBytes = 30
}

extension Timestamp: CustomStringConvertible {
    /// The moment as in RFC 3339, in UTC with milliseconds, such as `2026-11-24T05:29:13.123Z`.
    ///
    /// 24 characters, for the years 0 through 9999.
    public var description: String {
        String(unsafeUninitializedCapacity: Self.descriptionBytes) { bytes in
            self.write(to: bytes)
            return Self.descriptionBytes
        }
    }

    static let descriptionBytes = 24

    /// Writes the 24 characters of ``description``.
    func write(to bytes: UnsafeMutableBufferPointer<UInt8>) {
        let seconds = floorDivide(self.milliseconds, 1_000)
        let days = floorDivide(seconds, 86_400)
        let date = civilDate(days: days)
        let secondOfDay = Int(seconds - days * 86_400)
        var index = 0
        func digits(_ value: Int, _ count: Int, then separator: UInt8) {
            var rest = value
            for place in stride(from: index + count - 1, through: index, by: -1) {
                bytes[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            bytes[index + count] = separator
            index += count + 1
        }
        digits(date.year, 4, then: UInt8(ascii: "-"))
        digits(date.month, 2, then: UInt8(ascii: "-"))
        digits(date.day, 2, then: UInt8(ascii: "T"))
        digits(secondOfDay / 3_600, 2, then: UInt8(ascii: ":"))
        digits(secondOfDay / 60 % 60, 2, then: UInt8(ascii: ":"))
        digits(secondOfDay % 60, 2, then: UInt8(ascii: "."))
        digits(Int(self.milliseconds - seconds * 1_000), 3, then: UInt8(ascii: "Z"))
    }
}

/// The quotient rounded down, so that moments before 1970 have a positive remainder.
private func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
    let quotient = value / divisor
    return value % divisor < 0 ? quotient - 1 : quotient
}

/// The date of a day counted from 1970-01-01 in the proleptic Gregorian calendar.
///
/// Years are counted from March, so that the leap day is the last day of a year and the lengths of the months before it
/// follow one line: 153 days for each five months.
private func civilDate(days: Int64) -> (year: Int, month: Int, day: Int) {
    let daysFromMarchOfYear0 = days + 719_468
    let era = floorDivide(daysFromMarchOfYear0, 146_097)
    let dayOfEra = Int(daysFromMarchOfYear0 - era * 146_097)
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    let year = Int(era) * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
}

/// The number of a day from 1970-01-01 on: the way back from ``civilDate(days:)``.
///
/// - Parameters:
///   - year: 0 or later.
///   - month: 1 through 12.
///   - day: Of the month; one that the month doesn't have is a day of the next.
/// - Returns: The days since then.
private func dayNumber(year: Int, month: Int, day: Int) -> Int64 {
    let year = Int64(month <= 2 ? year - 1 : year)
    let era = floorDivide(year, 400)
    let yearOfEra = year - era * 400
    let dayOfYear = Int64((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1)
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}
