/// A mistake in a file that a person wrote: where it is, what is wrong, what to do.
///
/// `description` is one line, `place: problem; hint [code]`, fit for a terminal, an editor's
/// problem matcher and a log. The text may be reworded in any release; `code` never changes.
public struct Diagnostic: Error, Hashable, Sendable, CustomStringConvertible {
    /// How much a diagnostic weighs.
    public enum Severity: String, Sendable {
        /// The file is refused; what was live before stays live.
        case error
        /// The file is taken, but somebody should look.
        case warning
    }

    /// Whether the file is refused.
    public var severity: Severity
    /// A stable word for programs and for the troubleshooting page, such as `unknown-plugin`.
    public var code: String
    /// Where the mistake stands.
    public var place: Place
    /// What is wrong, quoting what was written: lower case, no full stop.
    public var problem: String
    /// What to write instead, if that is known.
    public var hint: String?

    public init(
        _ code: String,
        at place: Place,
        _ problem: String,
        hint: String? = nil,
        severity: Severity = .error
    ) {
        self.severity = severity
        self.code = code
        self.place = place
        self.problem = problem
        self.hint = hint
    }

    public var description: String {
        let hint = self.hint.map { "; \($0)" } ?? ""
        return "\(self.place): \(self.problem)\(hint) [\(self.code)]"
    }
}

/// A position in a file, and the keys that lead to it.
public struct Place: Hashable, Sendable, CustomStringConvertible {
    /// The file as the person named it, relative where they were relative.
    public var file: String
    /// The line, from 1.
    public var line: Int
    /// The column, from 1, in Unicode scalars.
    public var column: Int
    /// The keys that lead there, `chains.support.answer[0]`, or an empty text.
    public var keyPath: String

    public init(file: String, line: Int = 1, column: Int = 1, keyPath: String = "") {
        self.file = file
        self.line = line
        self.column = column
        self.keyPath = keyPath
    }

    public var description: String {
        let keyPath = self.keyPath.isEmpty ? "" : ": \(self.keyPath)"
        return "\(self.file):\(self.line):\(self.column)\(keyPath)"
    }
}

/// Files that can't be used, with every mistake in them.
public struct Rejection: Error, Sendable, CustomStringConvertible {
    /// At least one error, and the warnings that were found on the way, in the order of the files.
    public var diagnostics: [Diagnostic]

    public init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    public var description: String { self.diagnostics.map(\.description).joined(separator: "\n") }
}
