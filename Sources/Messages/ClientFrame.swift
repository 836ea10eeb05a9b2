/// One frame from a client, checked.
public enum ClientFrame: Hashable, Sendable {
    /// A message of the visitor.
    case user(UserMessage)
    /// The visitor writes (`true`), or has stopped writing.
    case typing(Bool)
    /// The client missed something and asks for what came after a position.
    case resume(Position)
    /// The client wants older messages.
    case history(HistoryRequest)
    /// The client's next token, of any length and not checked yet.
    case refresh(token: String)
    /// The client asks who is there.
    case presence
    /// Somebody wants the conversation to be in another state: a person is asked for, takes it, gives it back, closes it.
    case conversation(ConversationState)
    /// The visitor wants no more of a reply that comes piece by piece.
    case stop(replyID: String)
    /// An answer to `ping`.
    case pong
}

/// A message as a visitor sent it.
public struct UserMessage: Hashable, Sendable {
    /// The client's id, 1 through 64 of `A-Z a-z 0-9 _ -`; nothing where a seed-era client sent none.
    public var id: String?
    /// The text as typed: not empty, at most ``Limits/messageBytes`` bytes, without U+0000.
    public var text: String
    /// A JSON object of the allowed keys, at most ``Limits/contextBytes`` bytes.
    public var context: MessageContext
    /// How it came; nothing where nobody noted it.
    public var origin: MessageOrigin?

    public init(id: String?, text: String, context: MessageContext = .empty) {
        self.id = id
        self.text = text
        self.context = context
    }
}

/// A request for messages before a position.
public struct HistoryRequest: Hashable, Sendable {
    public var epoch: String?
    /// Messages with a lower number are wanted; without it the newest.
    public var before: Int?
    /// 1 through 100.
    public var limit: Int

    public init(epoch: String?, before: Int?, limit: Int) {
        self.epoch = epoch
        self.before = before
        self.limit = limit
    }
}

/// Which of the two forms of the protocol a connection speaks.
public enum ProtocolMode: Sendable {
    /// The subprotocol `chat.v1`: ids are required, every ephemeral frame is known.
    case v1
    /// A client without a subprotocol, written for the first form of the protocol.
    case seed
}

/// Turns the bytes of a frame into a ``ClientFrame``.
///
/// Reuse one reader for many frames: it keeps its storage. Not shared between threads.
public struct ClientFrameReader {
    private var scanner = JSONScanner()
    private var contextScanner = JSONScanner()

    public init() {}

    /// Reads one frame.
    ///
    /// - Parameters:
    ///   - bytes: One JSON object in valid UTF-8.
    ///   - session: The session of the connection. A frame that names another is refused.
    ///   - mode: The form of the protocol that the connection speaks.
    /// - Returns: The frame.
    /// - Throws: `bad_json`, `bad_request`, `too_large` or `forbidden_type`, with the client's id where it could be read.
    public mutating func read(
        _ bytes: UnsafeBufferPointer<UInt8>,
        session: SessionID,
        mode: ProtocolMode
    ) throws(ClientError) -> ClientFrame {
        do {
            try self.scanner.scan(bytes)
        } catch {
            throw ClientError(.badJSON, error.explanation)
        }
        do throws(ClientError) {
            return try self.frame(bytes, session, mode)
        } catch {
            var error = error
            error.id = try? self.identifier(bytes)
            throw error
        }
    }

    /// Reads a message of the first form of the protocol that came as the body of a request: a frame without a type.
    ///
    /// - Parameter bytes: One JSON object in valid UTF-8.
    /// - Returns: The message, without an id.
    /// - Throws: As ``read(_:session:mode:)``.
    public mutating func readSeedMessage(_ bytes: UnsafeBufferPointer<UInt8>) throws(ClientError) -> UserMessage {
        do {
            try self.scanner.scan(bytes)
        } catch {
            throw ClientError(.badJSON, error.explanation)
        }
        var message = try self.userMessage(bytes, .seed)
        message.id = nil
        return message
    }

