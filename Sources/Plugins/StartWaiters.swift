/// Those who wait until something has started, or can't.
///
/// A value that its owner's lock guards; whom it gives back is resumed with the lock released.
struct StartWaiters {
    private var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    private var nextNumber = 1

    /// A name for somebody who is going to wait.
    mutating func takeNumber() -> Int {
        defer { self.nextNumber += 1 }
        return self.nextNumber
    }

    mutating func add(_ waiter: CheckedContinuation<Void, Never>, as number: Int) { self.waiters[number] = waiter }

    mutating func remove(_ number: Int) -> CheckedContinuation<Void, Never>? {
        self.waiters.removeValue(forKey: number)
    }

    mutating func removeAll() -> [CheckedContinuation<Void, Never>] {
        defer { self.waiters = [:] }
        return Array(self.waiters.values)
    }
}
