internal import Hub
internal import Messages
internal import Responders
internal import Synchronization

/// What people and responders have to do with each other.
extension TurnRunner {
    func personRequested(in room: Room) -> PersonAnswer? {
        guard let offer = self.chain(in: room).personOffer, let handoff = offer.offered else { return nil }
        guard room.isStaffed || !offer.needsStaff else {
            return PersonAnswer(isAvailable: false, queue: nil, text: Self.nobodyIsThere)
        }
        return PersonAnswer(
            isAvailable: true,
            queue: handoff.queue,
            text: handoff.text?.text ?? "A person has been asked to come."
        )
    }

    private static let nobodyIsThere = "Nobody is here at the moment. The assistant is glad to help meanwhile."

    func agentActed(_ act: AgentAct, _ agent: Author, in room: Room) { self.agentAudit?.note(act, agent, in: room) }
}

/// Ends a turn that others have taken the conversation from.
final class Interruption: Sendable {
    private let stream: AsyncStream<Void>
    private let input: AsyncStream<Void>.Continuation
    private let wasCalled = Atomic<Bool>(false)

    init() { (self.stream, self.input) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    /// Whether the turn was interrupted.
    var hasHappened: Bool { self.wasCalled.load(ordering: .acquiring) }

    func interrupt() {
        self.wasCalled.store(true, ordering: .releasing)
        self.input.finish()
    }

    /// Waits until it happens, or until the task is cancelled.
    func wait() async { for await _ in self.stream {} }
}
