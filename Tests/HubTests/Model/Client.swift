import Hub
import Messages

/// A page with its outbox and its connection.
final class Client {
    enum Kind: String { case v1, seed, poll }

    /// How far its connection is; that of a long poll is online while it waits.
    enum Stage {
        case offline
        /// The handshake is under way.
        case reserved(RoomRun)
        case online(Connection)
    }

    let number: Int
    let key: RoomKey
    let kind: Kind
    let author: Author
    var stage = Stage.offline
    var display: Display
    /// What was sent and not yet acknowledged, oldest first.
    var outbox: [Outgoing] = []
    /// Whether it reads nothing at the moment.
    var isStalled = false

    init(_ number: Int, _ participant: Schedule.Participant) {
        self.number = number
        self.key = participant.key
        self.kind = participant.kind
        self.author = participant.author
        self.display = Display(isSeed: participant.kind == .seed)
    }

    var mode: ProtocolMode { self.kind == .seed ? .seed : .v1 }
    var connection: Connection? { if case .online(let connection) = self.stage { connection } else { nil } }
    var reservation: RoomRun? { if case .reserved(let run) = self.stage { run } else { nil } }
    var isOffline: Bool { if case .offline = self.stage { true } else { false } }

    /// How traces call it.
    var name: String { "\(self.kind.rawValue) client \(self.number) of \(HubTests.name(of: self.key))" }
}
