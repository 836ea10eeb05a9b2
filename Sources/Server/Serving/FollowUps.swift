internal import Crypto
internal import FoundationEssentials
internal import Hub
internal import Messages
internal import Observability
internal import Responders
internal import Synchronization

/// The turns whose responders have promised one more reply.
///
/// Any thread.
final class FollowUps: Sendable {
    /// One promise, until it is kept or its time is over.
    final class Promise: Sendable {
        fileprivate let turn: String
        fileprivate let digest: SHA256.Digest
        fileprivate let room: Room
        fileprivate let message: InboundMessage
        fileprivate let number: Int
        fileprivate let kept = Interruption()
        let timeToLive: Duration

        fileprivate init(_ followUp: FollowUp, _ number: Int, _ message: InboundMessage, _ room: Room) {
            self.turn = message.turnID
            self.digest = SHA256.hash(data: Data(followUp.token.utf8))
            self.room = room
            self.message = message
            self.number = number
            self.timeToLive = followUp.timeToLive
        }

        /// Waits until the reply is there, or the task is cancelled.
        func untilKept() async { await self.kept.wait() }
    }

    /// How many promises may be open; whoever makes one more has it broken at once.
    static let capacity = 10_000

    /// By the id of the turn.
    private let open = Mutex<[String: Promise]>([:])
    private let counters: [Result: Counter]

    private enum Result: String, CaseIterable { case kept, expired, refused }

    init(metrics: MetricsRegistry = MetricsRegistry()) {
        self.counters = Dictionary(
            uniqueKeysWithValues: Result.allCases.map { result in
                let help = "Replies that responders had promised for later."
                return (
                    result, metrics.counter("chat_follow_ups_total", help: help, labels: ["result": result.rawValue])
                )
            }
        )
    }

    /// Notes the promise of a turn that has ended, if it made one.
    ///
    /// - Returns: The promise, whose time somebody has to look after; nothing where there is none.
    func note(_ result: ChainResult, of message: InboundMessage, in room: Room) -> Promise? {
        guard result.outcome == .answered, let followUp = result.replies.lazy.compactMap(\.followUp).first,
            result.replies.count < Chain.maximumReplies
        else { return nil }
        let promise = Promise(followUp, result.replies.count + 1, message, room)
        let isNoted = self.open.withLock { open in
            guard open.count < Self.capacity, open[promise.turn] == nil else { return false }
            open[promise.turn] = promise
            return true
        }
        room.hold()
        if !isNoted { self.tell(promise) }
        return isNoted ? promise : nil
    }

    /// Keeps a promise: shows the reply in the room of its turn.
    ///
    /// - Parameters:
    ///   - turn: The id of the turn, of any length.
    ///   - token: What the responder was given, of any length.
    ///   - answer: What it says.
    /// - Returns: Whether there is such a promise; the same for one that was kept, that is over, and that never was.
    func keep(_ turn: String, _ token: String, _ answer: Room.Answer) -> Bool {
        // Equal in constant time.
        let digest = SHA256.hash(data: Data(token.utf8))
        let promise = self.open.withLock { open -> Promise? in
            guard let promise = open[turn], promise.digest == digest else { return nil }
            open[turn] = nil
            return promise
        }
        self.counters[promise == nil ? .refused : .kept]?.increment()
        guard let promise else { return false }
        promise.room.reply(answer, to: promise.message, number: promise.number)
        promise.room.letGo()
        promise.kept.cancel()
        return true
    }

    /// Tells the visitor that no reply came, where it hasn't.
    func expire(_ promise: Promise) {
        let isOpen = self.open.withLock { open in
            guard open[promise.turn] === promise else { return false }
            open[promise.turn] = nil
            return true
        }
        if isOpen { self.tell(promise) }
    }

    private func tell(_ promise: Promise) {
        self.counters[.expired]?.increment()
        promise.room.reply(Room.Answer(promise.room.texts.promiseMissed), to: promise.message, number: promise.number)
        promise.room.letGo()
    }
}
