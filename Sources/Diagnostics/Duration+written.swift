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

    /// The duration in whole milliseconds, what is left over cut off.
    public var milliseconds: Int64 {
        let (seconds, attoseconds) = self.components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }

    /// The duration as configurations have it, in the largest unit that divides it: `90s`, `10m`, `1500ms`.
    ///
    /// What is shorter than a millisecond is cut off.
    public var written: String {
        let milliseconds = self.milliseconds
        for (unit, length) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)] as [(String, Int64)]
        where milliseconds != 0 && milliseconds % length == 0 {
            return "\(milliseconds / length)\(unit)"
        }
        return "\(milliseconds)ms"
    }
}
