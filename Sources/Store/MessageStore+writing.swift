internal import GRDB
internal import Synchronization

extension MessageStore {
    /// Writes what is appended until ``finish()`` is called or the task is cancelled, then what is left.
    ///
    /// One caller at a time; a second one returns at once.
    public func run() async {
        let isFirst = self.status.withLock { status in
            defer { status.isRunning = true }
            return !status.isRunning
        }
        guard isFirst else { return }
        await withTaskCancellationHandler {
            while true {
                let batch = await self.queue.next()
                if batch.isEmpty { break }
                await self.commit(batch)
            }
            await self.end()
        } onCancel: {
            self.finish()
        }
    }

    /// Takes nothing more; ``run()`` writes what waits and returns.
    public func finish() { self.queue.change(to: .finished) }

    /// Writes one batch, however often it takes.
    private func commit(_ batch: [WriteQueue.Pending]) async {
        var delay = Duration.milliseconds(250)
        while true {
            let start = self.time.nanoseconds()
            do {
                let outcomes = try await self.writeEntries { writer in
                    try batch.map { try writer.write($0.entry) }
                }
                self.noteSuccess(batch, since: start)
                self.settle(batch, outcomes)
                return
            } catch {
                let error = StoreError(error, at: self.options.path)
                if error.code == .invalidEntry, batch.count > 1 {
                    // One of them can't be stored, which the others must not suffer from.
                    for pending in batch { await self.commit([pending]) }
                    return
                }
                guard error.code != .invalidEntry else { return self.settle(batch, [.failed(error)]) }
                if error.code == .locked, CompactionLock.isHeld(of: self.options.file) {
                    // A command of ours writes the file anew and is done with it sooner or later; nothing is lost by waiting.
                    await self.time.sleep(.milliseconds(250))
                    continue
                }
                self.noteFailure(error)
                if self.options.failurePolicy == .memory { return await self.goOnWithoutDisk(batch, error) }
                if self.queue.isFinished { return self.giveUp(batch, error) }
            }
            await self.time.sleep(delay)
            delay = min(delay * 2, .seconds(5))
        }
    }

    /// Writes entries in one transaction.
    func writeEntries<T: Sendable>(_ body: @escaping @Sendable (inout EntryWriter) throws -> T) async throws -> T {
        do {
            return try await self.write(keepingRooms: true) { db in
                try self.rooms.withLock { rooms in
                    let (place, now) = (self.options.path, self.time.now())
                    var version = try DirectStatement("PRAGMA data_version", db)
                    rooms.begin(at: try version.first { $0.number(0) } ?? 0)
                    var writer = EntryWriter(db, codec: self.codec, now: now, place: place, rooms: rooms)
                    // One owner alone: what is known is changed in its place, and gone where something fails.
                    rooms = RoomCache()
                    let value = try body(&writer)
                    try writer.finish()
                    try KeyTable.count(writer.sealed, db, self.codec)
                    rooms = writer.rooms
                    return value
                }
            }
        } catch {
            self.rooms.withLock { $0 = RoomCache() }
            throw error
        }
    }

    private func settle(_ batch: [WriteQueue.Pending], _ outcomes: [AppendOutcome]) {
        self.queue.settle(batch)
        for (pending, outcome) in zip(batch, outcomes) {
            if case .failed(let error) = outcome { self.observer(.rejected(error)) }
            pending.completion?(outcome)
        }
    }

    private func noteSuccess(_ batch: [WriteQueue.Pending], since start: UInt64) {
        let now = self.time.now()
        let hasRecovered = self.status.withLock { status in
            status.health.committedEntries += batch.count
            guard status.health.state != .healthy else { return false }
            status.health.state = .healthy
            status.health.since = now
            return true
        }
        if hasRecovered {
            self.queue.change(to: .accepting)
            self.observer(.health(.healthy))
        }
        let bytes = batch.reduce(0) { $0 + $1.size }
        self.observer(
            .committed(entries: batch.count, bytes: bytes, nanoseconds: self.time.nanoseconds() &- start)
        )
    }

    private func noteFailure(_ error: StoreError) {
        let isMemory = self.options.failurePolicy == .memory
        let state = isMemory ? StoreHealth.State.memoryOnly(error) : .failing(error)
        let now = self.time.now()
        let isNews = self.status.withLock { status in
            status.health.failedCommits += 1
            if isMemory { status.isLossy = true }
            guard status.health.state != state else { return false }
            status.health.state = state
            status.health.since = now
            return true
        }
        self.queue.change(to: isMemory ? .memoryOnly : .refusing)
        if isNews { self.observer(.health(state)) }
    }

    /// Lets everything that waits go, and waits until something can be written again.
    private func goOnWithoutDisk(_ batch: [WriteQueue.Pending], _ error: StoreError) async {
        var lost = batch
        repeat {
            self.queue.noteMemoryOnly(lost.count)
            self.settle(lost, Array(repeating: .memoryOnly, count: lost.count))
            lost = self.queue.take()
        } while !lost.isEmpty
        while !self.queue.isFinished {
            await self.time.sleep(.seconds(1))
            // What was said meanwhile is lost to everybody who comes back later: other numbers from here on.
            let run = StoreRun.new()
            do {
                try await self.write { db in try StoreRun.note(run, isClean: false, db) }
            } catch {
                self.noteFailure(StoreError(error, at: self.options.path))
                continue
            }
            self.status.withLock { status in
                status.run = run
                status.isLossy = false
            }
            return self.noteSuccess([], since: self.time.nanoseconds())
        }
    }

    /// Ends what can't be written before the process stops.
    private func giveUp(_ batch: [WriteQueue.Pending], _ error: StoreError) {
        self.status.withLock { $0.isLossy = true }
        var lost = batch
        repeat {
            self.settle(lost, Array(repeating: .failed(error), count: lost.count))
            lost = self.queue.take()
        } while !lost.isEmpty
    }

    /// Notes that nothing was lost, if so.
    private func end() async {
        let (isLossy, run) = self.status.withLock { ($0.isLossy, $0.run) }
        if !isLossy { try? await self.write { db in try StoreRun.note(run, isClean: true, db) } }
        let now = self.time.now()
        self.status.withLock { status in
            status.health.state = .stopped
            status.health.since = now
        }
        self.observer(.health(.stopped))
    }
}
