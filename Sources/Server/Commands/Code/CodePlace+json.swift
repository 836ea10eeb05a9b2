internal import Rules
internal import SourceCode

extension CodePlace {
    /// The place as one line of JSON.
    func json(_ reason: String, _ symbol: String?) -> String {
        JSONValue.object([
            ("path", .text(self.path)), ("line", .number(Double(self.line))), ("reason", .text(reason)),
            ("symbol", .text(symbol)), ("text", .text(self.excerpt?.numbered)), ("url", .text(self.url)),
            ("findings", .array(self.findings.map { .text($0.shown) })),
        ]).description
    }
}
