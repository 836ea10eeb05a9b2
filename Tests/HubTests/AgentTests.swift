import Messages
import Synchronization
import Testing

@testable import Hub

@Suite("agents in rooms")
struct AgentTests {
    private let clocks = ManualClocks()
    private static let ada = Author(.agent, name: "Ada")

    private func join(_ hub: Hub, as author: Author = .visitor, of session: String = "s") throws -> (
        Room, RecordingLink
    ) {
        let room = try hub.reserve(try #require(SessionID(session)), for: author.kind)
        let link = RecordingLink()
        room.join(link, mode: .v1, from: nil, as: author)
        return (room, link)
    }

    private func hub(_ options: HubOptions = HubOptions(messageRate: nil)) -> Hub {
        Hub(options: options, clocks: self.clocks, subscriber: RecordingSubscriber())
    }

    @Test("what an agent says has the agent's name, starts no turn, and is taken once")
    func says() throws {
        let subscriber = RecordingSubscriber()
        let hub = Hub(options: HubOptions(messageRate: nil), clocks: self.clocks, subscriber: subscriber)
        let (_, visitor) = try self.join(hub)
        let (room, agent) = try self.join(hub, as: Self.ada)
        _ = (visitor.take(), agent.take())
        let message = UserMessage(id: "a1", text: "Good morning")
        #expect(try room.say(message, by: Self.ada, from: agent).isDuplicate == false)
        #expect(try room.say(message, by: Self.ada, from: agent).isDuplicate == true)
        let frames = visitor.take()
        #expect(frames.count == 3)
        #expect(frames[0] == #"{"type":"conversation","state":"human","agent":"Ada"}"#)
        #expect(frames[1].contains(#""type":"system","message":"Ada joined.""#))
        #expect(frames[2].contains(#""type":"claude","message":"Good morning""#))
        #expect(frames[2].contains(#""author":{"kind":"agent","name":"Ada"}"#) && !frames[2].contains("inReplyTo"))
        #expect(subscriber.seen.withLock { $0 }.isEmpty)
        #expect(agent.take().count { $0.hasPrefix(#"{"type":"ack","id":"a1""#) } == 2)
        let conflict = #expect(throws: ClientError.self) {
            try room.say(UserMessage(id: "a1", text: "Other"), by: Self.ada, from: agent)
        }
        #expect(conflict?.detail == "id_conflict")
    }

