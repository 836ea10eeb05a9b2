import Messages
import Synchronization
import Testing

@testable import Hub

/// A room, its visitor, two agents and a list of conversations in random order, against a plain account of the rules.
@Suite("the model of a conversation")
struct ConversationModelTests {
    @Test("whatever visitors, responders, agents and the clock do, everybody sees one state, and it is the right one")
    func random() throws {
        for seed in 1...UInt64(300) {
            var run = try ConversationRun(seed: seed)
            for step in 0..<120 {
                try run.step()
                if let problem = run.problem {
                    Issue.record(
                        "seed \(seed), step \(step): \(problem)\n\(run.trace.suffix(40).joined(separator: "\n"))"
                    )
                    return
                }
            }
        }
    }
}

/// The rules once more, as plainly as they can be said.
private struct Reference {
    var state = ConversationState.bot
    var since: Int64
    var agent: String?
    var lastSpoken: Int64 = 0
    var inRoom: Set<String> = []
    var agentLeft: Int64 = 0
    var atDesk = false
    var vacantSince: Int64
    /// Whether what a responder says to the last message is still shown.
    var mayReply = false

    var isVacant: Bool { self.inRoom.isEmpty && !self.atDesk }
    func isDeserted(at now: Int64) -> Bool { self.isVacant && now >= self.vacantSince + 60_000 }

    mutating func become(_ state: ConversationState, at now: Int64, agent: String? = nil) {
        (self.state, self.since, self.agent) = (state, now, agent)
        if state != .bot { self.mayReply = false }
    }

    mutating func tick(at now: Int64) {
        let (half, day) = (Int64(30 * 60_000), Int64(24 * 3_600_000))
        let isOver =
            switch self.state {
            case .waiting: now >= self.since + half || self.isDeserted(at: now)
            case .human: self.inRoom.isEmpty && now >= max(self.since, self.agentLeft) + half
            case .bot, .closed: false
            }
        if isOver { return self.become(.bot, at: now) }
        if self.state.isAttended, now >= max(self.lastSpoken, self.since) + day { self.become(.closed, at: now) }
    }
}

private struct ConversationRun {
    private let clocks = ManualClocks()
    private let hub: Hub
    private let subscriber = AskedSubscriber()
    private let room: Room
    private let visitor = RecordingLink()
    private let desk = RecordingLink()
    private let links = ["Ada": RecordingLink(), "Bob": RecordingLink()]
    private var reference: Reference
    private var random: SplitMix64
    private var number = 0
    /// What the visitor's page shows as the state.
    private var shown = ConversationState.bot
    /// What the list shows, if somebody looks at it.
    private var listed: String?
    private(set) var trace: [String] = []
    private(set) var problem: String?

