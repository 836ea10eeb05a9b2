/// A time on the clock of a site, in whole minutes, written `"09:00"`.
public struct TimeOfDay: Sendable, Hashable, Comparable, Decodable, CustomStringConvertible {
    /// Minutes since midnight, 0 through 1439.
    public let minutes: Int

    /// - Parameter minutes: Since midnight; taken modulo a day.
    public init(minutes: Int) { self.minutes = (minutes % 1_440 + 1_440) % 1_440 }

    /// Reads `HH:MM`, from `00:00` through `23:59`, two digits each.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.allSatisfy { "0"..."9" ~= $0 } }),
            let hours = Int(parts[0]), let minutes = Int(parts[1]), hours < 24, minutes < 60
        else { return nil }
        self.minutes = hours * 60 + minutes
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let time = TimeOfDay(text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "\"\(text)\" is not a time like \"09:00\""
            )
        }
        self = time
    }

    public static func < (left: TimeOfDay, right: TimeOfDay) -> Bool { left.minutes < right.minutes }

    public var description: String {
        func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(twoDigits(self.minutes / 60)):\(twoDigits(self.minutes % 60))"
    }
}
