import Messages
import Synchronization
import Testing

@testable import Hub

/// Who writes, who is there, and replies that come piece by piece.
@Suite("what passes")
struct PassingTests {
    private let clocks = ManualClocks()
    private let agent = Author(.agent, name: "Ada")

    private func hub(_ options: HubOptions = HubOptions(messageRate: nil)) -> Hub {
        Hub(options: options, clocks: self.clocks, subscriber: RecordingSubscriber(answersLater: true))
    }

    private func join(
        _ hub: Hub,
        as author: Author = .visitor,
        mode: ProtocolMode = .v1,
        _ session: String = "a"
    ) throws -> (Room, RecordingLink) {
        let room = try hub.reserve(#require(SessionID(session)))
        let link = RecordingLink()
        room.join(link, mode: mode, from: nil, as: author)
        _ = link.takeAll()
        return (room, link)
    }

    @Test("the others see that somebody writes, each in the form that it speaks, and nobody sees it of themselves")
    func typing() throws {
        let hub = self.hub()
        let (room, first) = try self.join(hub)
        let (_, tab) = try self.join(hub)
        let (_, agent) = try self.join(hub, as: self.agent)
        let (_, old) = try self.join(hub, as: Author(.agent, name: "Old"), mode: .seed)
        for link in [first, tab, agent, old] { _ = link.takeAll() }
        room.typing(true, by: .visitor)
        #expect(first.takeAll().isEmpty)
        #expect(tab.takeAll().isEmpty)
        let shown = #""author":{"kind":"visitor"},"expiresMs":6000}"#
        #expect(agent.takeAll() == [#"{"type":"typing","state":"start","# + shown])
        #expect(old.takeAll() == [#"{"type":"typing","state":"start","isTyping":true,"# + shown])
        room.typing(true, by: .visitor)
        #expect(agent.takeAll().isEmpty, "only changes are told")
        room.typing(false, by: .visitor)
        #expect(agent.takeAll().count == 1)
    }

    @Test("P13: whoever isn't heard of any more has stopped writing after 6 seconds, or when the message is sent")
    func typingEnds() throws {
        let hub = self.hub()
        let (room, visitor) = try self.join(hub)
        let (_, agent) = try self.join(hub, as: self.agent)
        room.typing(true, by: .visitor)
        _ = agent.takeAll()
        self.clocks.advance(seconds: 5)
        hub.tick()
        #expect(agent.takeAll().isEmpty)
        self.clocks.advance(seconds: 1)
        hub.tick()
        #expect(agent.takeAll().first?.contains(#""state":"stop""#) == true)
        room.typing(true, by: .visitor)
        _ = agent.takeAll()
        try room.accept(UserMessage(id: "m1", text: "hello"), page: "/", from: visitor)
        let seen = agent.takeAll()
        #expect(seen.first?.contains(#""state":"stop""#) == true)
        #expect(seen.last?.hasPrefix(#"{"type":"user""#) == true)
    }

    @Test("P13: a visitor who goes away while writing has stopped")
    func typingEndsWithTheConnection() throws {
        let hub = self.hub()
        let (room, visitor) = try self.join(hub)
        let (_, agent) = try self.join(hub, as: self.agent)
        room.typing(true, by: .visitor)
        _ = agent.takeAll()
        room.leave(visitor)
        #expect(agent.takeAll().map { $0.contains(#""state":"stop""#) } == [true])
    }

    @Test("G7: a flood of typing is dropped without a word, and a flood of questions who is there is refused")
    func floods() throws {
        let hub = self.hub()
        let (room, visitor) = try self.join(hub)
        let (_, agent) = try self.join(hub, as: self.agent)
        _ = agent.takeAll()
        for index in 0..<100 { room.typing(index.isMultiple(of: 2), by: .visitor) }
        #expect(agent.takeAll().count == 4)
        #expect(visitor.takeAll().allSatisfy { !$0.contains("error") })
        for _ in 0..<5 { try room.presence(to: visitor) }
        let error = #expect(throws: ClientError.self) { try room.presence(to: visitor) }
        #expect(error?.code == .rateLimited)
    }

    @Test("two tabs are one visitor with two connections")
    func tabs() throws {
        let hub = self.hub()
        let (room, first) = try self.join(hub)
        let (_, agent) = try self.join(hub, as: self.agent)
        _ = first.takeAll()
        _ = agent.takeAll()
        let second = try self.join(hub).1
        #expect(agent.takeAll().isEmpty, "a second tab is nobody new")
        try room.presence(to: agent)
        #expect(
            agent.takeAll() == [
                #"{"type":"presence","event":"sync","participants":[{"kind":"visitor","connections":2},"#
                    + #"{"kind":"agent","name":"Ada","connections":1}]}"#
            ]
        )
        room.leave(second)
        self.clocks.advance(seconds: 10)
        hub.tick()
        #expect(agent.takeAll().isEmpty, "one tab is left")
    }

