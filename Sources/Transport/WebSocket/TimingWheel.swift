/// Something that has at most one deadline on a ``TimingWheel``.
protocol Timed: AnyObject {
    /// Where the wheel keeps it. Only the wheel writes this.
    var wheelPlace: TimingWheel.Place { get set }

    /// The deadline has come; it is off the wheel now and may go on it again.
    func deadlineReached()
}

/// Deadlines of many connections in whole seconds, without a timer for each (Varghese and Lauck, 1987).
///
/// Setting and cancelling cost the same for one connection as for ten thousand. Not shared between threads.
struct TimingWheel {
    /// A slot and a place in it; -1 where something has no deadline.
    struct Place {
        fileprivate var slot: Int32 = -1
        fileprivate var index: Int32 = -1

        /// Whether a deadline is set.
        var isSet: Bool { self.slot >= 0 }
    }

    /// The farthest deadline, in seconds.
    let span: Int

    private var slots: [[any Timed]]
    private var current = 0

    /// An empty wheel.
    ///
    /// - Parameter span: The farthest deadline, in seconds, 1 or more.
    init(span: Int = 63) {
        self.span = span
        self.slots = Array(repeating: [], count: span + 1)
    }

    /// Sets the deadline of an object, in place of the one that it has.
    ///
    /// - Parameters:
    ///   - object: What has the deadline.
    ///   - seconds: 1 through ``span``; it is reached at the tick that ends that many seconds.
    mutating func set(_ object: any Timed, in seconds: Int) {
        self.cancel(object)
        let slot = (self.current + min(max(seconds, 1), self.span)) % self.slots.count
        object.wheelPlace.slot = Int32(slot)
        object.wheelPlace.index = Int32(self.slots[slot].count)
        self.slots[slot].append(object)
    }

    /// Takes the deadline of an object away, if it has one.
    mutating func cancel(_ object: any Timed) {
        guard object.wheelPlace.isSet else { return }
        let (slot, index) = (Int(object.wheelPlace.slot), Int(object.wheelPlace.index))
        // The last one moves into the gap, so that nothing else has to.
        let last = self.slots[slot].removeLast()
        if last !== object {
            self.slots[slot][index] = last
            last.wheelPlace.index = Int32(index)
        }
        object.wheelPlace = Place()
    }

    /// Ends one second.
    ///
    /// - Returns: What is due, off the wheel. Whoever calls tells each of them afterwards: they set new deadlines then.
    mutating func tick() -> [any Timed] {
        self.current = (self.current + 1) % self.slots.count
        let due = exchange(&self.slots[self.current], with: [])
        for object in due { object.wheelPlace = Place() }
        return due
    }
}
