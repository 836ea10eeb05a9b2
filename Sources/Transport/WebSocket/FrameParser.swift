import Messages

/// Reads the frames of a WebSocket client (RFC 6455 section 5) from bytes as they arrive.
///
/// Pure: no socket, no clock. Every violation is found at the first byte that shows it: a bad header before its
/// payload, an oversized frame from its declared length, bad UTF-8 at the bad byte. Between messages it holds no heap
/// memory, so an idle connection costs what the struct costs.
struct FrameParser {
    /// What a connection accepts.
    struct Options: Sendable {
        /// The longest message in bytes, all fragments together.
        var maximumMessageBytes: Int
        /// Whether binary messages are read; if not they are a violation.
        var acceptsBinary: Bool
    }

    /// Something that arrived.
    ///
    /// The bytes are valid during the call only.
    enum Event {
        /// A whole text message in valid UTF-8.
        case text(UnsafeRawBufferPointer)
        case binary(UnsafeRawBufferPointer)
        case ping(UnsafeRawBufferPointer)
        case pong(UnsafeRawBufferPointer)
        /// The client closes; without a code if it gave none.
        case close(CloseCode?)
    }

    /// Why the connection has to be closed.
    struct Violation: Error, Hashable {
        var code: CloseCode
        /// A few words for the close frame.
        var reason: StaticText

        init(_ code: CloseCode, _ reason: StaticText) {
            self.code = code
            self.reason = reason
        }
    }

    // Every connection carries one of these, so the members stand in an order that leaves no gaps between them.

    private let maximumMessageBytes: Int
    /// Bytes of the payload of ``frame`` that have not arrived.
    private var remaining = 0
    private var message: [UInt8] = []
    private var control: [UInt8] = []
    /// The frame whose payload is being read.
    private var frame: FrameHeader?
    /// The first bytes of a header that has not arrived whole.
    private var headerBytes = InlineArray<14, UInt8>(repeating: 0)
    private var headerCount: UInt8 = 0
    /// The kind of the data message that is being put together, from its first fragment to its last.
    private var messageOpcode: Opcode?
    private let acceptsBinary: Bool
    /// How many frames have begun since the last ``takeCount()``, up to 255.
    private var count: UInt8 = 0
    private var validator = UTF8Validator()

    init(options: Options) {
        self.maximumMessageBytes = options.maximumMessageBytes
        self.acceptsBinary = options.acceptsBinary
    }

    /// Whether a frame or a message of several frames has begun and not ended.
    var isInsideMessage: Bool { self.frame != nil || self.headerCount > 0 || self.messageOpcode != nil }

    /// How many frames have begun since the last call, up to 255.
    mutating func takeCount() -> Int {
        defer { self.count = 0 }
        return Int(self.count)
    }

    /// Takes bytes as they arrive.
    ///
    /// - Parameters:
    ///   - input: The next bytes.
    ///   - scratch: Space for unmasked payloads, shared by all connections of a thread. Grows to the largest input.
    ///   - handle: Gets each event, in order; returns whether to go on.
    /// - Throws: The first violation. The parser is of no use afterwards.
    mutating func consume(
        _ input: UnsafeRawBufferPointer,
        scratch: inout [UInt8],
        _ handle: (Event) -> Bool
    ) throws(Violation) {
        var rest = input
        while !rest.isEmpty {
            if self.frame == nil {
                guard try self.readHeader(&rest) else { return }
            }
            guard let frame = self.frame else { return }
            let payload = UnsafeRawBufferPointer(rebasing: rest.prefix(self.remaining))
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(payload.count))
            guard try self.read(payload, of: frame, &scratch, handle) else { return }
        }
    }
}

