import Hub
import Messages

/// One connection: checks everything that the hub sends on it, and holds what the client hasn't read yet.
final class Connection {
    let link = ModelLink()
    let run: RoomRun
    let mode: ProtocolMode
    let author: Author
    /// Where the client of a long poll stood when it began to wait.
    let polledFrom: Place?
    /// What a client of the first form has confirmed, and what of that the hub has not got yet.
    var confirmed = 0
    var receipts: [Int] = []
    /// The number of the last message for which it was asked for a receipt.
    private var asked = 0
    /// The number that the next live message must have.
    private var nextLive: Int
    /// How many messages from history are still to come.
    private var replaysLeft = 0
    private var nextReplay = 0
    private(set) var inFlight: [ReceivedFrame] = []
    private(set) var queuedBytes = 0
    private var sizes: [Int] = []
    /// Whether a long poll that waits was told that a message has come.
    private(set) var isWoken = false
    /// The reply that is coming piece by piece on this connection.
    private var stream: (id: String, index: Int, text: String)?
    /// What the hub has been asked for and must send before the step is over.
    var awaitedWelcome: (from: Place?, recovery: RoomRun.Recovery)?
    var awaitedAck: (id: String, seq: Int, isDuplicate: Bool)?
    var isPingAwaited = false
    /// Who writes and who is there, in this order.
    var awaitedPassing: [Passing] = []

    init(_ run: RoomRun, _ mode: ProtocolMode, as author: Author = .visitor, polledFrom: Place? = nil) {
        self.author = author
        self.run = run
        self.mode = mode
        self.polledFrom = polledFrom
        self.nextLive = run.top + 1
    }

    /// Takes what the hub has sent since the last look.
    func inspect(_ reader: FrameReader) throws {
        for sent in self.link.take() {
            let received = try reader.read(sent.frame, isReplay: sent.isReplay)
            try self.check(received, sent.frame)
            if sent.frame.isDurable { self.isWoken = true }
            // What is replayed waits as references to the room's own messages and doesn't count.
            let size = sent.isReplay ? 0 : sent.frame.json.count
            self.inFlight.append(received)
            self.sizes.append(size)
            self.queuedBytes += size
        }
        self.askForReceipt()
        let place = name(of: self.run.key)
        try promise("P4", self.awaitedWelcome == nil, "no welcome in \(place)")
        try promise(
            "P4",
            self.replaysLeft == 0,
            "\(self.replaysLeft) fewer messages replayed in \(place) than announced"
        )
        try promise("P7", self.awaitedAck == nil, "no ack for \(self.awaitedAck?.id ?? "") in \(place)")
        let missing = self.awaitedPassing.first?.description ?? ""
        try promise("P13", self.awaitedPassing.isEmpty, "\(self.author.kind) of \(place) isn't told: \(missing)")
        try promise("P1", !self.isPingAwaited, "no ping in \(place)")
        let hasStream = self.run.stream?.audience?.contains(ObjectIdentifier(self)) ?? false
        try promise("P13", (self.stream != nil) == hasStream, "a stream of \(place) isn't as it should be")
        try promise("P1", self.nextLive == self.run.top + 1, "live message \(self.nextLive) of \(place) wasn't sent")
    }

    /// Queues what the transport sends to a client of the first form behind the messages of a tick.
    private func askForReceipt() {
        guard self.mode == .seed, let seq = self.inFlight.last(where: \.isDurable)?.seq, seq > self.asked else {
            return
        }
        self.asked = seq
        self.inFlight.append(ReceivedFrame(receipt: seq))
        self.sizes.append(0)
    }

