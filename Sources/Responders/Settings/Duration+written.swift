extension Duration {
    /// Reads a duration with its unit, as configurations have it: `250ms`, `2s`, `10m`, `2h`, `30d`.
    ///
    /// - Parameter text: A whole number up to nine digits and a unit, without a space.
    public init?(written text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits), digits.count <= 9 else { return nil }
        switch text.dropFirst(digits.count) {
        case "ms": self = .milliseconds(number)
        case "s": self = .seconds(number)
        case "m": self = .seconds(number * 60)
        case "h": self = .seconds(number * 3_600)
        case "d": self = .seconds(number * 86_400)
        default: return nil
        }
    }
}
