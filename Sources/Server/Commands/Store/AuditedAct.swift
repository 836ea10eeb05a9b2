internal import Store
internal import Synchronization

/// Long work on a store as the audit log has it: an entry when it begins, and one when it has ended, however it did.
struct AuditedAct: Sendable {
    /// What stands in the log when it is done, such as `exported`.
    var done: String
    /// What stands there when it begins, such as `export-begun`.
    var begun: String
    /// What else is known before.
    var details: [(String, String?)]

    init(_ done: String, begun: String, _ details: [(String, String?)] = []) {
        self.done = done
        self.begun = begun
        self.details = details
    }

    /// Does the work.
    ///
    /// - Parameters:
    ///   - trail: The log.
    ///   - progress: Shows how far it is.
    ///   - body: The work, which reports its progress.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, after it was noted what was done until then; a ``StoreError`` of the log if the
    ///   beginning can't be noted, before anything is done.
    func noted<T: Sendable>(
        in trail: AuditTrail,
        _ progress: ProgressLine,
        _ body: (@escaping StoreProgress.Report) async throws -> T
    ) async throws -> T {
        try trail.note(self.begun, self.details)
        let tally = Tally()
        do {
            return try await body { step in
                tally.reach(step)
                progress.reach(step.done, of: step.total)
            }
        } catch {
            do { try trail.note(self.done, self.details + Self.ending(error, tally)) } catch let unnoted {
                Terminal.current.complain("\(unnoted)")
            }
            throw error
        }
    }

    /// What is noted of work that wasn't done to its end.
    static func ending(_ error: any Error, _ tally: Tally) -> [(String, String?)] {
        let code = (error as? StoreError)?.code
        return [
            ("ended", code == .cancelled || error is CancellationError ? "interrupted" : "failed"),
            ("code", code?.rawValue ?? (error as? FileProblem)?.code),
            ("records", "\(tally.records)"),
        ]
    }

    /// How much was done by the last step that was reported.
    final class Tally: Sendable {
        private let count = Atomic<Int>(0)

        var records: Int { self.count.load(ordering: .relaxed) }

        func reach(_ step: StoreProgress) { self.count.store(step.records, ordering: .relaxed) }
    }
}
