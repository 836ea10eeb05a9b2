/// Three bytes in a row, as a number below 2²⁴, of text in lower case.
typealias Trigram = UInt32

/// Finds the trigrams of files one after the other.
///
/// Those over the end of a line are left out: what is searched for stands on one.
struct TrigramSet {
    /// A bit for each trigram of the file that was looked at last.
    private var seen = [UInt64](repeating: 0, count: 1 << 18)

    /// The trigrams of a text, each once, in the order in which they first come.
    mutating func trigrams(of folded: [UInt8]) -> [Trigram] {
        var found: [Trigram] = []
        var (value, length): (Trigram, Int) = (0, 0)
        for byte in folded {
            guard byte != 0x0A else {
                length = 0
                continue
            }
            value = (value << 8 | Trigram(byte)) & 0xFF_FFFF
            length += 1
            guard length >= 3 else { continue }
            let (word, bit) = (Int(value >> 6), UInt64(1) << UInt64(value & 63))
            guard self.seen[word] & bit == 0 else { continue }
            self.seen[word] |= bit
            found.append(value)
        }
        for value in found { self.seen[Int(value >> 6)] = 0 }
        return found
    }
}

/// Ascending numbers as the differences between them, each in groups of seven bits with the lowest first.
enum PostingList {
    /// Appends a number that follows `last`.
    static func append(_ number: Int64, after last: Int64, to bytes: inout [UInt8]) {
        var rest = UInt64(number - last)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Reads a list; bytes that end amidst a number end it before that.
    static func numbers(in bytes: some Sequence<UInt8>) -> [Int64] {
        var numbers: [Int64] = []
        var (last, value, shift): (Int64, UInt64, UInt64) = (0, 0, 0)
        for byte in bytes {
            value |= UInt64(byte & 0x7F) << shift
            shift += 7
            guard byte < 0x80 || shift > 56 else { continue }
            last &+= Int64(truncatingIfNeeded: value)
            numbers.append(last)
            (value, shift) = (0, 0)
        }
        return numbers
    }

    static func bytes(of numbers: some Sequence<Int64>) -> [UInt8] {
        var (bytes, last): ([UInt8], Int64) = ([], 0)
        for number in numbers {
            self.append(number, after: last, to: &bytes)
            last = number
        }
        return bytes
    }
}
