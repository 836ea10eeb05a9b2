public import Diagnostics

/// Diagnostics in SARIF 2.1.0 (OASIS, 2020), the format that code hosts show beside the changed lines.
public struct SARIFLog: Sendable, CustomStringConvertible {
    private let diagnostics: [Diagnostic]
    private let toolVersion: String

    /// - Parameters:
    ///   - diagnostics: In any order.
    ///   - toolVersion: The version of `claude-chat`.
    public init(_ diagnostics: [Diagnostic], toolVersion: String) {
        self.diagnostics = diagnostics
        self.toolVersion = toolVersion
    }

    /// One JSON object on one line.
    public var description: String { self.json.description }

    private var json: JSONValue {
        let codes = Set(self.diagnostics.map(\.code)).sorted()
        let driver: JSONValue = .object([
            ("name", .text("claude-chat rules check")), ("version", .text(self.toolVersion)),
            ("rules", .array(codes.map { .object([("id", .text($0))]) })),
        ])
        let run: JSONValue = .object([
            ("tool", .object([("driver", driver)])),
            // A place counts Unicode scalars; the format's default is UTF-16.
            ("columnKind", .text("unicodeCodePoints")),
            ("results", .array(self.diagnostics.map { Self.result($0, codes) })),
        ])
        return .object([
            ("$schema", .text("https://json.schemastore.org/sarif-2.1.0.json")), ("version", .text("2.1.0")),
            ("runs", .array([run])),
        ])
    }

    private static func result(_ diagnostic: Diagnostic, _ codes: [String]) -> JSONValue {
        let hint = diagnostic.hint.map { "; \($0)" } ?? ""
        let region: JSONValue = .object([
            ("startLine", .integer(diagnostic.place.line)), ("startColumn", .integer(diagnostic.place.column)),
        ])
        let file: JSONValue = .object([("uri", .text(self.uri(of: diagnostic.place.file)))])
        let location: JSONValue = .object([
            ("physicalLocation", .object([("artifactLocation", file), ("region", region)]))
        ])
        return .object([
            ("ruleId", .text(diagnostic.code)),
            ("ruleIndex", .integer(codes.firstIndex(of: diagnostic.code) ?? -1)),
            ("level", .text(diagnostic.severity.rawValue)),
            ("message", .object([("text", .text(diagnostic.problem + hint))])),
            ("locations", .array([location])),
        ])
    }

    /// A relative reference for a relative path, so that the code host finds the file in its repository (RFC 3986).
    private static func uri(of path: String) -> String {
        let encoded = path.utf8.map { byte in
            let character = Character(Unicode.Scalar(byte))
            let isPlain = character.isASCII && (character.isLetter || character.isNumber || "-._~/".contains(character))
            if isPlain { return String(character) }
            let digits = String(byte, radix: 16, uppercase: true)
            return "%" + (digits.count == 1 ? "0" + digits : digits)
        }
        return (path.hasPrefix("/") ? "file://" : "") + encoded.joined()
    }
}
