internal import Diagnostics
internal import Responders

/// What came of transcripts, as build servers read it: a suite for each file, a case for each message.
struct JUnitReport {
    let outcomes: [TranscriptSuite.Outcome]

    /// The XML.
    var text: String {
        var lines = [#"<?xml version="1.0" encoding="UTF-8"?>"#]
        let cases = self.outcomes.reduce(0) { $0 + Self.count($1) }
        let failures = self.outcomes.reduce(0) { $0 + Self.failures(of: $1) }
        lines.append(#"<testsuites name="claude-chat test" tests="\#(cases)" failures="\#(failures)">"#)
        for outcome in self.outcomes { lines += Self.suite(outcome) }
        lines.append("</testsuites>\n")
        return lines.joined(separator: "\n")
    }

    private static func count(_ outcome: TranscriptSuite.Outcome) -> Int {
        outcome.exchanges.count + (outcome.mistakes.isEmpty ? 0 : 1)
    }

    private static func failures(of outcome: TranscriptSuite.Outcome) -> Int {
        outcome.exchanges.count { !$0.problems.isEmpty } + (outcome.mistakes.isEmpty ? 0 : 1)
    }

    private static func suite(_ outcome: TranscriptSuite.Outcome) -> [String] {
        let file = Self.escaped(outcome.file)
        let counts = #"tests="\#(Self.count(outcome))" failures="\#(Self.failures(of: outcome))""#
        var lines = [#"  <testsuite name="\#(file)" \#(counts)>"#]
        if !outcome.mistakes.isEmpty { lines += Self.testCase(file, "the file", .zero, outcome.mistakes) }
        for (index, exchange) in outcome.exchanges.enumerated() {
            let name = "\(index + 1): \(printable(exchange.text, limit: 80))"
            lines += Self.testCase(file, Self.escaped(name), exchange.took, exchange.problems)
        }
        return lines + ["  </testsuite>"]
    }

    private static func testCase(
        _ file: String,
        _ name: String,
        _ took: Duration,
        _ problems: [Diagnostic]
    ) -> [String] {
        let milliseconds = took.milliseconds
        let digits = "\(milliseconds % 1_000)"
        let seconds = "\(milliseconds / 1_000).\(String(repeating: "0", count: 3 - digits.count))\(digits)"
        let start = #"    <testcase classname="\#(file)" name="\#(name)" time="\#(seconds)""#
        guard let first = problems.first else { return [start + "/>"] }
        let text = Self.escaped(problems.map(\.description).joined(separator: "\n"))
        let failure = #"<failure type="\#(Self.escaped(first.code))" message="\#(Self.escaped(first.problem))">"#
        return [start + ">", "      \(failure)\(text)</failure>", "    </testcase>"]
    }

    /// What may stand in an attribute or an element: XML has no place for most control characters.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n": result += "&#10;"
            case "\t": result += "&#9;"
            case "\u{0}"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