    @Test("agents take no places and no messages of the visitor, and have bounds of their own")
    func bounds() throws {
        let hub = self.hub(HubOptions(messageRate: RateLimit(1, burst: 1), connectionsPerRoom: 1))
        let (room, _) = try self.join(hub)
        let (_, agent) = try self.join(hub, as: Self.ada)
        #expect(throws: ClientError.self) { try hub.reserve(room.session, for: .agent) }
        #expect(throws: ClientError.self) { try hub.reserve(room.session) }
        _ = try room.say(UserMessage(id: "a1", text: "1"), by: Self.ada, from: agent)
        try room.accept(UserMessage(id: "m1", text: "1"), page: "/")
        let refused = #expect(throws: ClientError.self) {
            try room.say(UserMessage(id: "a2", text: "2"), by: Self.ada, from: agent)
        }
        #expect(refused?.code == .rateLimited && refused?.id == "a2")
    }

    @Test("a visitor is told who has the conversation also when the page is loaded anew")
    func welcome() throws {
        let hub = self.hub()
        let (room, _) = try self.join(hub)
        try room.change(to: .human, by: Self.ada)
        let (_, again) = try self.join(hub)
        #expect(again.take().first?.contains(#""conversation":"human","agent":"Ada""#) == true)
    }

    @Test("a room that a person is asked for stays in memory where nothing else keeps it")
    func pinned() throws {
        let hub = self.hub(HubOptions(messageRate: nil, rooms: 1))
        let (room, link) = try self.join(hub)
        #expect(room.handOver(to: nil, note: nil, reference: nil))
        room.leave(link)
        #expect(throws: ClientError.self) { try hub.pin(try #require(SessionID("other"))) }
        try room.change(to: .closed, by: .visitor)
        try hub.pin(try #require(SessionID("other"))).cancelReservation()
    }

    @Test("a list is bounded, and those that wait longest are in it")
    func longList() throws {
        let hub = self.hub()
        for number in 0..<250 {
            self.clocks.advance(milliseconds: 1)
            let room = try hub.pin(try #require(SessionID("s\(number)")))
            #expect(room.handOver(to: "q", note: nil, reference: nil))
        }
        let room = try hub.reserve(try #require(SessionID("desk")), for: .agent)
        let link = RecordingLink()
        room.join(link, mode: .v1, from: nil, as: Self.ada, isAtDesk: true)
        let list = try #require(link.take().last)
        #expect(list.hasSuffix(#","left":50}"#) && list.contains(#""s0""#) && !list.contains(#""s200""#))
        // Those of another site are no business of this one.
        let other = try hub.reserve(try #require(SessionID("desk")), of: try #require(SiteID("other")), for: .agent)
        let stranger = RecordingLink()
        other.join(stranger, mode: .v1, from: nil, as: Self.ada, isAtDesk: true)
        #expect(stranger.take().last == #"{"type":"conversations","event":"sync","items":[]}"#)
        try room.hub.desk.remove(RoomKey(site: .default, session: #require(SessionID("s7"))))
        #expect(stranger.take().isEmpty && link.take().count == 1)
    }

    @Test("what the server itself says is in the visitor's language", arguments: ServerTexts.allCases)
    func languages(_ texts: ServerTexts) throws {
        let (room, link) = try self.join(self.hub())
        _ = link.take()
        room.texts = texts
        try room.change(to: .human, by: Self.ada)
        try room.change(to: .bot, by: Self.ada)
        let said = link.take().filter { $0.contains(#""type":"system""#) }
        #expect(said.count == 2 && said[0].contains(texts.joined("Ada")) && said[1].contains(texts.left("Ada")))
    }

    @Test("nobody can ask for a person where none is offered, and no state that isn't theirs to choose")
    func refusals() throws {
        let (room, _) = try self.join(self.hub())
        for state in ConversationState.allCases where state != .closed {
            #expect(throws: ClientError.self) { try room.change(to: state, by: .visitor) }
        }
        #expect(throws: ClientError.self) { try room.change(to: .waiting, by: Self.ada) }
        #expect(room.standing.state == .bot)
    }

    @Test("what was handed over while nobody was there stays with the responders, and the visitor is told")
    func nobody() throws {
        let hub = self.hub()
        let (room, link) = try self.join(hub)
        self.clocks.advance(seconds: 60)
        _ = link.take()
        #expect(!room.handOver(to: nil, note: nil, reference: "AB12-CD34"))
        let frames = link.take()
        #expect(frames.count == 1 && frames[0].contains("Nobody is free at the moment."))
        #expect(frames.first?.contains("AB12-CD34") == true && room.standing.state == .bot)
    }

    @Test("an erased conversation is on no list")
    func erased() throws {
        let hub = self.hub()
        let (room, _) = try self.join(hub)
        #expect(room.handOver(to: nil, note: nil, reference: nil))
        hub.forget(room.key)
        #expect(room.hub.desk.due(at: .max, isOpen: { _ in true }).isEmpty)
    }

    @Test("a conversation that waited when the server stopped is listed and ends in time")
    func restored() throws {
        let hub = self.hub()
        let key = RoomKey(site: .default, session: try #require(SessionID("s")))
        hub.restore([(key, Standing(.waiting, since: self.clocks.timestamp(), queue: "q"))])
        let desk = try hub.reserve(try #require(SessionID("desk")), for: .agent)
        let link = RecordingLink()
        desk.join(link, mode: .v1, from: nil, as: Self.ada, isAtDesk: true)
        #expect(link.take().last?.contains(#""sessionId":"s","state":"waiting""#) == true)
        // Without a store the room itself is gone.
        self.clocks.advance(seconds: 1_800)
        hub.tick()
        #expect(link.take().last?.contains(#""state":"closed""#) == true)
    }
}
