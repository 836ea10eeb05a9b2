internal import Diagnostics
internal import Responders

/// A text with `{name}` for values; `{{` and `}}` are braces.
struct TemplateText: Hashable, Sendable {
    private enum Part: Hashable, Sendable { case text(String), value(String) }

    private let parts: [Part]

    /// - Parameters:
    ///   - text: As it is written.
    ///   - known: The names that it may have.
    ///   - key: The key that it stands under, for the problem.
    /// - Throws: `unknown-placeholder` or `bad-template`.
    init(_ text: String, known: Set<String>, key: String) throws(ConfigurationProblem) {
        var parts: [Part] = []
        var literal = ""
        var rest = text[...]
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            literal += rest[..<brace]
            let behind = rest[rest.index(after: brace)...]
            if behind.first == rest[brace] {
                literal.append(rest[brace])
                rest = behind.dropFirst()
                continue
            }
            guard rest[brace] == "{", let end = behind.firstIndex(of: "}") else {
                let hint = "write {{ and }} for braces"
                throw ConfigurationProblem("bad-template", key: key, "a brace without the other one", hint: hint)
            }
            let name = String(behind[..<end])
            guard known.contains(name) else {
                let problem = "there is nothing called \"{\(name)}\""
                throw ConfigurationProblem(
                    "unknown-placeholder",
                    key: key,
                    problem,
                    hint: suggestion(for: name, among: known)
                )
            }
            if !literal.isEmpty { parts.append(.text(literal)) }
            literal = ""
            parts.append(.value(name))
            rest = behind[behind.index(after: end)...]
        }
        literal += rest
        if !literal.isEmpty { parts.append(.text(literal)) }
        self.parts = parts
    }

    /// The text with its values; `escape` is applied to each of them, never to the text around them.
    func filled(_ values: [String: String], escape: (String) -> String = { $0 }) -> String {
        self.parts.map { part in
            switch part {
            case .text(let text): text
            case .value(let name): escape(values[name] ?? "")
            }
        }.joined()
    }
}

extension String {
    /// As a part of a path or a value in a query: nothing in it is a separator, and it is no `.` or `..`.
    var percentEncoded: String {
        let isDots = self == "." || self == ".."
        return self.utf8.map { byte in
            let isPlain = 0x30...0x39 ~= byte || 0x41...0x5A ~= byte || 0x61...0x7A ~= byte
            if isPlain || "-_~".utf8.contains(byte) || (byte == UInt8(ascii: ".") && !isDots) {
                return String(UnicodeScalar(byte))
            }
            return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}
