// The time zones of the system are in the full Foundation only.
public import Access
public import Foundation
public import Responders
internal import Rules

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
    /// Pages with a chain of their own: the first that fits counts.
    var pages: [(pattern: PagePattern, chain: String)] = []
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
    /// When people are there; nothing where that isn't written.
    public var openingHours: OpeningHours?
    /// How long a person is waited for before the responders answer again; nothing means 30 minutes.
    public var returnAfter: Duration?
    /// After how long without a word a conversation is over; nothing means 24 hours.
    public var closeAfter: Duration?
    /// What it says in place of the server's own sentences.
    public var texts = SiteTexts()
    /// Whether its visitors are offered to rate replies.
    public var offersFeedback = true

    public init(name: String, origins: [String] = [], chain: String? = nil, timeZone: TimeZone? = nil) {
        self.name = name
        self.origins = origins
        self.chain = chain
        self.timeZone = timeZone
    }

    /// The name of the chain that answers on a page; nothing means the configuration's default.
    func chain(on path: String) -> String? { self.pages.first { $0.pattern.matches(path) }?.chain ?? self.chain }

    /// The time on the site's clock.
    ///
    /// - Parameter milliseconds: A moment, in whole milliseconds since 1970-01-01T00:00:00Z.
    /// - Returns: Hours and minutes.
    public func localTime(atMilliseconds milliseconds: Int64) -> TimeOfDay {
        TimeOfDay(minutes: self.localMinutes(atMilliseconds: milliseconds))
    }

    /// Whether the site is open.
    ///
    /// - Parameter milliseconds: A moment, in whole milliseconds since 1970-01-01T00:00:00Z.
    /// - Returns: Nothing where the site has no opening hours.
    public func isOpen(atMilliseconds milliseconds: Int64) -> Bool? {
        self.isOpen(at: self.localTime(atMilliseconds: milliseconds), onDayOf: milliseconds)
    }

    /// Whether the site is open at a time of the day that a moment is of, on its clock.
    func isOpen(at time: TimeOfDay, onDayOf milliseconds: Int64) -> Bool? {
        guard let hours = self.openingHours else { return nil }
        let minutes = self.localMinutes(atMilliseconds: milliseconds)
        let day = Weekday(daysSinceEpoch: (minutes - TimeOfDay(minutes: minutes).minutes) / 1_440)
        return hours.contains(time, on: day)
    }

    /// Minutes since 1970 as the site's clock counts them.
    private func localMinutes(atMilliseconds milliseconds: Int64) -> Int {
        var seconds = milliseconds / 1_000
        if let timeZone = self.timeZone {
            seconds += Int64(timeZone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(seconds))))
        }
        return Int(seconds / 60)
    }
}
