internal import Indexing

internal import FoundationEssentials

/// Which stems a text has, as sorted numbers of four bytes: to know how much of a question a section has without cutting
/// its text into words again.
///
/// Two stems have one number once in four billion pairs, which moves a section a little.
struct StemSet {
    let data: Data

    /// From what the index has.
    init(_ data: Data) { self.data = data }

    init(_ numbers: some Sequence<UInt32>) {
        var data = Data()
        for number in Set(numbers).sorted() { withUnsafeBytes(of: number.littleEndian) { data.append(contentsOf: $0) } }
        self.data = data
    }

    static func number(_ stem: String) -> UInt32 { UInt32(truncatingIfNeeded: Digest.of(stem.utf8)) }

    func contains(_ number: UInt32) -> Bool {
        self.data.withUnsafeBytes { bytes in
            var (low, high) = (0, bytes.count / 4)
            while low < high {
                let middle = (low + high) / 2
                let value = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: middle * 4, as: UInt32.self))
                if value == number { return true }
                if value < number { low = middle + 1 } else { high = middle }
            }
            return false
        }
    }
}