    private func check(_ received: ReceivedFrame, _ frame: Frame) throws {
        if let session = received.sessionId {
            try promise(
                "P8",
                session == self.run.key.session.rawValue,
                "a frame of \(session) in \(name(of: self.run.key))"
            )
        }
        if let epoch = received.epoch {
            try promise("P8", epoch == self.run.epoch, "a frame of another epoch in \(name(of: self.run.key))")
        }
        if received.isWelcome { return try self.checkWelcome(received) }
        try promise("P4", self.awaitedWelcome == nil, "\(received.describedShortly) came before the welcome")
        if received.isDurable {
            try received.replay == true ? self.checkReplay(received) : self.checkLive(received, frame)
            return
        }
        switch received.type {
        case "ack": try self.checkAck(received)
        case "ping":
            try promise(
                "P1",
                received.top == self.run.top,
                "a ping says top \(received.top ?? -1), it is \(self.run.top)"
            )
            try promise("P1", self.isPingAwaited && self.mode == .v1, "a ping that nobody asked for")
            self.isPingAwaited = false
        case "reply.start", "reply.delta", "reply.end": try self.checkStream(received)
        case "typing", "presence": try self.checkPassing(received)
        default: throw Violation("P9", "a frame that nobody knows: \(received.describedShortly)")
        }
    }

    private func checkWelcome(_ welcome: ReceivedFrame) throws {
        guard let (place, recovery) = self.awaitedWelcome else {
            throw Violation("P4", "a welcome that nobody asked for")
        }
        self.awaitedWelcome = nil
        self.replaysLeft = recovery.replayed
        self.nextReplay = self.run.top - recovery.replayed + 1
        self.nextLive = self.run.top + 1
        guard self.mode == .v1 else { return }
        let given =
            place.map { "since \($0.seq) of \($0.epoch == self.run.epoch ? "this" : "another") epoch" } ?? "none"
        let window = "position \(given), replayable \(self.run.oldest)...\(self.run.top)"
        try promise("P5", welcome.reset == recovery.reset, "reset \(!recovery.reset): \(window)")
        try promise("P4", welcome.recovered == recovery.recovered, "recovered \(!recovery.recovered): \(window)")
        try promise("P4", welcome.wasRecovering == (place != nil), "wasRecovering is wrong: \(window)")
        let replayed = welcome.replayed ?? -1
        try promise("P4", replayed == recovery.replayed, "\(replayed) replays announced: \(window)")
        try promise("P4", welcome.top == self.run.top && welcome.epoch == self.run.epoch, "the welcome has another top")
    }

    private func checkReplay(_ received: ReceivedFrame) throws {
        let seq = received.seq ?? 0
        try promise("P4", self.replaysLeft > 0, "\(received.describedShortly) is one replay too many")
        try promise("P4", seq == self.nextReplay, "replay \(seq) instead of \(self.nextReplay)")
        self.replaysLeft -= 1
        self.nextReplay += 1
        try self.run.checkContent(received)
    }

    private func checkLive(_ received: ReceivedFrame, _ frame: Frame) throws {
        let seq = received.seq ?? 0
        // What comes before the replay is over and isn't marked as one is a replay without its mark.
        try promise("P4", self.replaysLeft == 0, "\(received.describedShortly) isn't marked as a replay")
        try promise("P2", seq >= self.nextLive, "live message \(seq) came twice")
        try promise("P1", seq <= self.nextLive, "live message \(seq) came, \(self.nextLive) didn't")
        self.nextLive += 1
        if self.run.entry(seq)?.frame !== frame { try self.run.checkContent(received) }
    }

    private func checkPassing(_ received: ReceivedFrame) throws {
        let told = Passing(received)
        let place = "\(self.author.kind) of \(name(of: self.run.key))"
        try promise("P13", told != nil, "\(place) is told something that can't be read")
        let expected = self.awaitedPassing.isEmpty ? nil : self.awaitedPassing.removeFirst()
        let due = expected?.description ?? "nothing"
        try promise("P13", told == expected, "\(place) is told \(told?.description ?? ""), not \(due)")
        try promise("P13", self.mode == .v1 || received.type == "typing", "a client of the first form gets presence")
        let says = self.mode == .seed ? received.state == "start" : nil
        try promise("P13", received.isTyping == says, "isTyping is \(String(describing: received.isTyping))")
    }

