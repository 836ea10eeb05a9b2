import Messages
import Synchronization
import Testing

@testable import Hub

/// A log that answers when a test says so.
private final class WaitingLog: MessageLog {
    typealias Restored = @Sendable (Result<RestoredRoom, ClientError>) -> Void

    let appended = Mutex<[String]>([])
    private let restores = Mutex<[Restored]>([])

    var isAccepting: Bool { true }

    func append(_ record: LoggedMessage, completion: @escaping @Sendable (LogOutcome) -> Void) -> LogAdmission {
        self.appended.withLock { $0.append(record.message.text) }
        return .taken
    }

    func restore(_ key: RoomKey, completion: @escaping Restored) { self.restores.withLock { $0.append(completion) } }

    func history(
        of key: RoomKey,
        before seq: Int,
        limit: Int,
        in epoch: String,
        completion: @escaping @Sendable (Result<(frames: [[UInt8]], isComplete: Bool), ClientError>) -> Void
    ) { completion(.success(([], true))) }

    func hasReply(_ id: String, in key: RoomKey) async throws(ClientError) -> Bool { false }

    func keep(
        _ rating: Rating,
        in key: RoomKey,
        at timestamp: Timestamp,
        completion: @escaping @Sendable (Bool) -> Void
    ) { completion(false) }

    /// Gives the room that was asked for first, with a message where there is a text.
    func answer(_ text: String? = nil, in session: SessionID) {
        let restored = self.restores.withLock { $0.removeFirst() }
        let frames = text.map { text in
            [
                ServerFrame.durable(
                    Message(.user, text, id: "old", at: Timestamp(milliseconds: 1)),
                    session: session,
                    seq: 1,
                    epoch: "a.b"
                )
            ]
        }
        restored(.success(RestoredRoom(epoch: "a.b", top: frames == nil ? 0 : 1, frames: frames ?? [])))
    }
}

@Suite("a session that was erased")
struct ForgettingTests {
    private let log = WaitingLog()
    private let subscriber = RecordingSubscriber(answersLater: true)
    private let hub: Hub
    private let key: RoomKey

    init() throws {
        self.hub = Hub(clocks: ManualClocks(), subscriber: self.subscriber, log: self.log)
        self.key = RoomKey(site: .default, session: try #require(SessionID("s")))
    }

    private static func message(_ text: String, _ id: String) -> UserMessage { UserMessage(id: id, text: text) }

    @Test("leaves the memory with its history; what is still said or answered there is kept by nobody")
    func forget() throws {
        let (hub, key) = (self.hub, self.key)
        hub.whenOpen(key) { #expect($0 == nil) }
        self.log.answer("before", in: key.session)
        let room = try hub.reserve(key.session)
        let link = RecordingLink()
        room.join(link, mode: .v1, from: nil)
        try room.accept(Self.message("said", "m1"), page: "/", from: link)
        #expect(self.log.appended.withLock { $0 } == ["said"])
        let bytes = hub.historyBytes
        #expect(bytes > 0)
        hub.forget(key)
        #expect(hub.rooms == 0 && hub.historyBytes == 0)
        #expect(!hub.isOpen(key))
        #expect(throws: ClientError.self) { try room.accept(Self.message("later", "m2"), page: "/", from: link) }
        room.announce("late answer")
        #expect(self.log.appended.withLock { $0 } == ["said"])
        hub.forget(key)
        #expect(hub.rooms == 0)
    }

    @Test("isn't brought back by a reading that had begun before")
    func opening() throws {
        let (hub, key) = (self.hub, self.key)
        let errors = Mutex<[ClientError?]>([])
        let note: @Sendable (ClientError?) -> Void = { error in errors.withLock { $0.append(error) } }
        hub.whenOpen(key, note)
        hub.forget(key)
        // Somebody asks anew, and gets what there is now.
        hub.whenOpen(key, note)
        self.log.answer("erased", in: key.session)
        #expect(errors.withLock { $0.map { $0?.code } } == [.unavailable])
        #expect(!hub.isOpen(key))
        self.log.answer(in: key.session)
        #expect(hub.isOpen(key) && errors.withLock { $0.count } == 2)
        let room = try hub.reserve(key.session)
        let link = RecordingLink()
        room.join(link, mode: .v1, from: nil)
        #expect(!link.take().contains { $0.contains("erased") })
    }
}
