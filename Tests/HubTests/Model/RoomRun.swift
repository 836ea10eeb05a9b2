import Hub
import Messages

/// The reference: what one life of a room has accepted, in which order, and what follows from that.
final class RoomRun {
    /// One message of the reference list; its place in the list is its number.
    struct Entry {
        let type: String
        let id: String
        let text: String
        let inReplyTo: String?
        let frame: Frame
    }

    /// What the room must know of a client's id.
    struct Record {
        let seq: Int
        let text: String
        /// Nanoseconds.
        let acceptedAt: UInt64
        /// How many ids the room had taken before this one.
        let place: Int
    }

    /// A message that the room is about to append.
    struct Expected {
        let type: String
        /// Nothing where the server makes one.
        let id: String?
        var text: String
        var inReplyTo: String?
        /// Whether the protocol leaves it open.
        var isOptional = false
    }

    /// A reply of which pieces are shown.
    struct Stream {
        let handle: ReplyStream
        /// All pieces so far.
        var text = ""
        /// The connections that were there when the first piece was shown; nothing before that.
        var audience: [ObjectIdentifier]?
    }

    let key: RoomKey
    let room: Room
    let epoch: String
    private(set) var entries: [Entry] = []
    private(set) var records: [String: Record] = [:]
    /// What was accepted with an id, in its order.
    private(set) var sent: [Outgoing] = []
    /// The ids that were taken more than once, long after one another.
    private(set) var repeatedIDs: Set<String> = []
    /// The ids of replies.
    private var replies: Set<String> = []
    /// Messages that the subscriber has got, for answers that come late.
    var inbounds: [InboundMessage] = []
    /// The numbers of the messages that wait for the subscriber; the first is with it.
    var turns: [Int] = []
    /// The message with the subscriber, if it takes longer.
    var openTurn: InboundMessage?
    /// The reply that is coming piece by piece.
    var stream: Stream?
    var reservations = 0
    var members = 0
    /// How many of them are agents, who take no places of the visitor.
    var agents = 0
    var seed = SeedReference()
    var passing = PassingReference()
    var rates = RateReference()
    /// Whether the hub was allowed to drop the room since it was last found.
    var mayBeDropped = false

    init(_ key: RoomKey, _ room: Room, epoch: String) {
        self.key = key
        self.room = room
        self.epoch = epoch
    }

    var top: Int { self.entries.count }
    /// How many connections count against the bound of somebody of that kind.
    func connections(of kind: Author.Kind) -> Int { kind == .agent ? self.agents : self.members - self.agents }

    var isInUse: Bool { self.members > 0 || self.reservations > 0 || !self.turns.isEmpty }

    func entry(_ seq: Int) -> Entry? { 1...max(1, self.top) ~= seq && self.top > 0 ? self.entries[seq - 1] : nil }

    /// The lowest number that can still be replayed: the last 100 messages, of at most 256 KiB, the newest always.
    var oldest: Int {
        var seq = self.top
        var bytes = 0
        while seq > 0, self.top - seq < 100 {
            bytes += self.entries[seq - 1].frame.json.count
            if bytes > 256 * 1_024, seq < self.top { break }
            seq -= 1
        }
        return seq + 1
    }
}

// MARK: What a client must be sent

extension RoomRun {
    /// Section 7 of the protocol.
    struct Recovery: Equatable {
        var recovered: Bool
        var reset: Bool
        var replayed: Int
    }

    func recovery(from place: Place?, limit: Int) -> Recovery {
        let oldest = self.oldest
        if let place, place.epoch == self.epoch, oldest - 1 <= place.seq, place.seq <= self.top {
            return Recovery(recovered: true, reset: false, replayed: self.top - place.seq)
        }
        return Recovery(recovered: false, reset: place != nil, replayed: min(self.top - oldest + 1, limit))
    }

    /// Section 11: the numbers of a page of history.
    func page(before: Int?, limit: Int) -> Range<Int> {
        let end = min(max(before ?? .max, self.oldest), self.top + 1)
        return max(self.oldest, end - limit)..<end
    }
}

// MARK: What the room must do with a message

extension RoomRun {
    enum Verdict: Equatable {
        case accepted, duplicate(seq: Int), conflict
        /// The id was taken so long ago that the room may have forgotten it.
        case open
    }

    /// Section 8: an id is known for 5 minutes, and as long as its message can be replayed, among the last 1,024.
    func verdict(on message: Outgoing, at now: UInt64) -> Verdict {
        guard let id = message.id, let record = self.records[id] else { return .accepted }
        guard self.mustKnow(record, at: now) else { return .open }
        return record.text == message.text ? .duplicate(seq: record.seq) : .conflict
    }

