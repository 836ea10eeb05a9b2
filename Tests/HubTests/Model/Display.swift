/// The messages that a page shows, by the rules for clients in section 9 of the protocol.
struct Display {
    struct Shown: Equatable {
        let seq: Int
        let id: String
    }

    /// Where the client stands, epoch and number as one value; nothing before its first welcome.
    private(set) var place: Place?
    private(set) var shown: [Shown] = []
    private var ids: Set<String> = []
    private var held: [Int: ReceivedFrame] = [:]
    private var pingsAhead = 0
    /// Whether the client has found out that it lacks something.
    private(set) var wantsResume = false
    var isResuming = false
    /// Whether the page speaks the first form of the protocol: it shows everything that it is sent.
    private let isSeed: Bool

    init(isSeed: Bool = false) { self.isSeed = isSeed }

    /// Begins with a connection.
    ///
    /// - Parameters:
    ///   - place: From where on a page that keeps no position is sent messages; nothing if it gets the newest ones anew.
    ///   - isOwn: Whether the page itself has confirmed that much. What another one had is missing in it.
    mutating func connect(from place: Place? = nil, isOwn: Bool = false) {
        if self.isSeed, !isOwn || self.place == nil {
            self = Display(isSeed: true)
            self.place = place
        }
        self.isResuming = false
        self.held = [:]
        self.wantsResume = false
        self.pingsAhead = 0
    }

    /// Takes a frame.
    ///
    /// - Returns: The messages that are shown from now on.
    mutating func receive(_ frame: ReceivedFrame, of run: RoomRun) throws {
        if frame.isWelcome {
            try self.welcome(frame)
        } else if frame.type == "ping" {
            let isAhead = (frame.top ?? 0) > (self.place?.seq ?? 0)
            self.pingsAhead = isAhead ? self.pingsAhead + 1 : 0
            if self.pingsAhead >= 2 { self.wantsResume = true }
        } else if frame.isDurable {
            try self.message(frame, of: run)
        }
    }

    /// Takes the answer to a poll.
    mutating func receive(poll answer: ReceivedFrame, of run: RoomRun) throws {
        let items = (answer.items ?? []).filter(\.isDurable)
        try self.start(answer, replayed: items.count)
        for item in items { try self.message(item, of: run) }
    }

    private mutating func welcome(_ frame: ReceivedFrame) throws {
        self.isResuming = false
        self.wantsResume = false
        self.pingsAhead = 0
        guard !self.isSeed else { return }
        try self.start(frame, replayed: frame.replayed ?? 0)
    }

    private mutating func start(_ answer: ReceivedFrame, replayed: Int) throws {
        guard let epoch = answer.epoch, let top = answer.top else {
            throw Violation("P4", "a welcome without position")
        }
        if answer.recovered == true {
            try promise("P5", self.place?.epoch == epoch, "recovered, but with another epoch")
            return
        }
        try promise("P5", answer.reset == true || self.place == nil, "the list was replaced without a reset")
        self.shown = []
        self.ids = []
        self.held = [:]
        self.place = Place(epoch: epoch, seq: top - replayed)
    }

    private mutating func message(_ frame: ReceivedFrame, of run: RoomRun) throws {
        guard let seq = frame.seq, let epoch = frame.epoch else { return }
        if self.isSeed, self.place == nil { self.place = Place(epoch: epoch, seq: seq - 1) }
        guard let place = self.place, place.epoch == epoch else {
            self.wantsResume = true
            return
        }
        guard seq > place.seq else { return }
        guard seq == place.seq + 1 else {
            try promise("P16", !self.isSeed, "\(seq) is shown after \(place.seq) in \(name(of: run.key))")
            self.held[seq] = frame
            self.wantsResume = true
            return
        }
        try self.show(frame, seq, of: run)
        while let next = self.held.removeValue(forKey: (self.place?.seq ?? 0) + 1) {
            try self.show(next, next.seq ?? 0, of: run)
        }
    }

    private mutating func show(_ frame: ReceivedFrame, _ seq: Int, of run: RoomRun) throws {
        let id = frame.id ?? ""
        self.place?.seq = seq
        try run.checkContent(frame)
        if let last = self.shown.last { try promise("P1", seq == last.seq + 1, "\(seq) is shown after \(last.seq)") }
        let mayRepeat = run.repeatedIDs.contains(id) || run.repeatedIDs.contains(frame.inReplyTo ?? "")
        try promise("P2", self.ids.insert(id).inserted || mayRepeat, "\(frame.describedShortly) is shown twice")
        self.shown.append(Shown(seq: seq, id: id))
    }

    /// Checks that the client shows what it should once nothing is on its way any more.
    func checkComplete(_ run: RoomRun) throws {
        try promise(
            "P12",
            self.place?.epoch == run.epoch || self.isSeed,
            "a client of \(name(of: run.key)) has another epoch"
        )
        let last = self.place?.seq ?? 0
        try promise("P12", last == run.top, "a client of \(name(of: run.key)) has come to \(last) of \(run.top)")
        try promise("P1", self.shown.last?.seq ?? last == last, "a client shows less than it has")
    }
}
