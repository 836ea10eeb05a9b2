/// Names one site that embeds the chat.
///
/// 1 through 64 of `a-z 0-9 -`. Sessions of two sites never meet, even if they are called the same.
public struct SiteID: Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    /// Takes a name that was written in a configuration or by a client; nothing where it is none.
    ///
    /// - Parameter text: What was written.
    public init?(_ text: some StringProtocol) {
        let isAllowed = text.utf8.allSatisfy { byte in
            isDigit(byte) || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || byte == UInt8(ascii: "-")
        }
        guard isAllowed, 1...Limits.identifierBytes ~= text.utf8.count else { return nil }
        self.rawValue = String(text)
    }

    private init(unchecked rawValue: String) { self.rawValue = rawValue }

    public var description: String { self.rawValue }

    /// The site where none is configured.
    public static let `default` = SiteID(unchecked: "default")
}