    private func checkAck(_ ack: ReceivedFrame) throws {
        guard let (id, seq, isDuplicate) = self.awaitedAck, self.mode == .v1 else {
            throw Violation("P7", "an ack that nobody waits for: \(ack.describedShortly)")
        }
        let isRight = ack.id == id && ack.seq == seq && ack.duplicate == isDuplicate && ack.epoch == self.run.epoch
        try promise("P7", isRight, "\(ack.describedShortly), duplicate \(ack.duplicate == true), for \(id) seq \(seq)")
        self.awaitedAck = nil
    }
}

// MARK: Replies that come piece by piece

extension Connection {
    private func checkStream(_ received: ReceivedFrame) throws {
        let id = received.replyId ?? ""
        let place = name(of: self.run.key)
        try promise("P14", self.mode == .v1, "a client of the first form gets \(received.type ?? "")")
        if received.type == "reply.start" {
            try promise("P13", self.stream == nil, "a second stream begins in \(place)")
            try promise("P8", self.run.stream?.handle.replyID == id, "\(id) isn't coming in \(place)")
            self.stream = (id, 0, "")
            return
        }
        guard var stream = self.stream, stream.id == id else { throw Violation("P13", "\(id) never began in \(place)") }
        if received.type == "reply.delta" {
            try promise(
                "P14",
                received.index == stream.index,
                "piece \(received.index ?? -1) instead of \(stream.index)"
            )
            stream.index += 1
            stream.text += received.text ?? ""
            let isPrefix = self.run.stream?.text.hasPrefix(stream.text) == true
            try promise("P14", isPrefix, "\"\(stream.text.suffix(30))\" isn't what was said in \(place)")
            self.stream = stream
        } else {
            let entry = self.run.entry(received.seq ?? 0)
            let isSame = entry?.id == id && entry?.text == received.text && self.nextLive > received.seq ?? .max
            try promise("P14", isSame, "the end of \(id) in \(place) isn't its message")
            self.stream = nil
        }
    }
}

// MARK: The way to the client

extension Connection {
    /// What the client reads next.
    func takeNext() -> ReceivedFrame? {
        guard !self.inFlight.isEmpty else { return nil }
        self.queuedBytes -= self.sizes.removeFirst()
        return self.inFlight.removeFirst()
    }

    /// Loses the newest frames of those on their way.
    func loseAll(but count: Int) {
        self.inFlight.removeLast(max(0, self.inFlight.count - count))
    }

    /// Loses one message on its way, as no socket does: the client must notice all the same.
    func loseMessage(_ pick: UInt64) -> ReceivedFrame? {
        let places = self.inFlight.indices.filter { self.inFlight[$0].isDurable }
        guard !places.isEmpty else { return nil }
        let place = places[Int(pick % UInt64(places.count))]
        self.queuedBytes -= self.sizes.remove(at: place)
        return self.inFlight.remove(at: place)
    }
}

extension RoomRun {
    /// Compares a message with the reference list.
    func checkContent(_ received: ReceivedFrame) throws {
        let place = name(of: self.key)
        if let text = received.message {
            let words = text.split(separator: " ", maxSplits: 2)
            let isOwn = words.count > 1 && words[1] == place
            try promise("P8", isOwn, "\(received.describedShortly) is of another room than \(place)")
        }
        guard let entry = self.entry(received.seq ?? 0) else {
            throw Violation("P1", "\(received.describedShortly) was never accepted in \(place)")
        }
        let isSame =
            received.id == entry.id && received.type == entry.type && received.message == entry.text
            && received.inReplyTo == entry.inReplyTo
        try promise("P3", isSame, "\(received.describedShortly) in \(place) instead of \(entry.id)")
    }
}
