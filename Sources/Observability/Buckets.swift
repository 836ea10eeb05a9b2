internal import Synchronization

/// The counts of a histogram, and a sum of its values.
///
/// One block of memory that lives as long as the object, so that a count costs no reference counting and no bounds
/// check.
// Guarded by atomics: `cells` is never read or written otherwise, and `limits` isn't written after `init`.
final class Buckets: @unchecked Sendable {
    /// More bounds than this aren't taken: a scrape has a line for each.
    static let maximumBounds = 64

    /// The upper bounds as people read them, rising, finite, without repetition.
    let bounds: [Double]

    /// The upper bounds in the unit of the values.
    private let limits: UnsafeMutablePointer<Int64>
    /// One count for each bound, one for what is above all of them, and the sum.
    private let cells: UnsafeMutablePointer<Atomic<UInt64>>
    private let limitCount: Int

    /// - Parameters:
    ///   - bounds: In any order; what isn't finite is left out, as is all after ``maximumBounds``.
    ///   - unitsPerBound: How many units of the values are 1 in `bounds`: 1e9 for nanoseconds and seconds.
    init(bounds: [Double], unitsPerBound: Double) {
        let rising = Set(bounds.filter(\.isFinite)).sorted().prefix(Self.maximumBounds)
        self.bounds = Array(rising)
        self.limitCount = rising.count
        self.limits = .allocate(capacity: Swift.max(rising.count, 1))
        for (index, bound) in rising.enumerated() {
            (self.limits + index).initialize(to: Self.limit(bound, unitsPerBound))
        }
        self.cells = .allocate(capacity: rising.count + 2)
        for index in 0..<(rising.count + 2) { (self.cells + index).initialize(to: Atomic(0)) }
    }

    deinit {
        self.limits.deallocate()
        self.cells.deinitialize(count: self.limitCount + 2)
        self.cells.deallocate()
    }

    /// The largest whole value that is at most `bound`.
    ///
    /// A product may lie a rounding error below the whole number that was meant, so the nearest is tried first.
    private static func limit(_ bound: Double, _ unitsPerBound: Double) -> Int64 {
        let nearest = (bound * unitsPerBound).rounded()
        let isAbove = nearest / unitsPerBound > bound
        guard let limit = Int64(exactly: isAbove ? nearest - 1 : nearest) else { return bound < 0 ? .min : .max }
        return limit
    }

    /// Counts a whole value.
    func count(_ value: Int64) {
        var index = 0
        while index < self.limitCount, self.limits[index] < value { index &+= 1 }
        self.count(inBucket: index)
    }

    /// Counts a value of the bounds' own unit.
    func count(_ value: Double) { self.count(inBucket: self.bounds.firstIndex { value <= $0 } ?? self.limitCount) }

    private func count(inBucket index: Int) { self.cells[index].wrappingAdd(1, ordering: .relaxed) }

    /// Adds to the sum as a whole number; a sum is of one kind, whole or of floating point.
    func addToSum(_ amount: UInt64) { self.cells[self.limitCount + 1].wrappingAdd(amount, ordering: .relaxed) }

    /// Adds to the sum as a number of floating point.
    func addToSum(_ amount: Double) { self.cells[self.limitCount + 1].addFloating(amount) }

    /// The sum of ``addToSum(_:)-(UInt64)``.
    var sum: UInt64 { self.cells[self.limitCount + 1].load(ordering: .relaxed) }

    /// What each bucket holds, not added up; the last is the one without end.
    var counts: [UInt64] { (0...self.limitCount).map { self.cells[$0].load(ordering: .relaxed) } }
}

extension Atomic where Value == UInt64 {
    /// Adds to the number of floating point whose bits this holds.
    borrowing func addFloating(_ amount: Double) {
        var bits = self.load(ordering: .relaxed)
        while true {
            let next = (Double(bitPattern: bits) + amount).bitPattern
            let (exchanged, original) = self.weakCompareExchange(expected: bits, desired: next, ordering: .relaxed)
            if exchanged { return }
            bits = original
        }
    }
}
