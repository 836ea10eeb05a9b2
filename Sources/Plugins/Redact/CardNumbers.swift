/// Numbers of payment cards: 13 to 19 digits, the first of them 2 to 6, with the right check digit (ISO/IEC 7812-1).
///
/// They may be written in groups, with one space, hyphen or full stop in between, and in the digits of any script.
enum CardNumbers {
    static let lengths = 13...19
    /// The first digits of those that pay.
    private static let firstDigits = 2...6

    private struct Digit {
        let value: Int
        let start: Int
        let end: Int
        /// Whether something stands between it and the digit before it.
        let beginsGroup: Bool
    }

    static func ranges(in text: [UInt8]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var run: [Digit] = []
        var index = 0
        var beginsGroup = true
        while index < text.count {
            if let (value, length) = digit(text, at: index) {
                run.append(Digit(value: value, start: index, end: index + length, beginsGroup: beginsGroup))
                beginsGroup = false
                index += length
            } else if let length = separatorLength(text, at: index), !run.isEmpty, !beginsGroup {
                beginsGroup = true
                index += length
            } else {
                self.take(&run, into: &found)
                beginsGroup = true
                index += 1
            }
        }
        self.take(&run, into: &found)
        return found
    }

    /// Looks for numbers that begin and end with a group.
    private static func take(_ run: inout [Digit], into found: inout [Range<Int>]) {
        defer { run.removeAll(keepingCapacity: true) }
        var start = 0
        while start + self.lengths.lowerBound <= run.count {
            let longest = min(self.lengths.upperBound, run.count - start)
            let length =
                !run[start].beginsGroup || !self.firstDigits.contains(run[start].value)
                ? nil
                : (self.lengths.lowerBound...longest).reversed().first { length in
                    let end = start + length
                    return (end == run.count || run[end].beginsGroup) && self.isChecked(run[start..<end])
                }
            if let length { found.append(run[start].start..<run[start + length - 1].end) }
            start += length ?? 1
        }
    }

    /// Whether the last digit fits the others: every second one from the right counts twice, by the sum of its digits.
    private static func isChecked(_ digits: ArraySlice<Digit>) -> Bool {
        var sum = 0
        for (place, digit) in digits.reversed().enumerated() {
            let weighted = place.isMultiple(of: 2) ? digit.value : 2 * digit.value
            sum += weighted > 9 ? weighted - 9 : weighted
        }
        return sum.isMultiple(of: 10)
    }

    /// The digit at a place, of whatever script, and its length in bytes.
    private static func digit(_ text: [UInt8], at index: Int) -> (value: Int, length: Int)? {
        let first = text[index]
        if first.isASCIIDigit { return (Int(first) - 0x30, 1) }
        guard first >= 0xC2 else { return nil }
        let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        guard index + length <= text.count,
            let scalar = String(decoding: text[index..<index + length], as: UTF8.self).unicodeScalars.first,
            scalar.properties.numericType == .decimal, let value = scalar.properties.numericValue
        else { return nil }
        return (Int(value), length)
    }
}