    private mutating func frame(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ session: SessionID,
        _ mode: ProtocolMode
    ) throws(ClientError) -> ClientFrame {
        let type = try self.requiredText("type", bytes)
        if let written = try self.optionalText("sessionId", bytes), written != session.rawValue {
            throw ClientError(.badRequest, "the frame names another session", detail: "session_mismatch")
        }
        switch type {
        case "user": return .user(try self.userMessage(bytes, mode))
        case "typing": return .typing(try self.isTyping(bytes))
        case "resume": return .resume(try self.position(bytes))
        case "history": return .history(try self.historyRequest(bytes))
        case "pong": return .pong
        case "refresh": return .refresh(token: try self.requiredText("token", bytes))
        case "presence": return .presence
        case "stop": return .stop(replyID: try self.replyID(bytes))
        case "conversation": return .conversation(try self.state(bytes))
        case let type where Self.serverTypes.contains(type):
            throw ClientError(.forbiddenType, "this type is sent by the server only")
        default:
            throw ClientError(.badRequest, "unknown type", detail: "type")
        }
    }

    private static let serverTypes: Set<String> = [
        "claude", "system", "agent", "ack", "error", "welcome", "reply.start", "reply.delta", "reply.end", "ping",
        "reconnect", "refreshed", "conversations",
    ]

    private mutating func userMessage(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ mode: ProtocolMode
    ) throws(ClientError) -> UserMessage {
        let id = try self.identifier(bytes)
        guard id != nil || mode == .seed else { throw ClientError(.badRequest, "\"id\" is missing", detail: "id") }
        guard let value = self.scanner.value(of: "message", in: bytes), value.kind == .string else {
            throw ClientError(.badRequest, "\"message\" must be a text", detail: "message")
        }
        let text = self.scanner.text(of: value, in: bytes)
        guard text.utf8.count <= Limits.messageBytes else {
            throw ClientError(.tooLarge, "a message holds at most \(Limits.messageBytes) bytes", detail: "message")
        }
        guard !text.utf8.isEmpty, !text.utf8.contains(0) else {
            throw ClientError(.badRequest, "\"message\" is empty or holds U+0000", detail: "message")
        }
        guard self.scanner.value(of: "attachments", in: bytes) == nil else {
            throw ClientError(.badRequest, "this server takes no attachments", detail: "attachments")
        }
        var context = try self.context(bytes, mode)
        // Clients of the first form write it in many ways; what is no text is left out.
        if let value = self.scanner.value(of: "timestamp", in: bytes), value.kind == .string {
            context = context.sent(at: self.scanner.text(of: value, in: bytes))
        }
        return UserMessage(id: id, text: text, context: context)
    }

    private mutating func context(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ mode: ProtocolMode
    ) throws(ClientError) -> MessageContext {
        guard let value = self.scanner.value(of: "context", in: bytes), value.kind != .null else { return .empty }
        guard value.kind == .object else {
            throw ClientError(.badRequest, "\"context\" must be an object", detail: "context")
        }
        // Clients of the first form send whole forms; what is left of those after the filter counts.
        guard mode == .seed || value.end - value.start <= Limits.contextBytes else { throw Self.contextTooLarge }
        let object = UnsafeBufferPointer(rebasing: bytes[value.start..<value.end])
        let context = MessageContext(filtering: object, using: &self.contextScanner)
        guard context.json.utf8.count <= Limits.contextBytes else { throw Self.contextTooLarge }
        return context
    }

    private static let contextTooLarge = ClientError(
        .tooLarge,
        "a context holds at most \(Limits.contextBytes) bytes",
        detail: "context"
    )

    private func isTyping(_ bytes: UnsafeBufferPointer<UInt8>) throws(ClientError) -> Bool {
        switch try self.optionalText("state", bytes) {
        case "start": return true
        case "stop": return false
        case nil:
            guard let value = self.scanner.value(of: "isTyping", in: bytes), value.kind == .bool else { break }
            return bytes[value.start] == UInt8(ascii: "t")
        default: break
        }
        throw ClientError(.badRequest, "\"state\" must be \"start\" or \"stop\"", detail: "state")
    }

