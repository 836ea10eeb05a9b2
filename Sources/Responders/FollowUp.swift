/// A responder's promise of one more reply, later: the visitor has been told that somebody is looking.
///
/// Whoever shows ``token`` in time says the reply, once; otherwise the visitor is told that none came.
public struct FollowUp: Sendable, Hashable {
    /// What nobody can guess: 256 random bits in hexadecimal.
    public var token: String
    /// From the first reply to the one that follows it, at most.
    public var timeToLive: Duration

    public static let longestTime = Duration.seconds(900)

    /// - Parameters:
    ///   - token: One of ``makeToken()`` that only this responder was told.
    ///   - timeToLive: At most ``longestTime``.
    public init(token: String, timeToLive: Duration) {
        self.token = token
        self.timeToLive = min(timeToLive, Self.longestTime)
    }

    /// A token for one turn.
    public static func makeToken() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let part = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - part.utf8.count) + part
        }.joined()
    }
}
