import Messages
import Synchronization
import Testing

@testable import Hub

/// Clocks that stand still until a test moves them.
final class ManualClocks: Clocks {
    private let now = Mutex<UInt64>(1_000_000_000)

    func timestamp() -> Timestamp { Timestamp(milliseconds: Int64(self.nanoseconds() / 1_000_000)) }
    func nanoseconds() -> UInt64 { self.now.withLock { $0 } }
    func advance(milliseconds: UInt64) { self.now.withLock { $0 += milliseconds * 1_000_000 } }
    func advance(seconds: UInt64) { self.now.withLock { $0 += seconds * 1_000_000_000 } }
}

/// A connection that keeps what it was sent.
final class RecordingLink: Link {
    private let frames = Mutex<[String]>([])

    func send(_ frame: Frame) { self.frames.withLock { $0.append(String(decoding: frame.json, as: UTF8.self)) } }
    func replay(_ frames: [Frame]) {
        self.frames.withLock { all in
            all += frames.map { String(decoding: ServerFrame.replayed($0.json), as: UTF8.self) }
        }
    }
    func close(_ code: CloseCode, reason: String) {}

    /// What came since the last look, but for who is there.
    func take() -> [String] { self.takeAll().filter { !$0.hasPrefix(#"{"type":"presence","#) } }

    /// What came since the last look.
    func takeAll() -> [String] {
        self.frames.withLock { frames in
            defer { frames = [] }
            return frames
        }
    }
}

/// Takes messages and finishes them when it is told.
final class RecordingSubscriber: InboundSubscriber {
    let stopped = Mutex<[String]>([])
    let seen = Mutex<[String]>([])
    let overflown = Mutex<[String]>([])
    let answersLater: Bool

    init(answersLater: Bool = false) { self.answersLater = answersLater }

    func receive(_ message: InboundMessage, in room: Room) -> InboundProgress {
        self.seen.withLock { $0.append(message.message.text) }
        return self.answersLater ? .later : .finished
    }

    func overflow(_ message: InboundMessage, in room: Room) {
        self.overflown.withLock { $0.append(message.message.text) }
    }

    func stop(_ replyID: String, in room: Room) { self.stopped.withLock { $0.append("\(room.session) \(replyID)") } }
}

@Suite("rooms")
struct RoomTests {
    private let clocks = ManualClocks()

    @Test(
        "P16: of two tabs of the first form that are cut off together the one behind lacks nothing when it comes back"
    )
    func tabsTogether() throws {
        let hub = self.hub()
        let (room, ahead) = try self.join(hub, "a", mode: .seed)
        let behind = try self.join(hub, "a", mode: .seed).1
        for number in 1...4 { try room.accept(UserMessage(id: "m\(number)", text: "\(number)"), page: "/") }
        room.confirm(2, by: behind)
        room.confirm(4, by: ahead)
        room.leave(behind)
        self.clocks.advance(seconds: 35)
        room.leave(ahead)
        #expect(self.texts(try self.join(hub, "a", mode: .seed).1) == ["3", "4"])
    }

    @Test("P16: what a tab has confirmed since it came back counts when it is cut off again")
    func cutAgain() throws {
        let hub = self.hub()
        let (room, first) = try self.join(hub, "a", mode: .seed)
        for number in 1...4 { try room.accept(UserMessage(id: "m\(number)", text: "\(number)"), page: "/") }
        room.confirm(2, by: first)
        room.leave(first)
        let second = try self.join(hub, "a", mode: .seed).1
        #expect(self.texts(second) == ["3", "4"])
        room.confirm(4, by: second)
        room.leave(second)
        try room.accept(UserMessage(id: "m5", text: "5"), page: "/")
        #expect(self.texts(try self.join(hub, "a", mode: .seed).1) == ["5"])
    }

    @Test("a welcome names the optional features that are on, and says nothing where there are none")
    func features() throws {
        let (_, plain) = try self.join(self.hub(), "a")
        #expect(plain.take().first?.contains("features") == false)
        var options = HubOptions(messageRate: nil)
        options.features = { _ in ["attachments", "voice"] }
        let (_, other) = try self.join(self.hub(options), "a")
        #expect(other.take().first?.contains(#","features":["attachments","voice"]"#) == true)
    }

    private func hub(_ options: HubOptions = HubOptions(messageRate: nil), _ subscriber: RecordingSubscriber = .init())
        -> Hub
    {
        Hub(options: options, clocks: self.clocks, subscriber: subscriber)
    }

    private func join(_ hub: Hub, _ session: String, mode: ProtocolMode = .v1, from position: Position? = nil) throws
        -> (Room, RecordingLink)
    {
        let room = try hub.reserve(#require(SessionID(session)))
        let link = RecordingLink()
        room.join(link, mode: mode, from: position)
        return (room, link)
    }

    @Test("everybody in a room sees a message once, the sender its ack, and nobody in another room anything")
    func fanOut() throws {
        let hub = self.hub()
        let (room, first) = try self.join(hub, "a")
        let (_, second) = try self.join(hub, "a")
        let (_, stranger) = try self.join(hub, "b")
        for link in [first, second, stranger] { _ = link.take() }
        try room.accept(UserMessage(id: "m1", text: "hello"), page: "/", from: first)
        let seen = first.take()
        #expect(seen.count == 2)
        #expect(seen[1].hasPrefix(#"{"type":"ack","id":"m1","seq":1,"#))
        #expect(second.take() == [seen[0]])
        #expect(stranger.take().isEmpty)
    }

    @Test("the same id and text is taken once, and another text under it is a conflict")
    func dedupe() throws {
        let subscriber = RecordingSubscriber()
        let (room, link) = try self.join(self.hub(HubOptions(messageRate: nil), subscriber), "a")
        let first = try room.accept(UserMessage(id: "m1", text: "hello"), page: "/")
        _ = link.take()
        let again = try room.accept(UserMessage(id: "m1", text: "hello"), page: "/")
        #expect(again.seq == first.seq)
        #expect(again.isDuplicate)
        #expect(link.take().isEmpty)
        #expect(subscriber.seen.withLock { $0 } == ["hello"])
        let error = #expect(throws: ClientError.self) { try room.accept(UserMessage(id: "m1", text: "bye"), page: "/") }
        #expect(error?.detail == "id_conflict")
    }

    @Test("J2: a position inside the history is recovered exactly, and any other is a reset")
    func recovery() throws {
        let hub = self.hub()
        let (room, _) = try self.join(hub, "a")
        var epoch = ""
        for number in 1...130 {
            epoch = try room.accept(UserMessage(id: "m\(number)", text: "\(number)"), page: "/").epoch
        }
        let cases: [(epoch: String, seq: Int, replayed: Int, recovered: Bool)] = [
            (epoch, 130, 0, true), (epoch, 129, 1, true), (epoch, 30, 100, true), (epoch, 29, 100, false),
            (epoch, 131, 100, false), ("old.0000", 130, 100, false),
        ]
        for expected in cases {
            let position = try #require(Position(epoch: expected.epoch, seq: expected.seq))
            let (_, link) = try self.join(hub, "a", from: position)
            let frames = link.take()
            #expect(frames.count == 1 + expected.replayed)
            #expect(frames[0].contains("\"recovered\":\(expected.recovered),\"reset\":\(!expected.recovered)"))
            room.leave(link)
        }
        let (_, seed) = try self.join(hub, "a", mode: .seed)
        #expect(seed.take().count == 21)
    }

    @Test("the rate limit lets the burst through, says how long to wait, and lets go when that is over")
    func rateLimit() throws {
        let (room, _) = try self.join(self.hub(HubOptions(messageRate: .init(perSecond: 2, burst: 3))), "a")
        for number in 1...3 { try room.accept(UserMessage(id: "m\(number)", text: "x"), page: "/") }
        let error = #expect(throws: ClientError.self) { try room.accept(UserMessage(id: "m4", text: "x"), page: "/") }
        #expect(error?.code == .rateLimited)
        #expect(error?.retryAfterMilliseconds == 501)
        self.clocks.advance(seconds: 1)
        try room.accept(UserMessage(id: "m4", text: "x"), page: "/")
    }

    @Test("the slowest rate with the largest burst is a limit like any other")
    func slowestRate() {
        let limit = RateLimit(1, perSeconds: 86_400, burst: 1_000_000)
        var arrival: UInt64 = 0
        for _ in 0..<100 { #expect(limit.refuse(&arrival, at: 1) == nil) }
        arrival = .max / 2
        #expect(limit.refuse(&arrival, at: 1) != nil)
    }

    @Test("a reply to a room that the hub has given up leaves nothing in the count of bytes")
    func bytesOfDroppedRooms() throws {
        let hub = self.hub(HubOptions(messageRate: nil, rooms: 1))
        do {
            let (room, link) = try self.join(hub, "a")
            try room.accept(UserMessage(id: "m1", text: "hello"), page: "/")
            #expect(hub.historyBytes > 0)
            room.leave(link)
            _ = try hub.reserve(try #require(SessionID("b")))
            room.announce("too late")
        }
        #expect(hub.historyBytes == 0)
    }

    @Test("messages are handed over one at a time, in order, and what is too much is told")
    func serial() throws {
        let subscriber = RecordingSubscriber(answersLater: true)
        let (room, _) = try self.join(self.hub(HubOptions(messageRate: nil, waitingMessages: 2), subscriber), "a")
        for text in ["1", "2", "3", "4"] { try room.accept(UserMessage(id: "m\(text)", text: text), page: "/") }
        #expect(subscriber.seen.withLock { $0 } == ["1"])
        #expect(subscriber.overflown.withLock { $0 } == ["4"])
        room.finishedInbound()
        room.finishedInbound()
        #expect(subscriber.seen.withLock { $0 } == ["1", "2", "3"])
    }

    @Test("a reply has the message's id, and a second answer to the same question isn't shown")
    func replies() throws {
        let (room, link) = try self.join(self.hub(), "a")
        let inbound = InboundMessage(
            message: Message(.user, "hello", id: "m1", at: Timestamp(milliseconds: 0)),
            seq: 1,
            page: "/",
            turnID: "t1"
        )
        try room.accept(UserMessage(id: "m1", text: "hello"), page: "/")
        _ = link.take()
        room.reply(Room.Answer("Hi"), to: inbound)
        room.reply(Room.Answer("Hi again"), to: inbound)
        room.reply(Room.Answer("And more"), to: inbound, number: 2)
        let frames = link.take()
        #expect(frames.count == 2)
        #expect(frames[0].contains(#""id":"re:m1""#))
        #expect(frames[1].contains(#""id":"re:m1:2""#))
    }

    @Test("each reply to a message is shown once, also if one before it was never posted")
    func repliesWithAHole() throws {
        let (room, link) = try self.join(self.hub(), "a")
        let inbound = InboundMessage(
            message: Message(.user, "hello", id: "m1", at: Timestamp(milliseconds: 0)),
            seq: 1,
            page: "/",
            turnID: "t1"
        )
        try room.accept(UserMessage(id: "m1", text: "hello"), page: "/")
        _ = link.take()
        for number in [3, 2, 3, 2, 1] { room.reply(Room.Answer("Hi"), to: inbound, number: number) }
        let frames = link.take()
        #expect(frames.count == 3)
        for (frame, id) in zip(frames, ["re:m1:3", "re:m1:2", "re:m1"]) { #expect(frame.contains("\"id\":\"\(id)\"")) }
    }

    @Test("G3 G8: a full room and a full hub are told apart, and idle rooms make place")
    func caps() throws {
        let hub = self.hub(HubOptions(messageRate: nil, connectionsPerRoom: 1, rooms: 2))
        let (_, _) = try self.join(hub, "a")
        let session = try #require(SessionID("a"))
        #expect(#expect(throws: ClientError.self) { _ = try hub.reserve(session) }?.code == .rateLimited)
        let (idle, link) = try self.join(hub, "b")
        let other = try #require(SessionID("c"))
        #expect(#expect(throws: ClientError.self) { _ = try hub.reserve(other) }?.code == .overloaded)
        idle.leave(link)
        #expect(try hub.reserve(other).session == other)
    }

    @Test("threads that send at once get one order without holes")
    func threads() async throws {
        let (room, link) = try self.join(self.hub(), "a")
        _ = link.take()
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<50 {
                        _ = try? room.accept(UserMessage(id: "t\(task)-\(number)", text: "x"), page: "/")
                    }
                }
            }
        }
        let numbers = link.take().compactMap { frame in
            frame.firstRange(of: "\"seq\":").flatMap { Int(frame[$0.upperBound...].prefix { $0.isNumber }) }
        }
        #expect(numbers == Array(1...400))
    }

    // MARK: Clients of the first form

    private func texts(_ link: RecordingLink) -> [String] {
        link.take().compactMap { frame in
            frame.split(separator: #""message":""#).dropFirst().first?.split(separator: "\"").first.map(String.init)
        }
        .filter { $0 != "Connected" }
    }

    /// A room in which three messages were said, and a client of the first form that has certainly got two of them.
    private func seedScene() throws -> (hub: Hub, room: Room) {
        let hub = self.hub()
        let (room, link) = try self.join(hub, "a", mode: .seed)
        for index in 1...3 { try room.accept(UserMessage(id: "m\(index)", text: "text \(index)"), page: "/") }
        room.confirm(2, by: link)
        room.confirm(99, by: link)
        room.leave(link, isPageLeft: false)
        return (hub, room)
    }

    @Test("GT7 P16: a client of the first form that was cut off gets what it has not confirmed, and nothing twice")
    func seedCursor() throws {
        let (hub, room) = try self.seedScene()
        let (_, again) = try self.join(hub, "a", mode: .seed)
        #expect(self.texts(again) == ["text 3"])
        room.confirm(3, by: again)
        room.leave(again)
        self.clocks.advance(seconds: 599)
        #expect(try self.texts(self.join(hub, "a", mode: .seed).1) == [])
    }

    @Test("P16: a page that was left, a long absence and a second tab are shown the last messages anew")
    func seedWithoutCursor() throws {
        let all = ["text 1", "text 2", "text 3"]
        let (late, _) = try self.seedScene()
        self.clocks.advance(seconds: 600)
        #expect(try self.texts(self.join(late, "a", mode: .seed).1) == all)

        let (tabs, _) = try self.seedScene()
        _ = try self.join(tabs, "a", mode: .seed)
        #expect(try self.texts(self.join(tabs, "a", mode: .seed).1) == all)

        let (left, room) = try self.seedScene()
        let (_, page) = try self.join(left, "a", mode: .seed)
        room.confirm(3, by: page)
        room.leave(page, isPageLeft: true)
        #expect(try self.texts(self.join(left, "a", mode: .seed).1) == all)
    }

    @Test("P16: a client of the first form that was cut off before it confirmed anything gets the last messages only")
    func seedWithoutReceipt() throws {
        let hub = self.hub()
        let (room, link) = try self.join(hub, "a", mode: .seed)
        for index in 1...30 { try room.accept(UserMessage(id: "m\(index)", text: "text \(index)"), page: "/") }
        room.leave(link, isPageLeft: false)
        #expect(try self.texts(self.join(hub, "a", mode: .seed).1) == (11...30).map { "text \($0)" })
    }

    @Test("P16: what one tab of the first form has got isn't left out in another that was cut off before it got it")
    func seedTabs() throws {
        let (hub, room) = try self.seedScene()
        let (_, first) = try self.join(hub, "a", mode: .seed)
        let (_, second) = try self.join(hub, "a", mode: .seed)
        room.confirm(3, by: first)
        room.confirm(1, by: second)
        room.leave(first)
        room.confirm(3, by: first)
        room.leave(second)
        #expect(try self.texts(self.join(hub, "a", mode: .seed).1) == ["text 2", "text 3"])
    }

    // MARK: Memory

    @Test("the messages of all rooms stay within their bound: idle rooms go first, then everybody keeps less")
    func historyBound() throws {
        var options = HubOptions(messageRate: nil)
        options.historyBytes = 64 * 1_024
        let hub = self.hub(options)
        let text = String(repeating: "x", count: 4_000)
        func fill(_ room: Room) throws {
            for index in 0..<8 { try room.accept(UserMessage(id: "m\(index)", text: text), page: "/") }
        }
        let (idle, link) = try self.join(hub, "idle")
        try fill(idle)
        idle.leave(link)
        #expect(hub.historyBytes > 8 * 4_000)
        let (first, _) = try self.join(hub, "first")
        try fill(first)
        hub.tick()
        #expect(hub.rooms == 1)
        let (second, reader) = try self.join(hub, "second")
        try fill(second)
        hub.tick()
        #expect(hub.rooms == 2)
        #expect(hub.historyBytes <= options.historyBytes)
        // What is left is the newest, and a client that wants more is told to start anew.
        _ = reader.take()
        try second.resume(reader, from: #require(Position(epoch: second.epoch, seq: 0)))
        let welcome = try #require(reader.take().first)
        #expect(welcome.contains(#""top":8"#) && welcome.contains(#""reset":true"#))
    }
}
