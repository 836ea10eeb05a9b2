internal import Hub
internal import Logging
internal import Messages
internal import Responders
internal import ServiceLifecycle

/// Brings what responders have to tell into the conversations, each notice once.
///
/// A notice is struck off when its conversation has it for good; what is in between at a crash comes again under the same
/// id, which the conversation knows.
struct NoticeService: Service {
    /// Those that answer now.
    let chains: @Sendable () -> [Chain]
    let hub: Hub
    let clock: TurnClock
    let logger: Logger

    /// Between two looks.
    static let interval = Duration.seconds(1)
    /// After a failure.
    static let pauseAfterFailure = Duration.seconds(30)

    /// - Parameters:
    ///   - chains: Those that answer, whenever they are asked for; what stands in several is asked once.
    ///   - hub: Has the conversations.
    ///   - clock: Between two looks.
    ///   - logger: Where failures are noted, without a word of what was said.
    init(_ chains: @escaping @Sendable () -> [Chain], hub: Hub, clock: TurnClock, logger: Logger) {
        self.chains = chains
        self.hub = hub
        self.clock = clock
        self.logger = logger
    }

    private var sources: [any NoticeSource] {
        var seen: Set<ObjectIdentifier> = []
        return self.chains().flatMap(\.noticeSources).filter { seen.insert(ObjectIdentifier($0)).inserted }
    }

    func run() async throws {
        var pause = Self.interval
        while true {
            do {
                let wait = pause
                try await cancelWhenGracefulShutdown { try await self.clock.sleep(for: wait) }
            } catch {
                return
            }
            do {
                for source in self.sources { try await self.deliver(source) }
                pause = Self.interval
            } catch {
                // What it says may quote somebody.
                self.logger.error("Notices can't be delivered", metadata: ["error.type": "\(type(of: error))"])
                pause = Self.pauseAfterFailure
            }
        }
    }

    /// Delivers what a source has at the moment; a conversation that can't be reached doesn't hold up the others.
    func deliver(_ source: any NoticeSource) async throws {
        var failure: (any Error)?
        for notice in try await source.notices() {
            guard let session = SessionID(notice.sessionID), let site = SiteID(notice.site) else { continue }
            do {
                let key = RoomKey(site: site, session: session)
                try await self.hub.open(key)
                let room = try self.hub.pin(session, of: site)
                defer { room.cancelReservation() }
                try await room.announce(notice.text, id: notice.id)
                try await source.delivered(notice)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }
}
