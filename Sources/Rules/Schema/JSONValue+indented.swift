extension JSONValue {
    /// The value over many lines, indented by two spaces; a list of scalars stands on one line.
    var indented: String { self.text(indentedBy: "") }

    private func text(indentedBy indentation: String) -> String {
        let inner = indentation + "  "
        switch self {
        case .array(let items):
            guard items.contains(where: \.isNested) else {
                return "[\(items.map(\.description).joined(separator: ", "))]"
            }
            let lines = items.map { inner + $0.text(indentedBy: inner) }
            return "[\n\(lines.joined(separator: ",\n"))\n\(indentation)]"
        case .object(let members):
            guard !members.isEmpty else { return "{}" }
            let lines = members.map { "\(inner)\(JSONValue.text($0)): \($1.text(indentedBy: inner))" }
            return "{\n\(lines.joined(separator: ",\n"))\n\(indentation)}"
        default: return self.description
        }
    }

    private var isNested: Bool {
        switch self {
        case .array, .object: true
        default: false
        }
    }
}