    private func mustKnow(_ record: Record, at now: UInt64) -> Bool {
        let isYoung = now < record.acceptedAt + 300 * 1_000_000_000
        return (isYoung || record.seq >= self.oldest) && self.sent.count - record.place <= 1_024
    }

    func noteAccepted(_ message: Outgoing, seq: Int, at now: UInt64) {
        guard let id = message.id else { return }
        if self.records[id] != nil {
            self.repeatedIDs.insert(id)
            for number in 1...3 { self.replies.remove(Self.replyID(number, of: id)) }
        }
        self.records[id] = Record(seq: seq, text: message.text, acceptedAt: now, place: self.sent.count)
        self.sent.append(message)
    }

    static func replyID(_ number: Int, of id: String) -> String { number == 1 ? "re:\(id)" : "re:\(id):\(number)" }

    func isPosted(_ number: Int, to inbound: InboundMessage) -> Bool {
        self.replies.contains(Self.replyID(number, of: inbound.message.id))
    }

    /// Whether the room may have no record of the replies to a message: nobody can send an id of the server twice, and
    /// one of a client is forgotten after a time.
    func mayHaveForgotten(_ inbound: InboundMessage, at now: UInt64) -> Bool {
        self.records[inbound.message.id].map { !self.mustKnow($0, at: now) } ?? true
    }

    /// What a reply must cause; nothing if it must not be shown.
    func expectedReply(_ number: Int, to inbound: InboundMessage, at now: UInt64) -> Expected? {
        let answered = inbound.message.id
        let id = Self.replyID(number, of: answered)
        var expected = Expected(type: "claude", id: id, text: replyText(number, self.key, inbound), inReplyTo: answered)
        let posted = (1...3).filter { self.isPosted($0, to: inbound) }
        guard posted.contains(number) else {
            // One that comes before those with lower numbers may be dropped or shown.
            expected.isOptional = posted.count != number - 1
            self.replies.insert(id)
            return expected
        }
        if self.mayHaveForgotten(inbound, at: now) {
            self.repeatedIDs.insert(answered)
            expected.isOptional = true
            return expected
        }
        return nil
    }

    /// Compares what the room has appended with what it should have.
    ///
    /// - Parameters:
    ///   - expected: In this order.
    ///   - newest: The newest frames of the room, one more than is expected and than is known.
    ///   - reader: Reads them.
    /// - Throws: What is broken.
    func settle(_ expected: [Expected], with newest: [Frame], _ reader: FrameReader) throws {
        var fresh = newest[...]
        if let last = self.entries.last, let known = newest.lastIndex(where: { $0 === last.frame }) {
            fresh = newest[(known + 1)...]
        }
        for next in expected {
            guard let frame = fresh.first else {
                try promise("P1", next.isOptional, "\"\(next.text.prefix(30))\" wasn't kept by \(name(of: self.key))")
                continue
            }
            let received = try reader.read(frame)
            let isSame = self.isSame(received, next)
            if !isSame, next.isOptional {
                if let id = next.id { self.replies.remove(id) }
                continue
            }
            try promise("P3", isSame, "\(received.describedShortly) instead of \"\(next.text.prefix(30))\"")
            try promise("P3", frame.isDurable, "\(received.describedShortly) isn't marked as a message")
            self.entries.append(
                Entry(
                    type: next.type,
                    id: received.id ?? "",
                    text: next.text,
                    inReplyTo: next.inReplyTo,
                    frame: frame
                )
            )
            fresh = fresh.dropFirst()
        }
        if let extra = fresh.first {
            throw Violation("P7", "\(try reader.read(extra).describedShortly) is one message too many")
        }
    }

    private func isSame(_ received: ReceivedFrame, _ expected: Expected) -> Bool {
        let isID = expected.id.map { $0 == received.id } ?? (received.id?.hasPrefix("srv:") == true)
        return isID && received.type == expected.type && received.message == expected.text
            && received.inReplyTo == expected.inReplyTo && received.seq == self.top + 1
            && received.epoch == self.epoch && received.sessionId == self.key.session.rawValue && received.replay == nil
    }
}

extension ReceivedFrame {
    /// For a person who looks for a mistake.
    var describedShortly: String {
        let text = self.message.map { " \"\($0.prefix(30))\"" } ?? ""
        return "\(self.type ?? "frame") \(self.id ?? self.event ?? "") seq \(self.seq ?? 0)\(text)"
    }
}
