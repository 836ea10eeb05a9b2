public import Messages

/// A message as it was stored.
public struct StoredMessage: Hashable, Sendable {
    public let site: SiteID
    public let session: SessionID
    /// The run of numbers; of a message that a room was restored with, the room's.
    public let epoch: String
    public let seq: Int
    public let id: String
    public let speaker: Message.Speaker
    public let time: Timestamp
    public let page: String
    /// One JSON object, as of ``ServerFrame/durable(_:session:seq:epoch:)``.
    public let frame: [UInt8]

    /// The id that the client gave, where it gave one.
    public var clientMessageID: String? { isClientID(self.id) ? self.id : nil }

    /// What was said.
    public var text: String { self.text(of: "message") ?? "" }

    /// The client's id of the message that a reply answers.
    public var inReplyTo: String? { self.text(of: "inReplyTo") }

    private func text(of key: StaticString) -> String? {
        self.frame.withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner()
            guard (try? scanner.scan(bytes)) != nil, let value = scanner.value(of: key, in: bytes),
                value.kind == .string
            else { return nil }
            return scanner.text(of: value, in: bytes)
        }
    }

    /// The same message in another run of numbers.
    func moved(to epoch: String) -> StoredMessage {
        guard epoch != self.epoch else { return self }
        let frame = self.frame.withUnsafeBufferPointer { bytes -> [UInt8] in
            var scanner = JSONScanner()
            guard (try? scanner.scan(bytes)) != nil, let value = scanner.value(of: "epoch", in: bytes),
                value.kind == .string
            else { return self.frame }
            return Array(bytes[..<value.start]) + Array(epoch.utf8) + Array(bytes[value.end...])
        }
        return StoredMessage(
            site: self.site,
            session: self.session,
            epoch: epoch,
            seq: self.seq,
            id: self.id,
            speaker: self.speaker,
            time: self.time,
            page: self.page,
            frame: frame
        )
    }
}

/// What the record of a message holds.
struct MessageContent {
    let page: String
    let frame: [UInt8]

    /// Two bytes for the length of the page, the page, the frame.
    var bytes: [UInt8] {
        let page = self.page.utf8
        var bytes = [UInt8(page.count >> 8), UInt8(page.count & 0xFF)]
        bytes.reserveCapacity(bytes.count + page.count + self.frame.count)
        bytes.append(contentsOf: page)
        bytes.append(contentsOf: self.frame)
        return bytes
    }

    init(page: String, frame: [UInt8]) {
        self.page = page
        self.frame = frame
    }

    init(_ bytes: [UInt8]) throws {
        guard bytes.count >= 2 else { throw RecordCodec.Damaged() }
        let end = 2 + (Int(bytes[0]) << 8 | Int(bytes[1]))
        guard end <= bytes.count else { throw RecordCodec.Damaged() }
        self.page = String(decoding: bytes[2..<end], as: UTF8.self)
        self.frame = Array(bytes[end...])
    }
}
