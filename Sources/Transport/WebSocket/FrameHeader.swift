import Messages

/// What a frame is (RFC 6455 section 5.2).
enum Opcode: UInt8, Sendable {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    /// Whether the frame may come between the fragments of a message.
    var isControl: Bool { self.rawValue >= 0x8 }
}

/// The header of a client's frame.
struct FrameHeader: Hashable, Sendable {
    /// Bytes of payload, 0 through 2^63 - 1.
    var length: Int
    /// The masking key, its first byte lowest.
    var mask: UInt32
    var opcode: Opcode
    var isFinal: Bool

    /// Reads a header, and refuses it at the first byte that can't be right.
    ///
    /// - Parameters:
    ///   - bytes: What has arrived, from the first byte of the frame on.
    ///   - bound: A length above this is refused by the caller, so the masking key behind it isn't waited for.
    /// - Returns: The header and its size in bytes; nothing if it has not arrived whole.
    /// - Throws: What is wrong with it.
    static func read(
        _ bytes: UnsafeRawBufferPointer,
        refusing bound: Int
    ) throws(FrameParser.Violation) -> (FrameHeader, size: Int)? {
        guard bytes.count >= 1 else { return nil }
        guard bytes[0] & 0x70 == 0 else { throw FrameParser.Violation(.protocolError, "reserved bit set") }
        guard let opcode = Opcode(rawValue: bytes[0] & 0x0F) else {
            throw FrameParser.Violation(.protocolError, "reserved opcode")
        }
        let isFinal = bytes[0] & 0x80 != 0
        guard isFinal || !opcode.isControl else {
            throw FrameParser.Violation(.protocolError, "control frame fragmented")
        }
        guard bytes.count >= 2 else { return nil }
        guard bytes[1] & 0x80 != 0 else { throw FrameParser.Violation(.protocolError, "frame not masked") }
        let short = Int(bytes[1] & 0x7F)
        guard short <= 125 || !opcode.isControl else {
            throw FrameParser.Violation(.protocolError, "control frame too long")
        }
        guard let (length, lengthBytes) = try readLength(bytes, short) else { return nil }
        let size = 2 + lengthBytes + 4
        guard bytes.count >= size || (length > bound && !opcode.isControl) else { return nil }
        let mask = bytes.count >= size ? bytes.loadUnaligned(fromByteOffset: size - 4, as: UInt32.self).littleEndian : 0
        return (FrameHeader(length: length, mask: mask, opcode: opcode, isFinal: isFinal), size)
    }

    private static func readLength(
        _ bytes: UnsafeRawBufferPointer,
        _ short: Int
    ) throws(FrameParser.Violation) -> (length: Int, bytes: Int)? {
        switch short {
        case 126:
            guard bytes.count >= 4 else { return nil }
            return (Int(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))), 2)
        case 127:
            guard bytes.count >= 10 else { return nil }
            let length = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
            guard length >> 63 == 0 else { throw FrameParser.Violation(.protocolError, "length out of range") }
            return (Int(length), 8)
        default: return (short, 0)
        }
    }

    /// The longest header of a server's frame, in bytes.
    static let maximumServerBytes = 10

    /// Writes the header of a server's frame, which is never masked and never fragmented.
    ///
    /// - Parameters:
    ///   - opcode: What the frame is.
    ///   - length: Bytes of payload.
    ///   - bytes: At least ``maximumServerBytes`` long.
    /// - Returns: The size of the header.
    static func write(_ opcode: Opcode, length: Int, to bytes: UnsafeMutableRawBufferPointer) -> Int {
        bytes[0] = 0x80 | opcode.rawValue
        switch length {
        case 0...125:
            bytes[1] = UInt8(length)
            return 2
        case 126...0xFFFF:
            bytes[1] = 126
            bytes.storeBytes(of: UInt16(length).bigEndian, toByteOffset: 2, as: UInt16.self)
            return 4
        default:
            bytes[1] = 127
            bytes.storeBytes(of: UInt64(length).bigEndian, toByteOffset: 2, as: UInt64.self)
            return 10
        }
    }
}
