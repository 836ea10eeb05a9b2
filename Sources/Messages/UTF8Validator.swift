/// Checks UTF-8 (RFC 3629 section 4) piece by piece, at the first byte that can't be right.
///
/// A value: one byte of state and two bounds, so that a connection carries it at no cost.
public struct UTF8Validator: Hashable, Sendable {
    /// Continuation bytes that are still missing.
    private var missing: UInt8 = 0
    /// The bounds of the next continuation byte; narrower than 80...BF after E0, ED, F0 and F4.
    private var lower: UInt8 = 0x80
    private var upper: UInt8 = 0xBF

    public init() {}

    /// Whether the bytes so far end with a whole character.
    public var isComplete: Bool { self.missing == 0 }

    /// Takes the next bytes.
    ///
    /// - Returns: Whether they are still the beginning of a valid text.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < bytes.count {
            if self.missing == 0 {
                index = endOfASCII(bytes, from: index)
                guard index < bytes.count else { return true }
                guard self.begin(bytes[index]) else { return false }
            } else {
                guard self.lower...self.upper ~= bytes[index] else { return false }
                self.missing -= 1
                (self.lower, self.upper) = (0x80, 0xBF)
            }
            index += 1
        }
        return true
    }

    /// Takes the first byte of a character beyond ASCII.
    private mutating func begin(_ byte: UInt8) -> Bool {
        switch byte {
        case 0xC2...0xDF: self.missing = 1
        case 0xE0: (self.missing, self.lower) = (2, 0xA0)
        case 0xE1...0xEC, 0xEE...0xEF: self.missing = 2
        case 0xED: (self.missing, self.upper) = (2, 0x9F)
        case 0xF0: (self.missing, self.lower) = (3, 0x90)
        case 0xF1...0xF3: self.missing = 3
        case 0xF4: (self.missing, self.upper) = (3, 0x8F)
        default: return false
        }
        return true
    }

    /// Whether `bytes` is one whole text.
    public static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var validator = UTF8Validator()
        return validator.append(bytes) && validator.isComplete
    }
}

/// The index of the first byte at or after `start` that isn't ASCII.
///
/// Eight bytes at a time.
private func endOfASCII(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
    var index = start
    while index + 8 <= bytes.count,
        bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
    {
        index += 8
    }
    while index < bytes.count, bytes[index] < 0x80 { index += 1 }
    return index
}