    private func position(_ bytes: UnsafeBufferPointer<UInt8>) throws(ClientError) -> Position {
        let epoch = try self.requiredText("epoch", bytes)
        guard let seq = try self.optionalInteger("since", bytes), let position = Position(epoch: epoch, seq: seq) else {
            throw ClientError(.badRequest, "\"epoch\" and \"since\" must be a position", detail: "since")
        }
        return position
    }

    private func state(_ bytes: UnsafeBufferPointer<UInt8>) throws(ClientError) -> ConversationState {
        guard let state = ConversationState(rawValue: try self.requiredText("state", bytes)) else {
            throw ClientError(.badRequest, "\"state\" must be waiting, human, bot or closed", detail: "state")
        }
        return state
    }

    private func replyID(_ bytes: UnsafeBufferPointer<UInt8>) throws(ClientError) -> String {
        let id = try self.requiredText("replyId", bytes)
        guard 1...Limits.messageIDBytes ~= id.utf8.count else {
            throw ClientError(.badRequest, "\"replyId\" must be the id of a reply", detail: "replyId")
        }
        return id
    }

    private func historyRequest(_ bytes: UnsafeBufferPointer<UInt8>) throws(ClientError) -> HistoryRequest {
        let limit = try self.optionalInteger("limit", bytes) ?? 50
        guard 1...100 ~= limit else { throw ClientError(.badRequest, "\"limit\" must be 1 to 100", detail: "limit") }
        return HistoryRequest(
            epoch: try self.requiredText("epoch", bytes),
            before: try self.optionalInteger("before", bytes),
            limit: limit
        )
    }
}

extension ClientFrameReader {
    /// The client's id of a message, checked.
    private func identifier(_ bytes: UnsafeBufferPointer<UInt8>) throws(ClientError) -> String? {
        guard let text = try self.optionalText("id", bytes) else { return nil }
        guard isIdentifier(text.utf8) else {
            throw ClientError(.badRequest, "\"id\" must be 1 to 64 of A-Z a-z 0-9 _ -", detail: "id")
        }
        return text
    }

    private func requiredText(_ key: StaticString, _ bytes: UnsafeBufferPointer<UInt8>) throws(ClientError) -> String {
        guard let text = try self.optionalText(key, bytes) else {
            throw ClientError(.badRequest, "\"\(key)\" is missing", detail: key.description)
        }
        return text
    }

    private func optionalText(_ key: StaticString, _ bytes: UnsafeBufferPointer<UInt8>) throws(ClientError) -> String? {
        guard let value = self.scanner.value(of: key, in: bytes) else { return nil }
        guard value.kind == .string else {
            throw ClientError(.badRequest, "\"\(key)\" must be a text", detail: key.description)
        }
        return self.scanner.text(of: value, in: bytes)
    }

    private func optionalInteger(_ key: StaticString, _ bytes: UnsafeBufferPointer<UInt8>) throws(ClientError) -> Int? {
        guard let value = self.scanner.value(of: key, in: bytes) else { return nil }
        guard value.kind == .number, let integer = self.scanner.integer(of: value, in: bytes) else {
            throw ClientError(.badRequest, "\"\(key)\" must be a whole number", detail: key.description)
        }
        return integer
    }
}

extension JSONScanner.Failure {
    /// One sentence for the developer of a client.
    var explanation: String {
        switch self {
        case .syntax: "not one JSON object"
        case .notAnObject: "the outermost value must be an object"
        case .tooDeep: "nested more than \(Limits.jsonDepth) levels deep"
        case .tooManyMembers: "an object has more than \(Limits.jsonMembers) members"
        case .duplicateKey: "an object has a key twice"
        case .numberTooLong: "a number is longer than \(Limits.jsonNumberBytes) bytes"
        case .numberOutOfRange: "a number is out of range"
        case .loneSurrogate: "half of a surrogate pair"
        }
    }
}