    @Test("a page that is changed is no farewell, and whoever stays away for 5 seconds has left")
    func departure() throws {
        let hub = self.hub()
        let (room, visitor) = try self.join(hub)
        let (_, agent) = try self.join(hub, as: self.agent)
        _ = agent.takeAll()
        room.leave(visitor)
        self.clocks.advance(seconds: 4)
        hub.tick()
        let back = try self.join(hub).1
        self.clocks.advance(seconds: 10)
        hub.tick()
        #expect(agent.takeAll().isEmpty)
        room.leave(back)
        self.clocks.advance(seconds: 5)
        hub.tick()
        #expect(
            agent.takeAll() == [
                #"{"type":"presence","event":"leave","participants":[{"kind":"visitor","connections":0}]}"#
            ]
        )
        _ = try self.join(hub)
        #expect(
            agent.takeAll() == [
                #"{"type":"presence","event":"join","participants":[{"kind":"visitor","connections":1}]}"#
            ]
        )
    }

    @Test("D2: neither typing nor presence nor a piece of a reply reaches another room")
    func isolation() throws {
        let hub = self.hub()
        let (room, visitor) = try self.join(hub)
        let stranger = try self.join(hub, as: self.agent, "b").1
        _ = try self.join(hub, as: self.agent)
        room.typing(true, by: .visitor)
        let stream = try #require(try self.stream(in: room, from: visitor))
        stream.append("secret")
        stream.end(Room.Answer("secret"))
        room.leave(visitor)
        self.clocks.advance(seconds: 60)
        hub.tick()
        #expect(stranger.takeAll().isEmpty)
    }

    // MARK: Replies piece by piece

    @Test("P14: a reply that is too long is shown up to where it was cut, and nothing of it after that")
    func cutReply() throws {
        let hub = self.hub()
        let (room, visitor) = try self.join(hub)
        let stream = try #require(try self.stream(in: room, from: visitor))
        let long = String(repeating: "a", count: Limits.messageBytes - 2)
        for piece in [long, "bcé", "d"] {
            stream.append(piece)
            self.clocks.advance(seconds: 1)
            stream.flush()
        }
        _ = visitor.takeAll()
        stream.cancel()
        let stored = try #require(visitor.takeAll().first)
        #expect(stored.contains("aabc\""))
        #expect(!stored.contains("bcd"))
    }

    private func stream(in room: Room, from visitor: RecordingLink, id: String = "m1") throws -> ReplyStream? {
        try room.accept(UserMessage(id: id, text: "hello"), page: "/", from: visitor)
        let inbound = InboundMessage(
            message: Message(.user, "hello", id: id, at: self.clocks.timestamp()),
            seq: 1,
            page: "/",
            turnID: "t1"
        )
        return room.beginStream(to: inbound, turnID: "t9")
    }

    @Test("P14: the pieces are the beginning of the text, the message comes before the end, and seed sees it alone")
    func pieces() throws {
        let hub = self.hub()
        let (room, visitor) = try self.join(hub)
        let seed = try self.join(hub, mode: .seed).1
        let stream = try #require(try self.stream(in: room, from: visitor))
        _ = visitor.takeAll()
        _ = seed.takeAll()
        stream.append("Open ")
        let late = try self.join(hub).1
        self.clocks.advance(milliseconds: 60)
        stream.append("settings")
        stream.append(".")
        #expect(
            visitor.take() == [
                #"{"type":"reply.start","replyId":"re:m1","turnId":"t9","inReplyTo":"m1","author":{"kind":"responder"}}"#,
                #"{"type":"reply.delta","replyId":"re:m1","index":0,"text":"Open "}"#,
                #"{"type":"reply.delta","replyId":"re:m1","index":1,"text":"settings"}"#,
            ]
        )
        stream.end(Room.Answer("Open settings."))
        let end = visitor.take()
        #expect(end.count == 2)
        #expect(end.first?.hasPrefix(#"{"type":"claude","message":"Open settings.","#) == true)
        #expect(
            end.last?.hasPrefix(
                #"{"type":"reply.end","replyId":"re:m1","text":"Open settings.","finish":"complete","seq":2,"#
            ) == true
        )
        for link in [seed, late] {
            let seen = link.take()
            #expect(seen.count == 1)
            #expect(seen.first?.hasPrefix(#"{"type":"claude","message":"Open settings.","#) == true)
        }
    }

    @Test("pieces that come fast are shown together, 20 times a second at most, and what is left at the next tick")
    func gathering() throws {
        let hub = self.hub()
        let (room, visitor) = try self.join(hub)
        let stream = try #require(try self.stream(in: room, from: visitor))
        _ = visitor.takeAll()
        for _ in 0..<1_000 {
            stream.append("x")
            self.clocks.advance(milliseconds: 1)
        }
        let deltas = visitor.take().filter { $0.contains("reply.delta") }
        #expect(deltas.count == 20)
        self.clocks.advance(seconds: 1)
        hub.tick()
        #expect(visitor.take().count == 1)
    }

    @Test("P13: a reply that is given up leaves nothing where nothing was shown, and is stored as cut off where it was")
    func cancelled() throws {
        let hub = self.hub()
        let (room, visitor) = try self.join(hub)
        let first = try #require(try self.stream(in: room, from: visitor))
        _ = visitor.takeAll()
        #expect(!first.cancel())
        #expect(visitor.take().isEmpty)
        let second = try #require(try self.stream(in: room, from: visitor, id: "m2"))
        _ = visitor.takeAll()
        second.append("Half")
        #expect(second.cancel())
        let seen = visitor.take()
        #expect(seen.count == 4)
        #expect(seen[2].contains(#""message":"Half""#) && seen[2].contains(#""finish":"error""#))
        #expect(seen[3].hasPrefix(#"{"type":"reply.end""#))
        second.append("more")
        second.end(Room.Answer("Half more"))
        #expect(visitor.take().isEmpty, "what comes after the end is dropped")
    }

    @Test("a stream whose reply was posted another way ends with that message, whatever came after it")
    func postedMeanwhile() throws {
        let hub = self.hub()
        let (room, visitor) = try self.join(hub)
        let stream = try #require(try self.stream(in: room, from: visitor))
        stream.append("Open ")
        let message = Message(.user, "hello", id: "m1", at: self.clocks.timestamp())
        room.reply(Room.Answer("Closed."), to: InboundMessage(message: message, seq: 1, page: "/", turnID: "t1"))
        room.announce("something else")
        _ = visitor.takeAll()
        stream.end(Room.Answer("Open settings."))
        let end = visitor.take()
        let shown = #"{"type":"reply.end","replyId":"re:m1","text":"Closed.","finish":"complete","seq":2,"#
        #expect(end.count == 1 && end.first?.hasPrefix(shown) == true)
    }

    @Test("D8: a visitor stops no reply of another room, and none that isn't under way")
    func foreignStop() throws {
        let subscriber = RecordingSubscriber(answersLater: true)
        let hub = Hub(options: HubOptions(messageRate: nil), clocks: self.clocks, subscriber: subscriber)
        let (room, visitor) = try self.join(hub)
        let stranger = try self.join(hub, "b").0
        let stream = try #require(try self.stream(in: room, from: visitor))
        stream.append("Open settings.")
        stranger.stop(stream.replyID)
        room.stop("re:other")
        #expect(subscriber.stopped.withLock { $0.isEmpty })
        room.stop(stream.replyID)
        #expect(subscriber.stopped.withLock { $0 } == ["a \(stream.replyID)"])
        stream.end(Room.Answer("Open settings."))
        room.stop(stream.replyID)
        #expect(subscriber.stopped.withLock { $0.count } == 1)
    }

    @Test("one reply at a time comes piece by piece, and one that was given isn't begun again")
    func oneStream() throws {
        let hub = self.hub()
        let (room, visitor) = try self.join(hub)
        let first = try #require(try self.stream(in: room, from: visitor))
        #expect(try self.stream(in: room, from: visitor, id: "m2") == nil)
        first.end(Room.Answer("Done."))
        #expect(try self.stream(in: room, from: visitor) == nil)
    }

    @Test("a reply holds no more than a message does, and ends with a whole character")
    func bounded() throws {
        let hub = self.hub()
        let (room, visitor) = try self.join(hub)
        let stream = try #require(try self.stream(in: room, from: visitor))
        _ = visitor.takeAll()
        for _ in 0..<2_000 { stream.append("👩‍👩‍👧‍👦") }
        self.clocks.advance(seconds: 1)
        stream.flush()
        stream.cancel()
        let text = try #require(visitor.take().first { $0.hasPrefix(#"{"type":"claude""#) })
        let count = text.split(separator: "👩‍👩‍👧‍👦", omittingEmptySubsequences: false).count - 1
        #expect(count == Limits.messageBytes / "👩‍👩‍👧‍👦".utf8.count)
    }
}
