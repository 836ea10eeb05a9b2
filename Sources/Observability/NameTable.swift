/// Which names are in use, and by what.
struct NameTable: Sendable {
    private let maximumNames: Int
    private var types: [String: MetricType] = [:]
    /// The names in the lines of all metrics, as `x_sum` of a histogram `x`.
    private var lineNames: Set<String>

    /// - Parameters:
    ///   - maximumNames: How many may be claimed.
    ///   - reserved: Names that can't be.
    init(maximumNames: Int, reserved: [String]) {
        self.maximumNames = maximumNames
        self.lineNames = Set(reserved)
    }

    /// Takes `name` for metrics of `type`.
    ///
    /// - Returns: Why that can't be; nothing if it is so now, or was already.
    mutating func claim(_ name: String, _ type: MetricType) -> Refusal? {
        if self.types[name] == type { return nil }
        let lineNames = type.lineNames(of: name)
        guard self.lineNames.isDisjoint(with: lineNames) else { return .nameTaken }
        guard self.types.count < self.maximumNames else { return .tooManyNames }
        self.types[name] = type
        self.lineNames.formUnion(lineNames)
        return nil
    }
}
