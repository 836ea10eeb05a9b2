/// One scrape while it is put together: what the instruments read, and what sources add.
struct Scrape: Sendable {
    struct Family: Sendable {
        let type: MetricType
        var help: String
        /// By the labels as they stand between the braces.
        var series: [String: Reading] = [:]
        /// The labels into which all go that are one too many.
        var other: String?
    }

    static let foldedName = "metrics_folded_total"
    static let refusedName = "metrics_refused_total"
    /// The names that a registry keeps for what it says of itself.
    static let ownNames = [Scrape.foldedName, Scrape.refusedName]

    var families: [String: Family] = [:]
    private(set) var complaints = Complaints()
    private let labelSets: Int
    private var names: NameTable

    /// - Parameters:
    ///   - labelSets: How many of one name there may be, without the one into which more of them fold.
    ///   - names: Those of the registry's instruments.
    init(labelSets: Int, names: NameTable) {
        self.labelSets = labelSets
        self.names = names
    }

    /// Takes a value that a source gives.
    mutating func add(_ type: MetricType, _ written: String, help: String, labels: Labels, _ reading: Reading) {
        let name = type.name(written)
        guard reading.isValid(for: type) else { return self.complaints.refuse(.invalidValue) }
        guard self.open(name, type, help: help) else { return }
        if self.families[name]?.series[labels.text] != nil {
            self.complaints.refuse(.repeatedSample)
        } else if !labels.isEmpty, self.families[name]?.series.count ?? 0 >= self.labelSets {
            self.fold(reading, labels, into: name)
        } else {
            self.families[name]?.series[labels.text] = reading
        }
    }

    private mutating func open(_ name: String, _ type: MetricType, help: String) -> Bool {
        if let refusal = self.names.claim(name, type) {
            self.complaints.refuse(refusal)
            return false
        }
        if self.families[name] == nil { self.families[name] = Family(type: type, help: help) }
        if self.families[name]?.help.isEmpty == true { self.families[name]?.help = help }
        return true
    }

    private mutating func fold(_ reading: Reading, _ labels: Labels, into name: String) {
        self.complaints.fold(name)
        let other = self.families[name]?.other ?? labels.folded.text
        self.families[name]?.other = other
        let sum = self.families[name]?.series[other].map { $0.adding(reading) } ?? reading
        self.families[name]?.series[other] = sum
    }

    /// Adds what the registry says of itself, each reason also where nothing was refused.
    mutating func add(_ complaints: Complaints) {
        let folded = complaints.folded.map { (Labels([("metric", $0.key)]).text, Reading.count($0.value)) }
        self.families[Self.foldedName] = Family(
            type: .counter,
            help: "Label sets that were one too many for their metric and count as \"other\".",
            series: Dictionary(folded) { first, _ in first }
        )
        let refused = Refusal.allCases.map {
            (Labels([("reason", $0.rawValue)]).text, Reading.count(complaints.refused[$0] ?? 0))
        }
        self.families[Self.refusedName] = Family(
            type: .counter,
            help: "Metrics and samples that are not exposed as they were meant.",
            series: Dictionary(refused) { first, _ in first }
        )
    }
}

extension Reading {
    /// Whether a metric of this type may have this value: a counter is neither negative nor infinite.
    fileprivate func isValid(for type: MetricType) -> Bool {
        guard type == .counter else { return true }
        return switch self {
        case .integer(let value): value >= 0
        case .number(let value): value >= 0 && value.isFinite
        case .count, .distribution: true
        }
    }

    /// The sum of two values, for label sets that are counted as one.
    fileprivate func adding(_ other: Reading) -> Reading {
        switch (self, other) {
        case (.count(let left), .count(let right)): .count(left &+ right)
        case (.integer(let left), .integer(let right)): .integer(left &+ right)
        default: .number(self.number + other.number)
        }
    }

    private var number: Double {
        switch self {
        case .count(let value): Double(value)
        case .integer(let value): Double(value)
        case .number(let value): value
        case .distribution(_, _, let sum): sum
        }
    }
}
