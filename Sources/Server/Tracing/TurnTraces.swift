internal import Messages
internal import Responders
internal import Transport

/// Keeps the record of each turn: the last ones in memory, and all in the store, where there is one.
///
/// Any thread.
final class TurnTraces: Sendable {
    private let ring = TraceRing()
    private let log: StoreLog?

    private let followUps: FollowUps

    /// - Parameters:
    ///   - log: Keeps records with their turns; nothing where nothing is kept.
    ///   - followUps: Knows what became of promised replies.
    init(log: StoreLog? = nil, followUps: FollowUps = FollowUps()) {
        self.log = log
        self.followUps = followUps
    }

    /// Keeps the record of a turn that has ended.
    func keep(
        _ result: ChainResult,
        after elapsed: Duration,
        waiting waited: Duration = .zero,
        keepsContent: Bool,
        shadows: [TraceStep] = [],
        beside: ShadowedChain? = nil
    ) {
        let trace = TurnTrace(
            result,
            elapsed: elapsed,
            waited: waited,
            keepsContent: keepsContent,
            shadows: shadows,
            shadowedChain: beside
        )
        self.ring.append(trace)
        self.log?.turnEnded(result.turn.id.rawValue, result, trace)
    }

    /// Asks those who are asked beside, and keeps the record with what they say.
    func keep(_ job: ShadowJob, keepsContent: Bool) async {
        async let steps = job.chain.askShadows(about: job.result)
        let beside = await job.askBeside()
        self.keep(
            job.result,
            after: job.elapsed,
            waiting: job.waited,
            keepsContent: keepsContent,
            shadows: await steps,
            beside: beside
        )
    }

    /// The record of a turn; nothing where none is kept.
    ///
    /// - Parameter turnID: Its id, or, for one of the last turns, the reference that its visitor was told.
    /// - Returns: The record, JSON.
    /// - Throws: A `ClientError` where the store can't be read.
    func record(of turnID: String) async throws -> [UInt8]? {
        let record: [UInt8]?
        if let trace = self.ring.record(of: turnID) {
            record = trace.json
        } else if let trace = self.ring.record(ofReference: turnID) {
            record = trace.json
        } else {
            record = try await self.log?.trace(of: turnID)
        }
        guard let record, let promise = try await self.followUps.entry(of: turnID) else { return record }
        return promise.added(to: record)
    }

    /// The records of the last turns, those of a filter alone: the newest first, of slow ones the slowest.
    func records(_ filter: TurnFilter?, limit: Int) -> [[UInt8]] {
        switch filter {
        case nil: return self.ring.newest(limit).map(\.json)
        case .failed: return self.ring.newest(limit) { $0.hasFailed }.map(\.json)
        case .unanswered:
            return self.ring.newest(limit) { $0.outcome == .fellBack || $0.outcome == .failedAndTold }.map(\.json)
        case .slow:
            let slow = self.ring.newest(.max) { $0.elapsed >= Self.slow }
            return slow.sorted { $0.elapsed > $1.elapsed }.prefix(limit).map(\.json)
        }
    }

    /// Takes the records of a session out of memory.
    func forget(_ session: SessionID, of site: SiteID) {
        self.ring.remove { $0.isOf(session: session.rawValue, site: site.rawValue) }
    }

    /// From when on a turn counts as slow.
    static let slow = Duration.seconds(1)

    /// What `/api/admin/turns` answers with.
    var queries: TurnQueries {
        TurnQueries(record: { try await self.record(of: $0) }, records: { self.records($0, limit: $1) })
    }
}
