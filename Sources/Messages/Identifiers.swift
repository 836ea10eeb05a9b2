/// Names one visitor's conversation.
///
/// 1 through 64 of `A-Z a-z 0-9 _ -`. The hub routes on this and on nothing else.
public struct SessionID: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    /// Takes an identifier that a client wrote; nothing where a character isn't allowed or the length is out of bounds.
    ///
    /// - Parameter text: What was written.
    public init?(_ text: some StringProtocol) {
        guard isIdentifier(text.utf8) else { return nil }
        self.rawValue = String(text)
    }

    public var description: String { self.rawValue }

    /// A new identifier: `s_` and 22 characters of base64url that stand for 128 random bits.
    ///
    /// - Parameter generator: Where the bits come from. Outside of tests it must be the system's generator, since in
    ///   development mode the identifier is the only key to the conversation.
    /// - Returns: The identifier.
    public static func random(using generator: inout some RandomNumberGenerator) -> SessionID {
        SessionID(unchecked: "s_" + randomBase64URL(characters: 22, using: &generator))
    }

    private init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// Where a client stands in a room: an epoch, and the number of the last durable frame that it has processed.
///
/// Numbers are comparable only within one epoch, so the two never travel apart.
public struct Position: Hashable, Sendable {
    /// The run of numbers, 1 through 48 of `a-z`, `0-9` and the dot.
    public let epoch: String
    /// 0 where nothing was processed yet.
    public let seq: Int

    /// Takes a position that a client wrote; nothing where it is none.
    public init?(epoch: some StringProtocol, seq: Int) {
        let isAllowed = epoch.utf8.allSatisfy { byte in
            isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || byte == UInt8(ascii: ".")
        }
        guard isAllowed, 1...48 ~= epoch.utf8.count, 0...Limits.largestInteger ~= seq else { return nil }
        self.epoch = String(epoch)
        self.seq = seq
    }
}

/// Whether `text` is 1 through 64 of `A-Z a-z 0-9 _ -`.
func isIdentifier(_ text: some Collection<UInt8>) -> Bool {
    1...Limits.identifierBytes ~= text.count
        && text.allSatisfy { byte in
            isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
                || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: "-")
        }
}

func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

/// Random characters of base64url, 6 bits each.
///
/// - Parameters:
///   - characters: How many.
///   - generator: Where the bits come from.
/// - Returns: The characters.
@inlinable
public func randomBase64URL(characters: Int, using generator: inout some RandomNumberGenerator) -> String {
    let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return randomText(of: characters, perNumber: 10, using: &generator) { bits in
        defer { bits >>= 6 }
        return alphabet.utf8Start[Int(bits & 63)]
    }
}

/// Random characters of `0-9 a-z`, fit for an epoch, and not for what must stay secret: some are rarer by 2^-27.
///
/// - Parameters:
///   - characters: How many.
///   - generator: Where the bits come from.
/// - Returns: The characters.
@inlinable
public func randomBase36(characters: Int, using generator: inout some RandomNumberGenerator) -> String {
    let alphabet: StaticString = "0123456789abcdefghijklmnopqrstuvwxyz"
    return randomText(of: characters, perNumber: 2, using: &generator) { bits in
        defer { bits >>= 32 }
        return alphabet.utf8Start[Int(((bits & 0xFFFF_FFFF) * 36) >> 32)]
    }
}

/// Draws a number for every `perNumber` characters, since a draw costs more than all else.
@inlinable
@inline(__always)
func randomText(
    of length: Int,
    perNumber: Int,
    using generator: inout some RandomNumberGenerator,
    _ takeCharacter: (_ bits: inout UInt64) -> UInt8
) -> String {
    String(unsafeUninitializedCapacity: length) { bytes in
        var index = 0
        while index < length {
            var bits = generator.next()
            let end = min(index + perNumber, length)
            while index < end {
                bytes[index] = takeCharacter(&bits)
                index += 1
            }
        }
        return length
    }
}
