/// Reads the stream of one response of the Messages API.
///
/// A value that knows no socket and no clock. It holds the events to their grammar:
///
///     message_start  ( content_block_start  content_block_delta*  content_block_stop )*  message_delta+  message_stop
///
/// `ping` may come anywhere; what isn't known is skipped and counted.
struct EventStreamReader: Sendable {
    /// The longest response, in bytes of its body.
    static let maximumBytes = 8_388_608
    /// How many blocks a response may have.
    static let maximumBlocks = 512

    private enum Phase: Sendable { case beforeStart, betweenBlocks, inBlock(OpenBlock), afterDelta, ended }

    private var parser = ServerSentEventParser()
    private var phase = Phase.beforeStart
    private var blockCount = 0
    private var byteCount = 0
    /// What has come of the response.
    private(set) var response = MessagesResponse()
    /// Bytes of text, thinking and tools' inputs: what a stream is charged with that ends too early.
    private(set) var outputBytes = 0
    /// Events whose name is not known.
    private(set) var unknownEvents = 0
    /// Deltas whose type is not known.
    private(set) var unknownDeltas = 0

    /// Whether the response is whole; whatever comes then is not looked at.
    var hasEnded: Bool { if case .ended = self.phase { true } else { false } }

    /// Whether anything of the response has come.
    var hasStarted: Bool { if case .beforeStart = self.phase { false } else { true } }

    /// Takes the next bytes.
    ///
    /// - Parameters:
    ///   - bytes: Any part of the body, in its order.
    ///   - events: Gets what they say. After an error it has what was said before it; nothing is read any more then.
    /// - Throws: Why the response can't be used.
    mutating func receive(_ bytes: UnsafeRawBufferPointer, to events: inout [StreamEvent]) throws(StreamError) {
        guard !self.hasEnded else { return }
        self.byteCount += bytes.count
        guard self.byteCount <= Self.maximumBytes else {
            throw .tooLarge("the response has more than \(Self.maximumBytes) bytes")
        }
        // Taken out while it calls back.
        var parser = self.parser
        self.parser = ServerSentEventParser()
        defer { self.parser = parser }
        try parser.append(bytes) { event throws(StreamError) in try self.take(event, &events) }
    }

    /// Ends the stream.
    ///
    /// - Throws: ``StreamError/cut`` unless the response is whole.
    func finish() throws(StreamError) {
        guard self.hasEnded else { throw .cut }
    }

    private mutating func take(_ event: ServerSentEvent, _ events: inout [StreamEvent]) throws(StreamError) {
        guard !self.hasEnded else { return }
        if let name = event.name, EventName(rawValue: name) == nil { return self.skip(&events) }
        let value: JSONValue
        do throws(WireProblem) {
            value = try JSONValue(bytes: event.data)
        } catch {
            throw .badStream("\(event.name ?? "an event"): \(error.problem)")
        }
        var name = event.name
        if name == nil, case .text(let type)? = value["type"] { name = type }
        guard let known = name.flatMap(EventName.init) else { return self.skip(&events) }
        if known == .error { throw .reported(APIError(value) ?? APIError()) }
        do throws(WireProblem) {
            try self.take(known, value, &events)
        } catch {
            throw StreamError(error, in: known)
        }
    }

    private mutating func skip(_ events: inout [StreamEvent]) {
        self.unknownEvents += 1
        events.append(.alive)
    }

    private mutating func take(
        _ name: EventName,
        _ value: JSONValue,
        _ events: inout [StreamEvent]
    ) throws(WireProblem) {
        switch name {
        case .ping, .error: events.append(.alive)
        case .messageStart: try self.start(value, &events)
        case .contentBlockStart: try self.startBlock(value, &events)
        case .contentBlockDelta: try self.takeDelta(value, &events)
        case .contentBlockStop: try self.endBlock(value, &events)
        case .messageDelta: try self.change(value, &events)
        case .messageStop:
            guard case .afterDelta = self.phase else { throw Self.misplaced }
            self.phase = .ended
            events.append(.ended(self.response))
        }
    }

    private static let misplaced = WireProblem("bad-stream", "it must not come here")
}

