/// A token that was just signed, and what it gives.
///
/// Never described: whoever holds the text has the access.
public struct AccessToken: Sendable, CustomStringConvertible, CustomReflectable {
    /// The token, a JSON Web Token in ASCII.
    public let text: String
    public let grant: Grant

    public var description: String { "AccessToken(\(self.grant))" }
    public var customMirror: Mirror { Mirror(self, children: ["grant": self.grant]) }
}
