import Hub
import Messages

/// What a step does.
///
/// Where it can't be done at the moment it does nothing, so that a schedule is still one when steps are left out.
enum Action: String, CaseIterable {
    /// Messages.
    case send, again, conflict, burst, announce
    /// The subscriber's answers.
    case finish, piece, reply
    /// Connections.
    case connect, join, abandon, cut, cutAll, close
    /// What reaches a client, and what it asks for.
    case deliver, deliverAll, stall, lose, resume, probe, history, ping, poll, endPoll, outbox
    /// Who writes and who is there.
    case type, ask
    /// The server and the time.
    case advance, restart, visit
}

/// One step; everything that it leaves open comes from `pick`.
struct Step {
    let action: Action
    let client: Int
    let pick: UInt64
}

/// Which steps a schedule has many of.
///
/// All invariants are checked in all of them.
enum Profile: String, CaseIterable {
    case network, positions, duplicates, rooms, joins, slow, receipts, passing

    private static let base: [(Action, Int)] = [
        (.send, 14), (.again, 4), (.conflict, 2), (.burst, 3), (.announce, 1), (.finish, 5), (.piece, 5), (.reply, 2),
        (.connect, 10), (.join, 2), (.abandon, 1), (.cut, 4), (.close, 1), (.deliver, 6), (.deliverAll, 6),
        (.stall, 1), (.lose, 2), (.resume, 1), (.probe, 2), (.history, 2), (.ping, 2), (.poll, 6), (.endPoll, 4),
        (.outbox, 2), (.advance, 3), (.restart, 1), (.visit, 2), (.type, 4), (.ask, 1), (.cutAll, 1),
    ]

    private var more: [(Action, Int)] {
        switch self {
        case .network: [(.cut, 6), (.lose, 4), (.deliver, 6)]
        case .positions: [(.probe, 12), (.burst, 4), (.restart, 1), (.resume, 4), (.history, 6)]
        case .duplicates: [(.again, 14), (.conflict, 6), (.reply, 12), (.piece, 8), (.finish, 4), (.advance, 3)]
        case .rooms: [(.visit, 10), (.connect, 8), (.close, 6), (.history, 3), (.restart, 1)]
        case .joins: [(.join, 6), (.connect, 8), (.abandon, 3), (.poll, 10), (.endPoll, 6)]
        case .slow: [(.burst, 4), (.stall, 4), (.send, 10), (.connect, 4)]
        case .passing: [(.type, 40), (.ask, 12), (.connect, 80), (.close, 16), (.cut, 12), (.advance, 30), (.poll, 10)]
        case .receipts:
            [
                (.send, 20), (.cut, 10), (.cutAll, 10), (.deliver, 40), (.connect, 60), (.close, 8), (.advance, 3),
                (.ping, 6),
            ]
        }
    }

    /// An action of this profile.
    func action(_ generator: inout SplitMix64) -> Action {
        let weights = Self.base + self.more
        var place = Int.random(in: 0..<weights.reduce(0) { $0 + $1.1 }, using: &generator)
        for (action, weight) in weights {
            if place < weight { return action }
            place -= weight
        }
        return .send
    }
}

/// Who takes part in a schedule, the hub's bounds, and the steps: all from one number.
struct Schedule {
    struct Participant {
        let key: RoomKey
        let kind: Client.Kind
        var author = Author.visitor
    }

    let options: HubOptions
    let participants: [Participant]
    /// Bytes that may wait in a connection before the transport closes it.
    let queuedBytes: Int
    /// Bytes of a long message.
    let longText: Int
    var steps: [Step]

    init(seed: UInt64, _ profile: Profile) {
        var generator = SplitMix64(seed: seed, index: UInt64(Profile.allCases.firstIndex(of: profile) ?? 0))
        self.options = Self.options(profile, &generator)
        self.participants = Self.participants(profile, &generator)
        self.queuedBytes = [3_000, 20_000, 256 * 1_024].randomElement(using: &generator) ?? 3_000
        self.longText = Int.random(in: 0..<10, using: &generator) == 0 ? 16_000 : 400
        let count = Int.random(in: profile == .passing || profile == .receipts ? 60...120 : 30...80, using: &generator)
        let clients = self.participants.count
        self.steps = (0..<count).map { _ in
            let action = profile.action(&generator)
            return Step(action: action, client: .random(in: 0..<clients, using: &generator), pick: generator.next())
        }
    }

    /// Two sites have a session of the same name.
    static let keys: [RoomKey] = [("alpha", "one"), ("beta", "one"), ("alpha", "two")].compactMap { site, session in
        guard let site = SiteID(site), let session = SessionID(session) else { return nil }
        return RoomKey(site: site, session: session)
    }

    /// A room that nobody of the schedule stays in.
    static func passing(_ number: UInt64) -> RoomKey? {
        SessionID("passing\(number % 5)").map { RoomKey(site: .default, session: $0) }
    }

    private static func options(_ profile: Profile, _ generator: inout SplitMix64) -> HubOptions {
        func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &generator) == 0 }
        var options = oneIn(profile == .passing ? 2 : 4) ? HubOptions() : .unlimited
        options.connectionsPerRoom = oneIn(4) ? Int.random(in: 1...3, using: &generator) : nil
        options.waitingMessages = Int.random(in: 0...4, using: &generator)
        if profile == .rooms || oneIn(4) { options.rooms = Int.random(in: 1...4, using: &generator) }
        return options
    }

    private static func participants(_ profile: Profile, _ generator: inout SplitMix64) -> [Participant] {
        var participants: [Participant] = []
        for key in Self.keys {
            // The first room is the crowded one.
            var count = Int.random(in: participants.isEmpty ? 2...4 : 1...2, using: &generator)
            // Somebody comes and goes often where others stay.
            if profile == .passing { count = participants.isEmpty ? 4 : 1 }
            // A page of the first form that is alone can go on where it was.
            if profile == .receipts { count = participants.isEmpty ? (count + 1) / 2 : 0 }
            for number in 0..<count {
                let kinds: [Client.Kind] =
                    profile == .receipts ? [.v1, .seed, .seed, .seed] : [.v1, .v1, .v1, .poll, .poll, .seed]
                var participant = Participant(key: key, kind: kinds.randomElement(using: &generator) ?? .v1)
                let isAgent = Int.random(in: 0..<5, using: &generator) == 0 || profile == .passing && number == 0
                if participant.kind != .poll, isAgent {
                    participant.author = Author(.agent, name: Bool.random(using: &generator) ? "Ada" : "Bo")
                }
                participants.append(participant)
            }
        }
        return participants
    }
}
