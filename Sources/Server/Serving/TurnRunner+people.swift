internal import Hub
internal import Messages
internal import Responders
internal import Synchronization

/// What people and responders have to do with each other.
extension TurnRunner {
    func personRequested(in room: Room) -> PersonAnswer? {
        guard let offer = self.chain(in: room).personOffer, let handoff = offer.offered else { return nil }
        guard room.isStaffed || !offer.needsStaff else {
            return PersonAnswer(isAvailable: false, queue: nil, text: room.texts.nobodyIsHere)
        }
        return PersonAnswer(
            isAvailable: true,
            queue: handoff.queue,
            text: handoff.text?.text ?? room.texts.personAsked
        )
    }

    func agentActed(_ act: AgentAct, _ agent: Author, in room: Room) { self.agentAudit?.note(act, agent, in: room) }
}

/// Ends a turn before its responders do.
final class Interruption: Sendable {
    private let stream: AsyncStream<Void>
    private let input: AsyncStream<Void>.Continuation
    private let wasTaken = Atomic<Bool>(false)

    /// What the responders that are asked learn of it.
    let cause = CancelCause()

    init() { (self.stream, self.input) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    /// Whether somebody else has taken the conversation.
    var wasTakenOver: Bool { self.wasTaken.load(ordering: .acquiring) }

    /// Whether nobody has it any more.
    var wasClosed: Bool { self.cause.reason == .stop }

    /// Somebody else has taken the conversation, or closed it: nothing of the turn is shown any more.
    func takeOver(_ reason: CancelCause.Reason) {
        self.cause.note(reason)
        self.wasTaken.store(true, ordering: .releasing)
        self.input.finish()
    }

    /// Has the calls that are under way fail, so that the turn ends at once as after a failure.
    func cancel(_ reason: CancelCause.Reason? = nil) {
        if let reason { self.cause.note(reason) }
        self.input.finish()
    }

    /// Waits until it happens, or until the task is cancelled.
    func wait() async { for await _ in self.stream {} }
}
