/// A promise of the protocol that a schedule saw broken.
struct Violation: Error, CustomStringConvertible {
    /// The invariant's name in the protocol, such as `P1`.
    let invariant: String
    let what: String

    init(_ invariant: String, _ what: String) {
        self.invariant = invariant
        self.what = what
    }

    var description: String { "\(self.invariant) is broken: \(self.what)" }
}

/// Throws unless a promise is kept.
func promise(_ invariant: String, _ isKept: Bool, _ what: @autoclosure () -> String) throws {
    if !isKept { throw Violation(invariant, what()) }
}
