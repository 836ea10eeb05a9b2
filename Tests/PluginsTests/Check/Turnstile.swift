/// Lets only a few through at a time: a hundred programs that start at once are slower than any patience.
actor Turnstile {
    static let programs = Turnstile(limit: 4)

    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(limit: Int) { self.free = limit }

    /// Runs `body` when there is room.
    func pass<R: Sendable>(_ body: @Sendable () async throws -> R) async rethrows -> R {
        if self.free > 0 { self.free -= 1 } else { await withCheckedContinuation { self.waiting.append($0) } }
        defer { if self.waiting.isEmpty { self.free += 1 } else { self.waiting.removeFirst().resume() } }
        return try await body()
    }
}
