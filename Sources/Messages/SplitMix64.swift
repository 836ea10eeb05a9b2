/// A small generator for what must be distinct but not secret (Steele, Lea and Flood, OOPSLA 2014).
public struct SplitMix64: RandomNumberGenerator, Sendable {
    @usableFromInline
    var state: UInt64

    @inlinable
    public init(state: UInt64) { self.state = state }

    /// One of many sequences, of which no two begin alike.
    ///
    /// - Parameters:
    ///   - seed: The same for all of them.
    ///   - index: Which one.
    @inlinable
    public init(seed: UInt64, index: UInt64) {
        // The steps of one generator are distinct numbers; as states, unlike as indices, they lie far apart.
        var starts = SplitMix64(state: seed &+ index &* Self.step)
        self.state = starts.next()
    }

    @inlinable
    static var step: UInt64 { 0x9E37_79B9_7F4A_7C15 }

    @inlinable
    public mutating func next() -> UInt64 {
        self.state &+= Self.step
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
