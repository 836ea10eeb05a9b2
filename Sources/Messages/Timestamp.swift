/// A moment, in whole milliseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Hashable, Sendable, Comparable {
    public var milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }
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
