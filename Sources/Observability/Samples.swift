/// Where a source puts its values during a scrape; see ``MetricsRegistry/collect(_:)``.
///
/// A metric may get samples from several sources, and from instruments of the registry. The first sample of a series
/// counts. Label sets that are one too many are added up under the value `other`, so a source gives its samples in
/// the same order each time, or their sum jumps.
public struct Samples: Sendable {
    private(set) var scrape: Scrape

    init(_ scrape: Scrape) { self.scrape = scrape }

    /// Gives a whole number that only grew since the start; a negative one is refused.
    public mutating func counter(_ name: String, help: String, labels: Labels = [:], _ value: some BinaryInteger) {
        let reading = value < 0 ? Reading.integer(-1) : .count(UInt64(clamping: value))
        self.scrape.add(.counter, name, help: help, labels: labels, reading)
    }

    /// Gives a number that only grew since the start; what is negative, infinite or no number is refused.
    public mutating func counter(_ name: String, help: String, labels: Labels = [:], _ value: Double) {
        self.scrape.add(.counter, name, help: help, labels: labels, .number(value))
    }

    /// Gives a whole number that rises and falls.
    public mutating func gauge(_ name: String, help: String, labels: Labels = [:], _ value: some BinaryInteger) {
        self.scrape.add(.gauge, name, help: help, labels: labels, .integer(Int(clamping: value)))
    }

    /// Gives a number that rises and falls; `NaN` and the infinite ones are exposed as such.
    public mutating func gauge(_ name: String, help: String, labels: Labels = [:], _ value: Double) {
        self.scrape.add(.gauge, name, help: help, labels: labels, .number(value))
    }
}