// MARK: The events

extension EventStreamReader {
    private mutating func start(_ value: JSONValue, _ events: inout [StreamEvent]) throws(WireProblem) {
        guard case .beforeStart = self.phase else { throw Self.misplaced }
        guard let message = try value.object("message") else { throw WireProblem("bad-response", "message: missing") }
        self.response = try MessagesResponse(head: message)
        self.phase = .betweenBlocks
        events.append(.started(self.response.usage))
    }

    private mutating func startBlock(_ value: JSONValue, _ events: inout [StreamEvent]) throws(WireProblem) {
        guard case .betweenBlocks = self.phase else { throw Self.misplaced }
        guard try value.count("index") == self.blockCount else {
            throw WireProblem("bad-stream", "the index is not \(self.blockCount)")
        }
        guard self.blockCount < Self.maximumBlocks else {
            throw WireProblem("response-too-large", "more than \(Self.maximumBlocks) blocks")
        }
        self.blockCount += 1
        guard let block = try value.object("content_block") else {
            throw WireProblem("bad-response", "content_block: missing")
        }
        let open = try OpenBlock(block)
        self.phase = .inBlock(open)
        self.outputBytes += open.content.utf8.count
        switch open.kind {
        case .text where !open.content.isEmpty: events.append(.text(open.content))
        case .toolUse(_, let name): events.append(.toolUseBegan(name: name))
        default: events.append(.alive)
        }
    }

    private mutating func takeDelta(_ value: JSONValue, _ events: inout [StreamEvent]) throws(WireProblem) {
        var block = try self.takeBlock(value)
        defer { self.phase = .inBlock(block) }
        guard let delta = try value.object("delta") else { throw WireProblem("bad-response", "delta: missing") }
        switch try block.take(delta) {
        case nil:
            self.unknownDeltas += 1
            events.append(.alive)
        case let piece?:
            self.outputBytes += piece.utf8.count
            if case .text = block.kind, !piece.isEmpty { events.append(.text(piece)) } else { events.append(.alive) }
        }
    }

    private mutating func endBlock(_ value: JSONValue, _ events: inout [StreamEvent]) throws(WireProblem) {
        let block = try self.takeBlock(value)
        self.phase = .betweenBlocks
        guard let content = try block.finished() else {
            self.response.unknownBlocks += 1
            return events.append(.alive)
        }
        self.response.content.append(content)
        events.append(.block(content))
    }

    private mutating func change(_ value: JSONValue, _ events: inout [StreamEvent]) throws(WireProblem) {
        switch self.phase {
        case .betweenBlocks, .afterDelta: break
        case .beforeStart, .inBlock, .ended: throw Self.misplaced
        }
        guard let delta = try value.object("delta") else { throw WireProblem("bad-response", "delta: missing") }
        try self.response.take(ending: delta)
        if let usage = try value.object("usage") { try self.response.usage.replace(from: usage) }
        self.phase = .afterDelta
        events.append(.alive)
    }

    /// The open block, which the event has to belong to; out of the phase, so that it needn't be copied.
    private mutating func takeBlock(_ value: JSONValue) throws(WireProblem) -> OpenBlock {
        guard case .inBlock(let block) = self.phase else { throw Self.misplaced }
        guard try value.count("index") == self.blockCount - 1 else {
            throw WireProblem("bad-stream", "the block of that index isn't open")
        }
        self.phase = .betweenBlocks
        return block
    }
}

/// The events that are known.
private enum EventName: String {
    case ping, error
    case messageStart = "message_start"
    case contentBlockStart = "content_block_start"
    case contentBlockDelta = "content_block_delta"
    case contentBlockStop = "content_block_stop"
    case messageDelta = "message_delta"
    case messageStop = "message_stop"
}

extension StreamError {
    fileprivate init(_ problem: WireProblem, in event: EventName) {
        let text = "\(event.rawValue): \(problem.problem)"
        self =
            switch problem.code {
            case "bad-response": .badResponse(text)
            case "response-too-large": .tooLarge(text)
            default: .badStream(text)
            }
    }
}
