import FoundationEssentials
import Hub

/// A frame as a client reads it, with a parser that isn't the product's.
struct ReceivedFrame: Decodable {
    var type: String?
    var event: String?
    var message: String?
    var sessionId: String?
    var id: String?
    var seq: Int?
    var epoch: String?
    var inReplyTo: String?
    var replay: Bool?
    var top: Int?
    var wasRecovering: Bool?
    var recovered: Bool?
    var reset: Bool?
    var replayed: Int?
    var duplicate: Bool?
    var replyId: String?
    var index: Int?
    var text: String?
    var items: [ReceivedFrame]?
    var complete: Bool?
    var state: String?
    var isTyping: Bool?
    var author: Somebody?
    var expiresMs: Int?
    var participants: [Somebody]?
    /// No part of a frame: what the ping carries that asks a client of the first form for a receipt.
    var receipt: Int?

    var isDurable: Bool { self.seq != nil && ["user", "claude", "system"].contains(self.type) }
    var isWelcome: Bool { self.event == "welcome" }
}

/// Reads frames, each only once.
final class FrameReader {
    private struct Key: Hashable {
        let frame: ObjectIdentifier
        let isReplay: Bool
    }

    /// What was read, with the frame, so that no other one gets its identity.
    private var known: [Key: (frame: Frame, received: ReceivedFrame)] = [:]
    private let decoder = JSONDecoder()

    func read(_ frame: Frame, isReplay: Bool = false) throws -> ReceivedFrame {
        let key = Key(frame: ObjectIdentifier(frame), isReplay: isReplay)
        if let known = self.known[key] { return known.received }
        let received = try self.read(isReplay ? ModelLink.replayed(frame) : frame.json)
        self.known[key] = (frame, received)
        return received
    }

    func read(_ json: [UInt8]) throws -> ReceivedFrame {
        do {
            return try self.decoder.decode(ReceivedFrame.self, from: Data(json))
        } catch {
            throw Violation("P3", "not a frame: \(String(decoding: json.prefix(200), as: UTF8.self))")
        }
    }
}
