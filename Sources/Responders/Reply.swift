internal import Messages

/// A text for the visitor.
public struct Reply: Sendable, Hashable, ExpressibleByStringLiteral {
    /// At most ``maximumTextBytes`` bytes of UTF-8; the chain cuts what is longer.
    ///
    /// A reply without text counts as a failure of its responder.
    public var text: String
    public var format: Format
    /// Quick replies, at most ``maximumChoices``.
    public var choices: [Choice]
    /// At most ``maximumLinks``.
    public var links: [Link]
    /// The language of the text, as in BCP 47, where it is known.
    public var lang: String?
    /// A promise of one more reply of the same turn; nothing by default.
    public var followUp: FollowUp?

    public init(
        _ text: String,
        format: Format = .markdown,
        choices: [Choice] = [],
        links: [Link] = [],
        lang: String? = nil
    ) {
        self.text = text
        self.format = format
        self.choices = choices
        self.links = links
        self.lang = lang
    }

    public init(stringLiteral text: String) { self.init(text) }

    /// How the text is shown.
    public enum Format: String, Sendable, CaseIterable { case plain, markdown }

    /// A button under the reply.
    public struct Choice: Sendable, Hashable {
        /// What stands on the button, at most ``maximumLabelCharacters`` characters.
        public var label: String
        /// What the visitor says by pressing it, at most ``maximumSendBytes`` bytes; nothing means the label.
        public var send: String?

        public init(_ label: String, send: String? = nil) {
            self.label = label
            self.send = send
        }

        public static let maximumLabelCharacters = 40
        public static let maximumSendBytes = 200

        /// The choice with a label within its bound; nothing where a click would send nothing or too much.
        fileprivate var bounded: Choice? {
            let sent = self.send ?? self.label
            guard 1...Self.maximumSendBytes ~= sent.utf8.count, !self.label.isEmpty else { return nil }
            let label = String(self.label.unicodeScalars.prefix(Self.maximumLabelCharacters))
            return Choice(label, send: self.send ?? (label == sent ? nil : sent))
        }
    }

    /// Something to read further.
    public struct Link: Sendable, Hashable {
        /// At most ``maximumTitleCharacters``.
        public var title: String
        /// `https://…`, or a path of the same site that begins with one slash; at most ``maximumURLBytes``.
        public var url: String

        public static let maximumTitleCharacters = 200
        public static let maximumURLBytes = 2_048

        /// The link with a title within its bound; nothing where the address is none that a visitor may be sent to.
        fileprivate var bounded: Link? {
            let isPath =
                self.url.utf8.first == UInt8(ascii: "/") && self.url.utf8.dropFirst().first != UInt8(ascii: "/")
            // Browsers skip white space and take a backslash for a slash.
            let isWritten = self.url.utf8.allSatisfy { 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "\\") }
            guard isPath || self.url.utf8.starts(with: "https://".utf8), isWritten,
                self.url.utf8.count <= Self.maximumURLBytes, !self.title.isEmpty
            else { return nil }
            return Link(
                title: String(self.title.unicodeScalars.prefix(Self.maximumTitleCharacters)),
                url: self.url
            )
        }

        public init(title: String, url: String) {
            self.title = title
            self.url = url
        }
    }

    /// The longest text of a reply, in bytes of UTF-8.
    public static let maximumTextBytes = Limits.messageBytes
    public static let maximumChoices = 6
    public static let maximumLinks = 5
}

extension Reply {
    /// Whether there is nothing to read.
    var isEmpty: Bool {
        // Nearly every reply begins with a letter; to ask Unicode about it takes longer.
        if let first = self.text.utf8.first, 0x21...0x7E ~= first { return false }
        return !self.text.contains { !$0.isWhitespace }
    }

    /// Whether a text is a language tag by its form, RFC 5646 section 2.1; the longest that anybody has to take has 35
    /// characters (section 4.4.1).
    private static func isLanguage(_ tag: String) -> Bool {
        1...35 ~= tag.utf8.count && tag.utf8.allSatisfy { $0 < 0x80 && (isAlphanumeric($0) || $0 == UInt8(ascii: "-")) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        0x30...0x39 ~= byte || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
    }

    /// Cuts the text and the labels to their bounds, and drops choices that can't be sent, links that can't be followed and a
    /// language that is none.
    ///
    /// - Returns: Whether the text lost its end.
    mutating func bound() -> Bool {
        self.choices = self.choices.compactMap(\.bounded)
        self.links = self.links.compactMap(\.bounded)
        if self.choices.count > Self.maximumChoices {
            self.choices.removeLast(self.choices.count - Self.maximumChoices)
        }
        if self.links.count > Self.maximumLinks { self.links.removeLast(self.links.count - Self.maximumLinks) }
        if let lang, !Self.isLanguage(lang) { self.lang = nil }
        guard self.text.utf8.count > Self.maximumTextBytes else { return false }
        self.text = self.text.prefix(bytes: Self.maximumTextBytes)
        return true
    }
}

extension String {
    /// The longest prefix of at most so many bytes of UTF-8.
    ///
    /// A whole character may be longer than that, so the cut is between Unicode scalars.
    func prefix(bytes limit: Int) -> String {
        guard self.utf8.count > limit else { return self }
        var bytes = 0
        return String(
            self.unicodeScalars.prefix { scalar in
                bytes += UTF8.width(scalar)
                return bytes <= limit
            }
        )
    }
}
