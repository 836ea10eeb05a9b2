// The time zones of the system are in the full Foundation only.
public import Foundation
public import Responders

/// A web site that embeds the chat.
public struct Site: Sendable {
    /// The name in `claude-chat.yaml`.
    public var name: String
    /// The origins of its pages, `https://shop.example.com`; `*` is any, in development mode alone.
    public var origins: [String]
    /// The chain that answers; nothing means the configuration's default.
    public var chain: String?
    /// Nothing means UTC.
    public var timeZone: TimeZone?

    public init(name: String, origins: [String] = [], chain: String? = nil, timeZone: TimeZone? = nil) {
        self.name = name
        self.origins = origins
        self.chain = chain
        self.timeZone = timeZone
    }

    /// The time on the site's clock.
    ///
    /// - Parameter milliseconds: A moment, in whole milliseconds since 1970-01-01T00:00:00Z.
    /// - Returns: Hours and minutes.
    public func localTime(atMilliseconds milliseconds: Int64) -> TimeOfDay {
        var seconds = milliseconds / 1_000
        if let timeZone = self.timeZone {
            seconds += Int64(timeZone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))))
        }
        return TimeOfDay(minutes: Int(seconds / 60))
    }
}
