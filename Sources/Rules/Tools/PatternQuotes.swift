internal import Diagnostics

/// Puts the patterns of a rule file into single quotes, where a backslash is a backslash.
struct PatternQuotes {
    private var lines: [[Unicode.Scalar]]

    init(_ text: String) {
        self.lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(Array.init)
    }

    var text: String {
        String(String.UnicodeScalarView(self.lines.joined(separator: ["\n"])))
    }

    /// Quotes every pattern of a file that stands on one line.
    mutating func quote(_ file: YAMLNode) {
        var patterns = (file["macros"]?.entries ?? []).map(\.value)
        for rule in file["rules"]?.items ?? [] {
            for key in ["match", "unless"] {
                guard let node = rule[key] else { continue }
                patterns += [node] + (node.items ?? [])
                for list in ["any", "all"] { patterns += node[list]?.items ?? [] }
            }
        }
        // From the end of a line to its start, so that the places of the others stay true.
        let scalars = patterns.filter { $0.text != nil }
        for node in scalars.sorted(by: { $0.place.column > $1.place.column }) { self.quote(scalar: node) }
    }

    private mutating func quote(scalar node: YAMLNode) {
        guard case .scalar(let text, let style) = node.content, style == .plain || style == .doubleQuoted,
            text.unicodeScalars.allSatisfy({ $0.value >= 0x20 }), self.lines.indices.contains(node.place.line - 1)
        else { return }
        let line = self.lines[node.place.line - 1]
        let start = node.place.column - 1
        guard let end = style == .plain ? Self.end(ofPlain: text, in: line, start) : Self.end(ofQuoted: line, start)
        else { return }
        let quoted = "'" + text.replacing("'", with: "''") + "'"
        self.lines[node.place.line - 1].replaceSubrange(start..<end, with: quoted.unicodeScalars)
    }

    /// Where a plain scalar ends that stands on one line as it is.
    private static func end(ofPlain text: String, in line: [Unicode.Scalar], _ start: Int) -> Int? {
        line.dropFirst(start).starts(with: text.unicodeScalars) ? start + text.unicodeScalars.count : nil
    }

    /// Where a text in double quotes ends, behind the closing quote.
    private static func end(ofQuoted line: [Unicode.Scalar], _ start: Int) -> Int? {
        guard start < line.count, line[start] == "\"" else { return nil }
        var index = start + 1
        while index < line.count {
            if line[index] == "\"" { return index + 1 }
            index += line[index] == "\\" ? 2 : 1
        }
        return nil
    }
}
