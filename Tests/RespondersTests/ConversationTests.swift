import Responders
import RespondersTesting
import Testing

/// What a conversation remembers of its turns, by the time of the messages.
@Suite("a conversation")
struct ConversationTests {
    /// What came of a message of this conversation at a moment, where a responder decided so.
    private static func result(_ conversation: Conversation, at time: Int64, _ verdict: Verdict) throws -> ChainResult {
        let chain = Chain(name: "test", entries: [Chain.Entry(Immediate(verdict), name: "a", stage: .answer)])
        let turn = Turn(
            id: TurnID("t1"),
            message: Incoming(id: "m1", text: "hello", serverTime: time),
            conversation: conversation,
            localTime: try #require(TimeOfDay("12:00"))
        )
        guard case .finished(let result) = chain.begin(turn) else { throw Mismatch("the chain waited") }
        return result
    }

    private static func after(_ conversation: Conversation, at time: Int64, _ found: Augmentation) throws
        -> Conversation
    {
        var conversation = conversation
        conversation.remember(try self.result(conversation, at: time, .reply("ok", keep: found)))
        return conversation
    }

    private let fresh = Conversation(sessionID: "s", said: [:])

    @Test("keeps a topic until it is replaced, closed or ends by itself")
    func topics() throws {
        let forever = try Self.after(self.fresh, at: 1_000, Augmentation(topic: "billing"))
        #expect(forever.topic == "billing")
        #expect(forever.topicEnd == nil)
        let untouched = try Self.after(forever, at: 9_000_000, Augmentation())
        #expect(untouched.topic == "billing")
        let short = try Self.after(forever, at: 1_000, Augmentation(topic: .open("bug", for: .seconds(10))))
        #expect(short.topic == "bug")
        #expect(short.topicEnd == 11_000)
        #expect(try Self.after(short, at: 10_999, Augmentation()).topic == "bug")
        #expect(try Self.after(short, at: 11_000, Augmentation()).topic == nil)
        let closed = try Self.after(short, at: 2_000, Augmentation(topic: .close))
        #expect(closed.topic == nil)
        #expect(closed.topicEnd == nil)
        let longer = try Self.after(short, at: 2_000, Augmentation(topic: "vip"))
        #expect(longer.topicEnd == nil)
    }

    @Test("never shows a responder a topic that has ended")
    func endedTopic() throws {
        let short = Conversation(sessionID: "s", topic: "bug", topicEnd: 11_000)
        #expect(try Self.result(short, at: 10_999, .pass()).turn.conversation.topic == "bug")
        #expect(try Self.result(short, at: 11_000, .pass()).turn.conversation.topic == nil)
    }

    @Test("keeps its own cooldowns until they end, and not those of visitors and sites")
    func cooldowns() throws {
        let found = Augmentation(cooldowns: [
            Cooldown("slow", for: .seconds(10)), Cooldown("news", scope: .visitor, for: .seconds(10)),
            Cooldown("outage", scope: .site, for: .seconds(10)),
        ])
        let conversation = try Self.after(self.fresh, at: 1_000, found)
        #expect(conversation.cooldowns == ["slow": 11_000])
        #expect(conversation.cooldownLeft(of: "slow", at: 4_000) == .seconds(7))
        #expect(conversation.cooldownLeft(of: "slow", at: 11_000) == nil)
        #expect(conversation.cooldownLeft(of: "news", at: 4_000) == nil)
        let later = try Self.after(conversation, at: 20_000, Augmentation(cooldowns: [Cooldown("x", for: .seconds(1))]))
        #expect(later.cooldowns == ["x": 21_000])
    }

    @Test("remembers what a turn found that ended in silence or went to a person")
    func silence() throws {
        let found = Augmentation(tags: ["spam"], topic: "spam")
        for verdict in [Verdict.suppress(reason: "spam", keep: found), .handoff(Handoff(), keep: found)] {
            var conversation = self.fresh
            conversation.remember(try Self.result(conversation, at: 0, verdict))
            #expect(conversation.topic == "spam")
            #expect(conversation.tags == ["spam"])
        }
    }

    @Test("tells the responders of the chain what reaches beyond it, once a turn is delivered and only then")
    func delivery() throws {
        let listener = Listener()
        let site = Cooldown("outage", scope: .site, for: .seconds(10))
        let found = Augmentation(cooldowns: [Cooldown("slow", for: .seconds(10)), site])
        let chain = Chain(
            name: "test",
            entries: [
                Chain.Entry(Immediate(.reply("ok", keep: found)), name: "a", stage: .answer),
                Chain.Entry(listener, name: "b", stage: .fallback),
            ]
        )
        let turn = Turn(
            id: TurnID("t1"),
            message: Incoming(id: "m1", text: "hello"),
            conversation: self.fresh,
            localTime: try #require(TimeOfDay("12:00"))
        )
        guard case .finished(let result) = chain.begin(turn) else { throw Mismatch("the chain waited") }
        #expect(listener.heard == [])
        chain.delivered(result)
        #expect(listener.heard == [[site]])
    }
}
