/// A value of JSON whose members keep their order.
indirect enum JSONValue {
    case text(String)
    case number(Int)
    case flag(Bool)
    case list([JSONValue])
    case object([(String, JSONValue)])

    /// As JSON, indented by two spaces; a list of scalars stands on one line.
    var text: String { self.text(indentedBy: "") }

    private func text(indentedBy indentation: String) -> String {
        let inner = indentation + "  "
        switch self {
        case .text(let text): return Self.quoted(text)
        case .number(let number): return "\(number)"
        case .flag(let flag): return "\(flag)"
        case .list(let items):
            guard items.contains(where: \.isNested) else {
                return "[\(items.map { $0.text(indentedBy: "") }.joined(separator: ", "))]"
            }
            let lines = items.map { inner + $0.text(indentedBy: inner) }
            return "[\n\(lines.joined(separator: ",\n"))\n\(indentation)]"
        case .object(let members):
            guard !members.isEmpty else { return "{}" }
            let lines = members.map { "\(inner)\(Self.quoted($0)): \($1.text(indentedBy: inner))" }
            return "{\n\(lines.joined(separator: ",\n"))\n\(indentation)}"
        }
    }

    private var isNested: Bool {
        switch self {
        case .list, .object: true
        case .text, .number, .flag: false
        }
    }

    private static func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\n": "\\n"
            case _ where scalar.value < 0x20:
                "\\u" + String(repeating: "0", count: scalar.value < 0x10 ? 3 : 2) + String(scalar.value, radix: 16)
            default: String(scalar)
            }
        }
        return "\"\(escaped.joined())\""
    }
}
