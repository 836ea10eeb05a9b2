internal import Tracker

/// What a tracker on another machine is sent besides the title.
enum RemoteText {
    /// The text of a report: the visitor's words, the page, and the line by which it is found again.
    ///
    /// - Parameters:
    ///   - draft: Its body is quoted already, and what could notify or link somebody is broken.
    ///   - key: Names the wish.
    ///   - keyLine: Hides the line with the key from readers, where the markup can.
    /// - Returns: Lines of plain text.
    static func body(
        _ draft: IssueDraft,
        _ key: DedupeKey,
        keyLine: (String) -> String = { $0 }
    ) -> String {
        let page = draft.page.map { "Page: \(IssueText.disarmed($0))" }
        return [draft.body, page, keyLine(self.keyLine(key))].compactMap { $0 }.filter { !$0.isEmpty }
            .joined(separator: "\n\n")
    }

    /// Whether a text is one that was sent with a key, and not with one that begins alike.
    static func has(_ key: DedupeKey, in text: String?) -> Bool {
        guard let text, let line = text.firstRange(of: self.keyLine(key)) else { return false }
        return text[line.upperBound...].first?.isWhitespace ?? true
    }

    static func comment(_ text: String, _ key: DedupeKey) -> String { "\(text)\n\n\(self.keyLine(key))" }

    /// Whether a text was sent from here: the line with the key ends it.
    ///
    /// An answer may quote that line.
    static func isOurs(_ text: String) -> Bool {
        guard let last = text.split(whereSeparator: \.isNewline).last(where: { $0.contains { !$0.isWhitespace } })
        else {
            return false
        }
        return ["claude-chat: ", "<!-- claude-chat: "].contains { last.drop(while: \.isWhitespace).hasPrefix($0) }
    }

    static func keyLine(_ key: DedupeKey) -> String { "claude-chat: \(key.rawValue)" }
}
