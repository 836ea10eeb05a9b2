/// What the text format, version 0.0.4, asks of texts that others wrote.
enum Escaping {
    /// A label's value: backslash, quote and line feed behind a backslash.
    static func labelValue(_ text: String) -> String { self.escaped(text, escapesQuote: true) }

    /// The text of a `# HELP` line: backslash and line feed behind a backslash.
    static func help(_ text: String) -> String { self.escaped(text, escapesQuote: false) }

    private static func escaped(_ text: String, escapesQuote: Bool) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\"" where escapesQuote: result.append(contentsOf: "\\\"".unicodeScalars)
            // A carriage return ends a line for some readers, and none of these is worth a broken scrape.
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}": result.append("\u{FFFD}")
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
