/// Why something isn't exposed as it was meant.
///
/// Never an error to whoever counts: a server doesn't fall over its metrics.
enum Refusal: String, CaseIterable, Sendable {
    /// The name belongs to a metric of another type, or is one of another metric's lines.
    case nameTaken = "name_taken"
    /// A histogram of this name has other bounds; those hold.
    case otherBounds = "other_bounds"
    /// There are as many names as the registry takes.
    case tooManyNames = "too_many_names"
    /// A source gave a series that is there already.
    case repeatedSample = "repeated_sample"
    /// A source gave a counter that is negative, infinite or no number.
    case invalidValue = "invalid_value"
}

/// What was folded and refused, since the start or in one scrape.
struct Complaints: Sendable {
    /// By the name of the metric, how often a label set was one too many.
    private(set) var folded: [String: UInt64] = [:]
    private(set) var refused: [Refusal: UInt64] = [:]

    mutating func fold(_ name: String) { self.folded[name, default: 0] &+= 1 }
    mutating func refuse(_ reason: Refusal) { self.refused[reason, default: 0] &+= 1 }

    mutating func merge(_ other: Complaints) {
        self.folded.merge(other.folded, uniquingKeysWith: &+)
        self.refused.merge(other.refused, uniquingKeysWith: &+)
    }
}
