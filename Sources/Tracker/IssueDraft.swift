public import Messages

/// What is about to be reported.
///
/// Texts are brought into their bounds when it is made.
public struct IssueDraft: Hashable, Sendable {
    /// One line of 1 to ``maximumTitleCharacters`` characters.
    public let title: String
    /// At most ``maximumBodyBytes`` bytes of UTF-8; no control characters but line breaks and tabs.
    public let body: String
    /// What it is, by a word of the site's own such as `bug`; at most 40 characters.
    public let kind: String?
    /// At most 10, each at most 40 characters.
    public let labels: [String]
    /// A visitor for whom the site has vouched.
    public let reporter: String?
    /// The path of the page that it is about.
    public let page: String?
    public let site: SiteID
    /// Where the reporter can be told of news.
    public let session: SessionID?

    public static let maximumTitleCharacters = 255
    public static let maximumBodyBytes = 16_384

    /// - Throws: `invalid-issue` where nothing is left of the title.
    public init(
        title: String,
        body: String = "",
        kind: String? = nil,
        labels: [String] = [],
        reporter: String? = nil,
        page: String? = nil,
        site: SiteID = .default,
        session: SessionID? = nil
    ) throws(TrackerError) {
        self.title = IssueText.line(title, atMost: Self.maximumTitleCharacters)
        self.body = IssueText.block(body, atMostBytes: Self.maximumBodyBytes)
        self.kind = kind.map { IssueText.line($0, atMost: 40) }
        self.labels = labels.prefix(10).map { IssueText.line($0, atMost: 40) }.filter { !$0.isEmpty }
        self.reporter = reporter.map { IssueText.line($0, atMost: 200) }
        self.page = page.map { IssueText.line($0, atMost: 1_024) }
        self.site = site
        self.session = session
        guard !self.title.isEmpty else { throw TrackerError(.invalidIssue, "title", "has no character to read") }
    }
}

/// Brings texts of strangers into a form that every tracker takes.
public enum IssueText {
    /// One line: white space of any kind becomes one blank, control characters go.
    ///
    /// - Parameters:
    ///   - text: Anything.
    ///   - limit: How many characters are kept; none is cut in two.
    /// - Returns: The line, without blanks at its ends.
    public static func line(_ text: String, atMost limit: Int) -> String {
        var line = ""
        var count = 0
        var isBehindBlank = false
        for character in text {
            if character.isWhitespace || character.isNewline {
                isBehindBlank = !line.isEmpty
                continue
            }
            // A character can have any number of marks; no line needs so many.
            guard let kept = self.kept(character, atMost: 64) else { continue }
            let needed = isBehindBlank ? 2 : 1
            guard count + needed <= limit, line.utf8.count + kept.utf8.count < limit * 8 else { break }
            if isBehindBlank { line.append(" ") }
            line += kept
            count += needed
            isBehindBlank = false
        }
        return line
    }

    /// Several lines: each ends with one line feed, and no control character is left but tabs.
    ///
    /// - Parameters:
    ///   - text: Anything.
    ///   - limit: How many bytes are kept.
    /// - Returns: The text, cut between two characters where that is possible.
    public static func block(_ text: String, atMostBytes limit: Int) -> String {
        var block = ""
        for character in text {
            let kept = character.isNewline ? "\n" : character == "\t" ? "\t" : self.kept(character) ?? ""
            guard block.utf8.count + kept.utf8.count <= limit else { break }
            block += kept
        }
        return block
    }

    /// The character without what a terminal or a page would act on; nothing where nothing is left.
    private static func kept(_ character: Character, atMost limit: Int = .max) -> String? {
        let scalars = character.unicodeScalars.prefix(limit).filter { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .surrogate: false
            // They turn the text around them, also where it is quoted.
            case .format: !(0x202A...0x202E ~= scalar.value || 0x2066...0x2069 ~= scalar.value)
            default: true
            }
        }
        return scalars.isEmpty ? nil : String(String.UnicodeScalarView(scalars))
    }

    /// A stranger's words as a quotation that notifies nobody and links nothing, whatever shows it.
    ///
    /// `@name`, `#123`, `!45` and the scheme of links are broken by a zero-width space, and each line begins as quoted
    /// text does, so that nothing in it is a command, a heading or a list.
    public static func quoted(_ text: String) -> String {
        self.disarmed(text).split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? ">" : "> \($0)" }.joined(separator: "\n")
    }

    /// The same for a part of a line.
    public static func disarmed(_ text: String) -> String {
        var disarmed = String.UnicodeScalarView()
        let scalars = Array(text.unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            disarmed.append(scalar)
            guard self.triggers.contains(scalar), index + 1 < scalars.count,
                !scalars[index + 1].properties.isWhitespace
            else { continue }
            disarmed.append("\u{200B}")
        }
        // A host without a scheme becomes a link in many places, too.
        return self.brokenHosts(String(disarmed))
    }

    /// What begins a name, a number, a link or markup in one tracker or another.
    private static let triggers: Set<Unicode.Scalar> = ["@", "#", "!", ":", "\u{FF20}", "\u{FF03}", "<", "[", "`"]

    private static func brokenHosts(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let found = rest.firstRange(of: "www.") ?? rest.firstRange(of: "WWW.") {
            result += rest[..<found.upperBound] + "\u{200B}"
            rest = rest[found.upperBound...]
        }
        return result + rest
    }
}
