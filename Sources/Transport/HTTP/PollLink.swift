import Access
import Hub
import Messages
import NIOCore
import Synchronization

/// A long poll that waits in a room: it learns that something has come, and nothing else.
final class PollLink: RequestLink {
    private let woken: EventLoopPromise<Void>
    /// The connection of the request.
    let connection: ObjectIdentifier
    /// What the request's token gives; nothing where none was shown.
    let grant: Grant?
    let room: Room
    private let isDraining = Atomic<Bool>(false)

    /// Whether it ended since the server stops.
    var endedByDrain: Bool { self.isDraining.load(ordering: .relaxed) }

    /// - Parameters:
    ///   - channel: The request's connection.
    ///   - room: Its room.
    ///   - grant: What its token gives.
    ///   - time: How long to wait at most.
    init(on channel: any Channel, in room: Room, grant: Grant?, atMost time: TimeAmount) {
        self.grant = grant
        self.room = room
        let woken = channel.eventLoop.makePromise(of: Void.self)
        self.woken = woken
        self.connection = ObjectIdentifier(channel)
        let timer = channel.eventLoop.scheduleTask(in: time) { woken.succeed() }
        woken.futureResult.whenComplete { _ in timer.cancel() }
    }

    func send(_ frame: Frame) { if frame.isDurable { self.woken.succeed() } }

    func replay(_ frames: [Frame]) { self.woken.succeed() }

    func close(_ code: CloseCode, reason: String) { self.woken.succeed() }

    func end(_ reason: RequestEnd) {
        if reason == .draining { self.isDraining.store(true, ordering: .relaxed) }
        self.woken.succeed()
    }

    /// Waits for a message, for the end of the time, or for ``end(_:)``.
    func wait() async throws {
        try await withTaskCancellationHandler {
            try await self.woken.futureResult.get()
        } onCancel: {
            self.woken.succeed()
        }
    }
}
