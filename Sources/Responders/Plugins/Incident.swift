/// Something that happened in a plugin and that the people who run the server should know.
public struct Incident: Hashable, Sendable {
    /// How much it matters.
    public enum Level: String, Sendable, CaseIterable {
        /// Somebody should look when there is time.
        case notice
        /// Something doesn't work until somebody has looked.
        case error
    }

    public var level: Level
    /// A fixed text without a full stop, such as `Took a slow rule out`.
    public var message: String
    /// What it is about, by dotted key: `rule.name`.
    ///
    /// No secret and no visitor's text.
    public var details: [String: String]

    public init(_ level: Level, _ message: String, details: [String: String] = [:]) {
        self.level = level
        self.message = message
        self.details = details
    }
}
