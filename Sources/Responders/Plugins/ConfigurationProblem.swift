public import Diagnostics

/// What a plugin, or a value of a configuration, says about something that it can't accept.
///
/// It names the key only. Whoever reads the file knows where the key stands and makes a `Diagnostic` of it.
public struct ConfigurationProblem: Error, Hashable, Sendable {
    public var code: String
    /// The key as it is written in the file, such as `closes_at`; empty means the value itself.
    public var key: String
    /// What is wrong, quoting what was written: lower case, no full stop.
    public var problem: String
    /// What to write instead, if that is known.
    public var hint: String?
    /// Mistakes in files that the configuration names.
    ///
    /// They have places of their own and are shown instead.
    public var findings: [Diagnostic]

    public init(_ code: String, key: String, _ problem: String, hint: String? = nil) {
        self.code = code
        self.key = key
        self.problem = problem
        self.hint = hint
        self.findings = []
    }

    /// The mistakes of files that the key names.
    public init(key: String, in files: Rejection) {
        self.init("broken-file", key: key, "a file that it names has mistakes")
        self.findings = files.diagnostics
    }
}
