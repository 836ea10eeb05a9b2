// The time zones of the system are in the full Foundation only.
public import Access
public import Foundation
public import Responders

/// Whether clients that speak the first form of the protocol are served.
public enum SeedMode: String, Sendable, CaseIterable, Decodable {
    /// In development mode alone.
    case development
    case on, off
}

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
    /// Who vouches for its visitors; nobody where nothing is written.
    public var identities: IdentityCheck?
    /// Where clients without a subprotocol are served.
    public var seedMode = SeedMode.development
    /// Whether a cookie opens sessions where no token is shown; needed by clients without a subprotocol in production.
    public var acceptsCookie = false
    /// Whether `/api/claude-feedback` answers its pages.
    public var offersSeedFeedback = false
    /// Whether its visitors are offered to rate replies.
    public var offersFeedback = true

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