extension FrameParser {
    /// Reads a header from the front of `rest` and what was left of the last input.
    ///
    /// - Returns: Whether a header is complete. If not, all of `rest` was taken.
    private mutating func readHeader(_ rest: inout UnsafeRawBufferPointer) throws(Violation) -> Bool {
        if self.headerCount == 0 {
            if let (header, size) = try FrameHeader.read(rest, refusing: self.room) {
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(size))
                try self.begin(header)
                return true
            }
            for byte in rest { self.appendToHeader(byte) }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(rest.count))
            return false
        }
        while let byte = rest.first {
            self.appendToHeader(byte)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
            let known = self.headerBytes
            let count = Int(self.headerCount)
            guard let (header, _) = try readFrameHeader(known, count: count, refusing: self.room)
            else { continue }
            self.headerCount = 0
            try self.begin(header)
            return true
        }
        return false
    }

    /// Bytes that the message in progress may still grow by.
    private var room: Int { self.maximumMessageBytes - self.message.count }

    private mutating func appendToHeader(_ byte: UInt8) {
        self.headerBytes[Int(self.headerCount)] = byte
        self.headerCount += 1
    }

    /// Checks a header against the message that it belongs to.
    private mutating func begin(_ header: FrameHeader) throws(Violation) {
        switch header.opcode {
        case .continuation:
            guard self.messageOpcode != nil else { throw Violation(.protocolError, "continuation without a start") }
        case .text, .binary:
            guard self.messageOpcode == nil else { throw Violation(.protocolError, "message inside a message") }
            guard header.opcode == .text || self.acceptsBinary else {
                throw Violation(.unsupportedData, "only text is spoken here")
            }
        case .close, .ping, .pong: break
        }
        // The declared length decides, so that nothing of an oversized message is waited for or kept.
        guard header.opcode.isControl || header.length <= self.room else {
            throw Violation(.messageTooBig, "message too big")
        }
        if self.count < .max { self.count += 1 }
        if header.opcode == .text { self.validator = UTF8Validator() }
        self.frame = header
        self.remaining = header.length
        if !header.opcode.isControl, header.opcode != .continuation { self.messageOpcode = header.opcode }
    }

    /// Takes the part of a frame's payload that has arrived, and ends the frame if that is all of it.
    private mutating func read(
        _ payload: UnsafeRawBufferPointer,
        of frame: FrameHeader,
        _ scratch: inout [UInt8],
        _ handle: (Event) -> Bool
    ) throws(Violation) -> Bool {
        let offset = frame.length - self.remaining
        self.remaining -= payload.count
        let isWhole = payload.count == frame.length && frame.isFinal && self.message.isEmpty
        if scratch.count < payload.count {
            scratch.append(contentsOf: repeatElement(0, count: payload.count - scratch.count))
        }
        unmask(payload, with: frame.mask, offset: offset, into: &scratch)
        let result = scratch.withUnsafeBytes { bytes -> Result<Bool, Violation> in
            let unmasked = UnsafeRawBufferPointer(rebasing: bytes.prefix(payload.count))
            do throws(Violation) {
                return .success(try self.take(unmasked, of: frame, isWhole: isWhole, handle))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private mutating func take(
        _ unmasked: UnsafeRawBufferPointer,
        of frame: FrameHeader,
        isWhole: Bool,
        _ handle: (Event) -> Bool
    ) throws(Violation) -> Bool {
        if frame.opcode.isControl {
            // Control frames come between the fragments of a message and are kept apart from it.
            if unmasked.count < frame.length { self.control.append(contentsOf: unmasked) }
            guard self.remaining == 0 else { return true }
            self.frame = nil
            return try self.finishControl(frame.opcode, whole: unmasked.count == frame.length ? unmasked : nil, handle)
        }
        if self.messageOpcode == .text, !self.validator.append(unmasked) {
            throw Violation(.invalidText, "text is not UTF-8")
        }
        if !isWhole { self.message.append(contentsOf: unmasked) }
        guard self.remaining == 0 else { return true }
        self.frame = nil
        guard frame.isFinal else { return true }
        return try self.finishMessage(whole: isWhole ? unmasked : nil, handle)
    }

    private mutating func finishMessage(
        whole: UnsafeRawBufferPointer?,
        _ handle: (Event) -> Bool
    ) throws(Violation) -> Bool {
        let isText = self.messageOpcode == .text
        guard !isText || self.validator.isComplete else { throw Violation(.invalidText, "text is not UTF-8") }
        self.messageOpcode = nil
        if let whole { return handle(isText ? .text(whole) : .binary(whole)) }
        let message = self.message
        self.message = []
        return message.withUnsafeBytes { handle(isText ? .text($0) : .binary($0)) }
    }

    private mutating func finishControl(
        _ opcode: Opcode,
        whole: UnsafeRawBufferPointer?,
        _ handle: (Event) -> Bool
    ) throws(Violation) -> Bool {
        if let whole { return handle(try Self.event(opcode, whole)) }
        let control = self.control
        self.control = []
        let event = control.withUnsafeBytes { payload -> Result<Bool, Violation> in
            do throws(Violation) {
                return .success(handle(try Self.event(opcode, payload)))
            } catch {
                return .failure(error)
            }
        }
        return try event.get()
    }

    private static func event(_ opcode: Opcode, _ payload: UnsafeRawBufferPointer) throws(Violation) -> Event {
        switch opcode {
        case .ping: return .ping(payload)
        case .pong: return .pong(payload)
        default: break
        }
        guard payload.count > 0 else { return .close(nil) }
        guard payload.count > 1 else { throw Violation(.protocolError, "close code cut short") }
        let code = CloseCode(rawValue: UInt16(payload[0]) << 8 | UInt16(payload[1]))
        guard code.isAllowedOnTheWire else { throw Violation(.protocolError, "close code not allowed") }
        guard UTF8Validator.isValid(UnsafeRawBufferPointer(rebasing: payload[2...])) else {
            throw Violation(.invalidText, "close reason is not UTF-8")
        }
        return .close(code)
    }
}

/// Reads a header from bytes that were collected one by one.
private func readFrameHeader(
    _ bytes: InlineArray<14, UInt8>,
    count: Int,
    refusing bound: Int
) throws(FrameParser.Violation) -> (FrameHeader, size: Int)? {
    let result = withUnsafeBytes(of: bytes) { all -> Result<(FrameHeader, size: Int)?, FrameParser.Violation> in
        do throws(FrameParser.Violation) {
            let known = UnsafeRawBufferPointer(rebasing: all.prefix(count))
            return .success(try FrameHeader.read(known, refusing: bound))
        } catch {
            return .failure(error)
        }
    }
    return try result.get()
}

/// Removes the mask of a client (RFC 6455 section 5.3) while copying.
///
/// - Parameters:
///   - payload: A part of a frame's payload.
///   - mask: The key, its first byte lowest.
///   - offset: Where in the whole payload the part starts.
///   - output: At least as long as the part.
private func unmask(
    _ payload: UnsafeRawBufferPointer,
    with mask: UInt32,
    offset: Int,
    into output: inout [UInt8]
) {
    let turn = UInt32(offset % 4) * 8
    let turned = turn == 0 ? mask : mask >> turn | mask << (32 - turn)
    let wide = UInt64(turned) << 32 | UInt64(turned)
    output.withUnsafeMutableBytes { target in
        var index = 0
        while index + 8 <= payload.count {
            let word = payload.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            target.storeBytes(of: word ^ wide.littleEndian, toByteOffset: index, as: UInt64.self)
            index += 8
        }
        while index < payload.count {
            target[index] = payload[index] ^ UInt8(truncatingIfNeeded: turned >> (UInt32(index % 4) * 8))
            index += 1
        }
    }
}
