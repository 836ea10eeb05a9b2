/// What is looked for.
public struct CodeQuery: Sendable, Hashable {
    /// A message, an error with its stack trace, or a text that stands in the code.
    public var text: String
    /// How many places are given at most.
    public var limit: Int
    /// Whether the whole text is looked for as it stands, too; otherwise only what looks like code in it.
    public var isLiteral: Bool

    public init(_ text: String, limit: Int = 3, isLiteral: Bool = false) {
        self.text = text
        self.limit = limit
        self.isLiteral = isLiteral
    }
}

/// What was found.
public struct CodeAnswer: Sendable, Hashable {
    /// The places, the best first.
    public var places: [CodePlace] = []
    /// Whether there may be more, since the search took too long or found too many files.
    public var isPartial = false
    /// Whether there was a trace, an error or a quoted text to look for: mere words and names are no question yet.
    public var isQuestion = false
}

/// A place in source code.
public struct CodePlace: Sendable, Hashable {
    /// Why it was found.
    public enum Reason: Sendable, Hashable {
        /// A stack trace names it; several may be meant where it is ambiguous.
        case frame(StackFrame, isAmbiguous: Bool)
        /// What was asked for is defined there.
        case definition
        /// It has a text of the error.
        case errorText
        /// It has what was quoted.
        case match
        /// It has a name that was mentioned.
        case use
    }

    var file: SourceFiles.File
    /// From the root; with the root's name in front where there are several.
    public var path: String { self.file.shownPath }
    /// From 1.
    public var line: Int
    /// From 1, in bytes; nothing where the whole line is meant.
    public var column: Int?
    public var reason: Reason
    /// Nothing where the file is shorter by now.
    public var excerpt: Excerpt?
    /// What the line is in, or what it defines.
    public var symbol: Symbol?
    /// How many places of the file have what was asked for.
    public var matches: Int
    /// Where people can read it.
    public var url: String?
    /// What a report says of it.
    public var findings: [Finding] = []

    /// `path:line`.
    public var name: String { "\(self.path):\(self.line)" }
}
