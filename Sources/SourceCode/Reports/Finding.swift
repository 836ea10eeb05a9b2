/// What a tool has found in a file, by one of its reports.
public struct Finding: Sendable, Hashable {
    /// The tool's rule.
    public var rule: String
    /// `error`, `warning`, `note` or `none`.
    public var level: String
    public var message: String
    /// From 1.
    public var line: Int
    /// Whether somebody has decided that it may stay.
    public var isSuppressed: Bool

    public init(rule: String, level: String, message: String, line: Int, isSuppressed: Bool = false) {
        self.rule = rule
        self.level = level
        self.message = message
        self.line = line
        self.isSuppressed = isSuppressed
    }
}
