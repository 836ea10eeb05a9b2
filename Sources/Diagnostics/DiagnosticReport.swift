internal import FoundationEssentials

/// Diagnostics as a terminal shows them: each with the line of its file and a caret under it.
///
/// The files are read when ``text`` is asked for; of a file that can't be read no line is shown.
public struct DiagnosticReport {
    private let diagnostics: [Diagnostic]

    public init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    /// How many there are: `2 errors, 1 warning`.
    public var count: String {
        let errors = self.diagnostics.count { $0.severity == .error }
        let parts = [(errors, "error"), (self.diagnostics.count - errors, "warning")]
        return parts.filter { $0.0 > 0 }.map { "\($0) \($1)\($0 == 1 ? "" : "s")" }.joined(separator: ", ")
    }

    /// Errors first, then, behind a line that says so, the warnings.
    ///
    /// No line break at the end.
    public var text: String {
        let errors = self.diagnostics.filter { $0.severity == .error }
        let warnings = self.diagnostics.filter { $0.severity == .warning }
        var sources = SourceLines()
        var lines = errors.flatMap { sources.lines(of: $0) }
        if !warnings.isEmpty { lines.append("warnings:") }
        lines += warnings.flatMap { sources.lines(of: $0) }
        return lines.joined(separator: "\n")
    }
}

/// The lines of the files that diagnostics point to, each file read once.
private struct SourceLines {
    private var files: [String: [Substring]] = [:]

    /// What is wrong, and where.
    mutating func lines(of diagnostic: Diagnostic) -> [String] {
        // The line has what must not reach a terminal or a log.
        if diagnostic.code == "secret-in-file" { return [diagnostic.description] }
        return [diagnostic.description] + self.excerpt(of: diagnostic.place)
    }

    /// The line with its number, and a caret under the column; nothing where the file has no such line.
    private mutating func excerpt(of place: Place) -> [String] {
        let lines = self.lines(of: place.file)
        guard lines.indices.contains(place.line - 1) else { return [] }
        let scalars = Array(lines[place.line - 1].unicodeScalars)
        let column = min(max(0, place.column - 1), scalars.count)
        let start = column > Self.width - 20 ? column - 60 : 0
        let shown = scalars[start...].prefix(Self.width)
        // Tabs stay tabs, so that the caret is under its column however wide they are.
        let indentation = scalars[start..<column].map { $0 == "\t" ? "\t" : " " }.joined()
        let number = "\(place.line)"
        let margin = String(repeating: " ", count: max(0, 4 - number.count))
        let blank = String(repeating: " ", count: margin.count + number.count)
        return ["\(margin)\(number) | \(text(shown))", "\(blank) | \(indentation)^"]
    }

    /// How many characters of a line are shown.
    private static let width = 120

    private mutating func lines(of file: String) -> [Substring] {
        if let known = self.files[file] { return known }
        let text = FileManager.default.contents(atPath: file).map { String(decoding: $0, as: UTF8.self) }
        let lines = text?.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) ?? []
        self.files[file] = lines
        return lines
    }
}

/// Scalars as a text, without the ones that would move a terminal's cursor.
private func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var text = ""
    for scalar in scalars {
        text.unicodeScalars.append(
            scalar.properties.generalCategory == .control && scalar != "\t" ? "\u{FFFD}" : scalar
        )
    }
    return text
}
