/// Where a message stands in a distributed trace: the header `traceparent` (W3C Trace Context, section 3.2).
///
/// It comes from whoever sends the message, so it names nothing and proves nothing; it is only passed on.
public struct TraceParent: Hashable, Sendable, CustomStringConvertible {
    /// 32 hexadecimal digits, not all of them zero.
    public let traceID: String
    /// 16 hexadecimal digits, not all of them zero: the span of whoever sent it.
    public let spanID: String
    /// Whether the sender records the trace.
    public let isSampled: Bool

    /// Takes a header; nothing where it isn't one.
    ///
    /// What a later version adds behind the four known parts is left out.
    ///
    /// - Parameter header: Of any length.
    public init?(_ header: some StringProtocol) {
        let bytes = Array(header.utf8.prefix(56))
        let dash = UInt8(ascii: "-")
        guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
            [0..<2, 3..<35, 36..<52, 53..<55].allSatisfy({ bytes[$0].allSatisfy(isLowerHex) }),
            bytes[0..<2] != [UInt8(ascii: "f"), UInt8(ascii: "f")],
            bytes[3..<35].contains(where: { $0 != UInt8(ascii: "0") }),
            bytes[36..<52].contains(where: { $0 != UInt8(ascii: "0") })
        else { return nil }
        let isFirstVersion = bytes[0..<2] == [UInt8(ascii: "0"), UInt8(ascii: "0")]
        guard bytes.count == 55 || !isFirstVersion && bytes[55] == dash else { return nil }
        self.traceID = String(decoding: bytes[3..<35], as: UTF8.self)
        self.spanID = String(decoding: bytes[36..<52], as: UTF8.self)
        let flags = UInt8(String(decoding: bytes[53..<55], as: UTF8.self), radix: 16)
        self.isSampled = flags.map { $0 & 1 == 1 } ?? false
    }

    /// The header for a request that somebody sends on behalf of this one.
    ///
    /// - Parameter generator: Where the name of the sender's own span comes from.
    /// - Returns: The next place in the same trace.
    public func next(using generator: inout some RandomNumberGenerator) -> TraceParent {
        // Zero is no name.
        let span = UInt64.random(in: 1...UInt64.max, using: &generator)
        let digits = String(span, radix: 16)
        let padded = String(repeating: "0", count: 16 - digits.count) + digits
        return TraceParent(traceID: self.traceID, spanID: padded, isSampled: self.isSampled)
    }

    private init(traceID: String, spanID: String, isSampled: Bool) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// The header.
    public var description: String { "00-\(self.traceID)-\(self.spanID)-\(self.isSampled ? "01" : "00")" }
}

private func isLowerHex(_ byte: UInt8) -> Bool {
    isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "f") ~= byte
}

/// How a message came to the server and from whom, for those who run it.
public struct MessageOrigin: Hashable, Sendable {
    /// Names the request, or the connection of a WebSocket: what logs and answers say.
    public var request: String
    /// The trace that the sender is in, where it said so.
    public var trace: TraceParent?
    /// How the site calls the visitor for whom it has vouched; nothing of anybody else.
    public var visitor: String?

    public init(request: String, trace: TraceParent? = nil, visitor: String? = nil) {
        self.request = request
        self.trace = trace
        self.visitor = visitor
    }
}