    init(seed: UInt64) throws {
        self.random = SplitMix64(state: seed)
        self.hub = Hub(options: HubOptions(messageRate: nil), clocks: self.clocks, subscriber: self.subscriber)
        self.room = try self.hub.reserve(try #require(SessionID("s")))
        self.room.join(self.visitor, mode: .v1, from: nil)
        let now = self.clocks.timestamp().milliseconds
        self.reference = Reference(since: now, vacantSince: now)
        _ = self.visitor.take()
    }

    private var now: Int64 { self.clocks.timestamp().milliseconds }

    mutating func step() throws {
        let agent = Bool.random(using: &self.random) ? "Ada" : "Bob"
        switch Int.random(in: 0..<14, using: &self.random) {
        case 0, 1: try self.speak()
        case 2: self.reply()
        case 3: self.handOver()
        case 4: try self.change(to: .waiting, by: nil)
        case 5: try self.change(to: .closed, by: nil)
        case 6, 7: try self.change(to: .human, by: agent)
        case 8: try self.change(to: .bot, by: agent)
        case 9: try self.change(to: .closed, by: agent)
        case 10: self.say(by: agent)
        case 11: try self.move(agent)
        case 12: try self.moveAtDesk()
        default: self.wait()
        }
        self.look()
    }

    private mutating func speak() throws {
        self.number += 1
        self.trace.append("visitor speaks")
        if self.reference.state == .closed { self.reference.become(.bot, at: self.now) }
        self.reference.lastSpoken = self.now
        self.reference.mayReply = true
        try self.room.accept(UserMessage(id: "m\(self.number)", text: "\(self.number)"), page: "/")
    }

    private mutating func reply() {
        guard let inbound = self.subscriber.last.withLock({ $0.take() }) else { return }
        self.trace.append("responder replies")
        _ = self.texts()
        self.room.reply(Room.Answer("reply"), to: inbound)
        let isShown = self.texts().contains("reply")
        if isShown != self.reference.mayReply { self.problem = "a reply is shown: \(isShown)" }
    }

    private mutating func handOver() {
        self.trace.append("responder hands over")
        let isTaken = self.room.handOver(to: "q", note: nil, reference: "R")
        let isExpected = self.reference.state == .bot && !self.reference.isDeserted(at: self.now)
        if isTaken != isExpected { self.problem = "handed over: \(isTaken)" }
        if isExpected { self.reference.become(.waiting, at: self.now) }
    }

    private mutating func change(to wanted: ConversationState, by agent: String?) throws {
        self.trace.append("\(agent ?? "visitor") wants \(wanted)")
        let state = self.reference.state
        let isSo = state == wanted && (wanted != .human || self.reference.agent == agent)
        let isAllowed =
            switch wanted {
            case .waiting: true
            case .human: state == .bot || state == .waiting
            case .bot: state == .human
            case .closed: true
            }
        do throws(ClientError) {
            try self.room.change(to: wanted, by: agent.map { Author(.agent, name: $0) } ?? .visitor)
            if !isSo && !isAllowed { self.problem = "\(wanted) in \(state) was taken" }
        } catch {
            if isSo || isAllowed || error.detail != "state_conflict" {
                self.problem = "\(wanted) in \(state): \(error)"
            }
            return
        }
        let isPerson = wanted == .waiting && state.isAttended
        if !isSo && !isPerson { self.reference.become(wanted, at: self.now, agent: wanted == .human ? agent : nil) }
    }

    private mutating func say(by agent: String) {
        guard let link = self.links[agent], self.reference.inRoom.contains(agent) else { return }
        self.number += 1
        self.trace.append("\(agent) says something")
        let message = UserMessage(id: "a\(self.number)", text: "from \(agent)")
        do throws(ClientError) {
            _ = try self.room.say(message, by: Author(.agent, name: agent), from: link)
            if self.reference.state == .closed { self.problem = "said in a closed conversation" }
        } catch {
            if self.reference.state != .closed { self.problem = "\(error)" }
            return
        }
        if self.reference.state != .human { self.reference.become(.human, at: self.now, agent: agent) }
        self.reference.lastSpoken = self.now
    }

    private mutating func move(_ agent: String) throws {
        guard let link = self.links[agent] else { return }
        if self.reference.inRoom.remove(agent) != nil {
            self.trace.append("\(agent) leaves")
            self.room.leave(link)
            self.reference.agentLeft = self.now
            if self.reference.isVacant { self.reference.vacantSince = self.now }
        } else {
            self.trace.append("\(agent) comes")
            let room = try self.hub.reserve(self.room.session, for: .agent)
            room.join(link, mode: .v1, from: nil, as: Author(.agent, name: agent))
            self.reference.inRoom.insert(agent)
        }
    }

    private mutating func moveAtDesk() throws {
        let place = try self.hub.reserve(try #require(SessionID("desk-of-Carl")), for: .agent)
        if self.reference.atDesk {
            self.trace.append("Carl leaves the desk")
            place.cancelReservation()
            place.leave(self.desk)
            self.reference.atDesk = false
            self.listed = nil
            if self.reference.isVacant { self.reference.vacantSince = self.now }
        } else {
            self.trace.append("Carl comes to the desk")
            self.listed = ""
            place.join(self.desk, mode: .v1, from: nil, as: Author(.agent, name: "Carl"), isAtDesk: true)
            self.reference.atDesk = true
        }
    }

    private mutating func wait() {
        let seconds = [1, 59, 61, 600, 1_800, 7_200, 90_000].randomElement(using: &self.random) ?? 1
        self.trace.append("\(seconds) s pass")
        self.clocks.advance(seconds: UInt64(seconds))
        self.hub.tick()
        self.reference.tick(at: self.now)
    }

    /// The texts that the visitor's page was shown since the last look, with the states noted.
    private mutating func texts() -> [String] {
        self.visitor.take().compactMap { frame in
            if let state = Self.value(of: "state", in: frame), frame.hasPrefix(#"{"type":"conversation","#) {
                self.shown = ConversationState(rawValue: state) ?? .closed
            }
            return Self.value(of: "message", in: frame)
        }
    }

    private mutating func look() {
        self.trace.append("-> \(self.reference.state)")
        let standing = self.room.standing
        guard standing.state == self.reference.state, standing.agent == self.reference.agent else {
            self.problem = "it is \(standing), and should be \(self.reference)"
            return
        }
        _ = self.texts()
        if self.shown != self.reference.state { self.problem = "the page shows \(self.shown)" }
        for frame in self.desk.take() where frame.hasPrefix(#"{"type":"conversations","#) {
            self.listed = Self.value(of: "state", in: frame) ?? ""
        }
        guard let listed else { return }
        let isListed = self.reference.state.isAttended
        let isRight = isListed ? listed == self.reference.state.rawValue : ["", "bot", "closed"].contains(listed)
        if !isRight { self.problem = "the list shows \"\(listed)\"" }
    }

    /// The text of a member; of frames that this test reads none has one twice with another meaning.
    private static func value(of key: String, in frame: String) -> String? {
        guard let start = frame.firstRange(of: "\"\(key)\":\"")?.upperBound else { return nil }
        return String(frame[start...].prefix { $0 != "\"" })
    }
}

/// Keeps the last message, and offers a person.
private final class AskedSubscriber: InboundSubscriber {
    let last = Mutex<InboundMessage?>(nil)

    func receive(_ message: InboundMessage, in room: Room) -> InboundProgress {
        self.last.withLock { $0 = message }
        return .finished
    }

    func overflow(_ message: InboundMessage, in room: Room) {}
    func stop(_ replyID: String, in room: Room) {}
    func personRequested(in room: Room) -> PersonAnswer? { PersonAnswer(isAvailable: true, queue: "q", text: "Wait.") }
}
