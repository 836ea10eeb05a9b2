import Hub
import Messages

/// Something that passes: who writes, or who is there.
enum Passing: Equatable, CustomStringConvertible {
    case typing(Bool, Author, expiresMs: Int)
    case presence(String, [Participant])

    /// Nothing where a frame is something else.
    init?(_ frame: ReceivedFrame) {
        switch frame.type {
        case "typing":
            guard let author = frame.author?.author, let milliseconds = frame.expiresMs else { return nil }
            self = .typing(frame.state == "start", author, expiresMs: milliseconds)
        case "presence":
            let participants = (frame.participants ?? []).compactMap { one in
                one.author.map { Participant($0, connections: one.connections ?? -1) }
            }
            self = .presence(frame.event ?? "", participants)
        default: return nil
        }
    }

    var description: String {
        switch self {
        case .typing(let isWriting, let author, let milliseconds):
            "\(author.kind) \(isWriting ? "writes" : "has stopped"), \(milliseconds) ms"
        case .presence(let event, let participants):
            "\(event) "
                + participants.map { "\($0.author.kind) \($0.author.name ?? "") \($0.connections)" }.joined(
                    separator: ", "
                )
        }
    }
}

/// Section 10: who is in a room, who writes, and what each connection must be told of it.
struct PassingReference {
    /// In the order in which they came.
    private(set) var members: [Connection] = []
    private var writers: [(author: Author, expires: UInt64, told: UInt64)] = []
    private var gone: [(author: Author, at: UInt64)] = []

    private static let second: UInt64 = 1_000_000_000

    /// Everybody who is there, each once.
    private var participants: [Participant] {
        var found: [Participant] = []
        for author in self.members.map(\.author) where !found.contains(where: { $0.author == author }) {
            found.append(Participant(author, connections: self.members.count { $0.author == author }))
        }
        return found
    }

    private func tell(_ passing: Passing, of author: Author, seedToo: Bool) {
        for member in self.members where member.author != author && (seedToo || member.mode == .v1) {
            member.awaitedPassing.append(passing)
        }
    }

    private func tell(_ isWriting: Bool, of author: Author) {
        self.tell(.typing(isWriting, author, expiresMs: 6_000), of: author, seedToo: true)
    }

    mutating func enter(_ connection: Connection) {
        let author = connection.author
        let isBack = self.gone.contains { $0.author == author }
        self.gone.removeAll { $0.author == author }
        if !isBack, !self.members.contains(where: { $0.author == author }) {
            self.tell(.presence("join", [Participant(author, connections: 1)]), of: author, seedToo: false)
        }
        self.members.append(connection)
        if connection.mode == .v1 { self.sync(connection) }
    }

    func sync(_ connection: Connection) { connection.awaitedPassing.append(.presence("sync", self.participants)) }

    mutating func exit(_ connection: Connection, at now: UInt64) {
        self.members.removeAll { $0 === connection }
        let author = connection.author
        guard !self.members.contains(where: { $0.author == author }) else { return }
        if self.members.isEmpty { self.gone = [] } else { self.gone.append((author, now + 5 * Self.second)) }
        self.stop(author)
    }

    private mutating func stop(_ author: Author) {
        guard self.writers.contains(where: { $0.author == author }) else { return }
        self.writers.removeAll { $0.author == author }
        self.tell(false, of: author)
    }

    /// What was written is sent.
    mutating func noteSent() { self.stop(.visitor) }

    /// Somebody writes or has stopped.
    ///
    /// - Parameters:
    ///   - isWriting: Whether they do.
    ///   - author: Who.
    ///   - now: Nanoseconds.
    mutating func type(_ isWriting: Bool, _ author: Author, at now: UInt64) {
        guard isWriting else { return self.stop(author) }
        let expires = now + 6 * Self.second
        guard let index = self.writers.firstIndex(where: { $0.author == author }) else {
            self.writers.append((author, expires, now))
            return self.tell(true, of: author)
        }
        self.writers[index].expires = expires
        // Often enough that nobody takes it for over.
        if now - self.writers[index].told >= 3 * Self.second {
            self.writers[index].told = now
            self.tell(true, of: author)
        }
    }

    /// Ends what is over.
    mutating func tick(at now: UInt64) {
        for writer in self.writers where writer.expires <= now { self.tell(false, of: writer.author) }
        self.writers.removeAll { $0.expires <= now }
        for (author, at) in self.gone where at <= now {
            self.tell(.presence("leave", [Participant(author, connections: 0)]), of: author, seedToo: false)
        }
        self.gone.removeAll { $0.at <= now }
    }

    /// When something ends next by itself.
    var deadline: UInt64? { (self.writers.map(\.expires) + self.gone.map(\.at)).min() }

    /// What the answer to a poll of the visitor says, which counts as one connection more.
    func answer(at now: UInt64) -> [Passing] {
        var participants = self.participants
        if let index = participants.firstIndex(where: { $0.author == .visitor }) {
            participants[index].connections += 1
        } else {
            participants.append(Participant(.visitor, connections: 1))
        }
        let writers = self.writers.filter { $0.author != .visitor && $0.expires > now }
        return [.presence("sync", participants)]
            + writers.map { .typing(true, $0.author, expiresMs: Int(($0.expires - now) / 1_000_000)) }
    }
}

extension ReceivedFrame {
    /// Somebody, as frames name them.
    struct Somebody: Decodable {
        var kind: String
        var name: String?
        var connections: Int?

        var author: Author? { Author.Kind(rawValue: self.kind).map { Author($0, name: self.name) } }
    }
}
