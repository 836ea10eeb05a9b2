/// One event of an event stream, before anybody has looked into its data.
struct ServerSentEvent: Sendable, Hashable {
    /// The value of `event:`; nothing where the event has no such line.
    var name: String?
    /// The values of its `data:` lines, joined by line feeds.
    var data: [UInt8]
}

/// Cuts the bytes of an event stream into events: WHATWG HTML, section 9.2.6.
///
/// A value of one reader. Bytes may be cut anywhere, also within a character or between CR and LF: lines are split as
/// bytes, and only whole ones are looked at. Keeps at most one line and one event.
struct ServerSentEventParser: Sendable {
    /// The longest line, in bytes without its end.
    static let maximumLineBytes = 1_048_576

    private var line: [UInt8] = []
    /// Whether the last byte was a carriage return: a line feed right behind it is a part of the same end.
    private var isBehindReturn = false
    private var isFirstLine = true
    private var name: String?
    private var data: [UInt8] = []
    private var hasData = false

    /// Takes the next bytes.
    ///
    /// - Parameters:
    ///   - bytes: Any part of the stream, in its order.
    ///   - onEvent: Gets each event that they complete. An event that the stream ends in is never complete.
    /// - Throws: ``StreamError/tooLarge(_:)`` for a line that is too long, or what `onEvent` throws.
    mutating func append(
        _ bytes: UnsafeRawBufferPointer,
        onEvent: (ServerSentEvent) throws(StreamError) -> Void
    ) throws(StreamError) {
        var start = bytes.startIndex
        if self.isBehindReturn, start < bytes.endIndex {
            self.isBehindReturn = false
            if bytes[start] == 0x0A { start += 1 }
        }
        while start < bytes.endIndex {
            let end = bytes[start...].firstIndex { $0 == 0x0A || $0 == 0x0D }
            let part = bytes[start..<(end ?? bytes.endIndex)]
            guard self.line.count + part.count <= Self.maximumLineBytes else {
                throw .tooLarge("a line of the stream has more than \(Self.maximumLineBytes) bytes")
            }
            self.line.append(contentsOf: part)
            guard let end else { return }
            start = end + 1
            if bytes[end] == 0x0D {
                if start == bytes.endIndex {
                    self.isBehindReturn = true
                } else if bytes[start] == 0x0A {
                    start += 1
                }
            }
            try self.endLine(onEvent)
        }
    }

    private mutating func endLine(_ onEvent: (ServerSentEvent) throws(StreamError) -> Void) throws(StreamError) {
        defer { self.line.removeAll(keepingCapacity: true) }
        var line = self.line[...]
        if self.isFirstLine {
            self.isFirstLine = false
            // A byte-order mark.
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        guard !line.isEmpty else { return try self.endEvent(onEvent) }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[colon...].dropFirst()
        if value.first == UInt8(ascii: " ") { value.removeFirst() }
        // "id", "retry", comments and whatever else there may be mean nothing here.
        switch line[..<colon] {
        case _ where line[..<colon].elementsEqual("data".utf8):
            if self.hasData { self.data.append(0x0A) }
            self.data.append(contentsOf: value)
            self.hasData = true
        case _ where line[..<colon].elementsEqual("event".utf8): self.name = String(decoding: value, as: UTF8.self)
        default: break
        }
    }

    private mutating func endEvent(_ onEvent: (ServerSentEvent) throws(StreamError) -> Void) throws(StreamError) {
        defer {
            self.name = nil
            self.data.removeAll(keepingCapacity: true)
            self.hasData = false
        }
        guard self.hasData else { return }
        let name = self.name.flatMap { $0.isEmpty ? nil : $0 }
        try onEvent(ServerSentEvent(name: name, data: self.data))
    }
}
