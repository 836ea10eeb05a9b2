internal import Hub
internal import Messages
internal import ServiceLifecycle

/// Notes in the audit log what agents do.
///
/// Safe on any thread: an entry reads and writes the disk, so a task of this service does it.
final class AgentAudit: Service {
    private struct Entry: Sendable {
        let act: AgentAct
        let agent: String?
        let room: RoomKey
    }

    /// How many acts may wait for the disk; later ones are lost and counted as entries that could not be written.
    static let waitingEntries = 10_000

    private let audit: AuditWriter
    private let entries: AsyncStream<Entry>
    private let input: AsyncStream<Entry>.Continuation

    init(_ audit: AuditWriter) {
        self.audit = audit
        (self.entries, self.input) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.waitingEntries))
    }

    /// Notes an act.
    func note(_ act: AgentAct, _ agent: Author, in room: Room) {
        let result = self.input.yield(Entry(act: act, agent: agent.name, room: room.key))
        if case .dropped = result { self.audit.lost() }
    }

    /// Writes what is noted, until a graceful shutdown.
    func run() async throws {
        await withGracefulShutdownHandler {
            for await entry in self.entries {
                await self.audit.note(entry.act, by: entry.agent, in: entry.room)
            }
        } onGracefulShutdown: {
            self.input.finish()
        }
    }
}
