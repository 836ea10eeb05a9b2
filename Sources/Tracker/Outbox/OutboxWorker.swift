/// Brings what one instance of a tracker is to get to it: one call at a time, those of a session in order.
///
/// May run in several processes at once: what one has taken up nobody else does for the time of a lease. Between any two
/// of its steps it may end without warning; the next one goes on from the file.
public struct OutboxWorker: Sendable {
    /// What those who run the server are told.
    public enum Event: Hashable, Sendable {
        /// The tracker has an entry.
        case delivered(OutboxEntry)
        /// An entry will be tried again.
        case failed(OutboxEntry, TrackerError)
        /// An entry isn't tried any more.
        case stuck(OutboxEntry, TrackerError)
        /// The tracker answers no entry.
        case outage(TrackerError)
        /// The tracker answers again.
        case recovered
        /// The file can't be used.
        case fileFailed(TrackerError)
    }

    /// Between two looks into an outbox that has nothing to send.
    public static let interval = Duration.seconds(1)
    private static let pauseAfterFileFailure = Duration.seconds(5)

    private let name: String
    private let tracker: any IssueTracker
    private let file: @Sendable () throws(TrackerError) -> IssueFile
    private let sleep: @Sendable (Duration) async throws -> Void
    private let jitter: @Sendable () -> Double
    private let tell: @Sendable (Event) -> Void

    /// - Parameters:
    ///   - name: The instance.
    ///   - tracker: Who gets the entries.
    ///   - file: Gives the file, opened if it has to be.
    ///   - sleep: Waits; throws as soon as the task is cancelled.
    ///   - jitter: A number from 0 through 1, another one each time.
    ///   - tell: Told of what happens, on the worker's task.
    public init(
        of name: String,
        to tracker: any IssueTracker,
        from file: @escaping @Sendable () throws(TrackerError) -> IssueFile,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        jitter: @escaping @Sendable () -> Double = { .random(in: 0...1) },
        tell: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.name = name
        self.tracker = tracker
        self.file = file
        self.sleep = sleep
        self.jitter = jitter
        self.tell = tell
    }

    /// Delivers until the task is cancelled.
    public func run() async {
        var pace = OutboxPace()
        // The tracker may answer by now; whoever starts a server wants to see that.
        if let file = try? self.file() { try? await file.hasten(self.name) }
        while !Task.isCancelled {
            let pause = await self.step(&pace)
            guard pause > .zero else { continue }
            do { try await self.sleep(pause) } catch { return }
        }
    }

    /// Delivers one entry, where one is due.
    ///
    /// - Returns: How long to wait before the next.
    func step(_ pace: inout OutboxPace) async -> Duration {
        do throws(TrackerError) {
            let file = try self.file()
            // One call every few minutes finds out whether the tracker answers again, so that nothing waits for hours.
            guard let claim = try await file.claim(for: self.name, evenEarly: pace.isOutage) else {
                return Self.interval
            }
            switch try await self.deliver(claim, file) {
            case .arrived(let entry, let ref):
                try await file.delivered(entry, as: ref)
                self.tell(.delivered(entry))
                if pace.isOutage {
                    try await file.hasten(self.name)
                    self.tell(.recovered)
                }
                pace.succeed()
                return .zero
            case .failed(let entry, let error, let mayHaveArrived):
                return try await self.note(error, of: entry, mayHaveArrived, file, &pace)
            case .taken: return .zero
            }
        } catch {
            self.tell(.fileFailed(error))
            return Self.pauseAfterFileFailure
        }
    }

    private func note(
        _ error: TrackerError,
        of entry: OutboxEntry,
        _ mayHaveArrived: Bool,
        _ file: IssueFile,
        _ pace: inout OutboxPace
    ) async throws(TrackerError) -> Duration {
        let wasOutage = pace.isOutage
        let pause = pace.fail(error)
        let isStuck = try await file.failed(
            entry,
            error,
            mayHaveArrived: mayHaveArrived,
            pause: OutboxPace.pause(after: error, attempts: entry.attempts, jitter: self.jitter())
        )
        self.tell(isStuck ? .stuck(entry, error) : .failed(entry, error))
        let isRefused = error.kind == .denied || error.kind == .absent
        if !wasOutage, pace.isOutage || isRefused { self.tell(.outage(error)) }
        return pause
    }

    // MARK: One entry

    private enum Outcome {
        case arrived(OutboxEntry, IssueRef)
        case failed(OutboxEntry, TrackerError, mayHaveArrived: Bool)
        /// Another worker has it.
        case taken
    }

    /// - Throws: What the file can't do.
    private func deliver(_ claim: OutboxClaim, _ file: IssueFile) async throws(TrackerError) -> Outcome {
        var entry = claim.entry
        if claim.mayHaveArrived {
            switch await self.look(for: entry) {
            case .success(let ref?): return .arrived(entry, ref)
            case .failure(let error): return .failed(entry, error, mayHaveArrived: true)
            case .success(nil): break
            }
            // Whoever can't be asked, and doesn't tell equal keys itself, may get it twice.
            let isCertain = self.canBeAsked(about: entry) || self.tracker.features.contains(.clientKey)
            guard let again = try await file.sendAgain(entry, maybeTwice: !isCertain) else { return .taken }
            entry = again
        }
        do throws(TrackerError) {
            return .arrived(entry, try await self.send(entry))
        } catch {
            return .failed(entry, error, mayHaveArrived: error.kind == .unknown)
        }
    }

    private func canBeAsked(about entry: OutboxEntry) -> Bool {
        entry.kind == .create && self.tracker.features.contains(.search)
    }

    /// What has become of an entry that may have arrived; nothing where the tracker hasn't got it, or can't be asked.
    private func look(for entry: OutboxEntry) async -> Result<IssueRef?, TrackerError> {
        guard self.canBeAsked(about: entry) else { return .success(nil) }
        do throws(TrackerError) { return .success(try await self.tracker.find(key: entry.key)) } catch {
            return .failure(error)
        }
    }

    private func send(_ entry: OutboxEntry) async throws(TrackerError) -> IssueRef {
        switch entry.payload {
        case .create(let draft): return try await self.tracker.create(draft, key: entry.key)
        case .comment(let ref, let text):
            try await self.tracker.comment(ref, text, key: entry.key)
            return ref
        case nil: throw TrackerError(.damagedEntry, "entry \(entry.number)", "what is to be sent can't be read")
        }
    }
}
