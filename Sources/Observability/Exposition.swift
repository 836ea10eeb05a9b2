/// The text format of Prometheus, version 0.0.4.
///
/// One block for each metric, ordered by name; in it the series, ordered by labels. The same values give the same text.
struct Exposition {
    private(set) var text = ""

    init(_ families: [String: Scrape.Family]) {
        for (name, family) in families.sorted(by: { $0.key < $1.key }) { self.write(name, family) }
    }

    private mutating func write(_ name: String, _ family: Scrape.Family) {
        if !family.help.isEmpty { self.text += "# HELP \(name) \(Escaping.help(family.help))\n" }
        self.text += "# TYPE \(name) \(family.type.rawValue)\n"
        for (labels, reading) in family.series.sorted(by: { $0.key < $1.key }) { self.write(name, labels, reading) }
    }

    private mutating func write(_ name: String, _ labels: String, _ reading: Reading) {
        switch reading {
        case .count(let value): self.line(name, labels, String(value))
        case .integer(let value): self.line(name, labels, String(value))
        case .number(let value): self.line(name, labels, Self.number(value))
        case .distribution(let bounds, let counts, let sum):
            let prefix = labels.isEmpty ? "" : labels + ","
            var total: UInt64 = 0
            for (index, count) in counts.enumerated() {
                total &+= count
                let bound = index < bounds.count ? Self.number(bounds[index]) : "+Inf"
                self.line(name + "_bucket", "\(prefix)le=\"\(bound)\"", String(total))
            }
            self.line(name + "_sum", labels, Self.number(sum))
            self.line(name + "_count", labels, String(total))
        }
    }

    private mutating func line(_ name: String, _ labels: String, _ value: String) {
        self.text += name
        if !labels.isEmpty { self.text += "{\(labels)}" }
        self.text += " \(value)\n"
    }

    /// A number as the format wants it; whole ones without a fraction.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // Up to 2^53 every whole number has a Double of its own.
        if value.magnitude < 9_007_199_254_740_992, let whole = Int(exactly: value) { return String(whole) }
        return value.description
    }
}
