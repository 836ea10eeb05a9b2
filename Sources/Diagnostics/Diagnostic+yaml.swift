internal import Yams

extension Diagnostic {
    /// A fault of the YAML text itself.
    init(_ error: YamlError, in yaml: String, start: Place) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            let place = Place(file: start.file, mark, keyPath: start.keyPath)
            let words = yamlWords[problem]
            self.init("yaml-syntax", at: place, words?.problem ?? problem, hint: words?.hint ?? yamlHint(for: problem))
        case .duplicatedKeysInMapping(let duplicates, let context):
            var place = Place(file: start.file, context.mark, keyPath: start.keyPath)
            if let key = duplicates.first, let line = secondLine(of: key, in: yaml, from: place) { place.line = line }
            let keys = duplicates.map { "\"\($0)\"" }.joined(separator: ", ")
            self.init("duplicate-key", at: place, "written twice: \(keys)", hint: "keep one")
        case .reader(let problem, _, _, _):
            let place = Place(ofControlCharacterIn: yaml, from: start)
            self.init("yaml-syntax", at: place, problem, hint: "save the file as UTF-8 without control characters")
        default:
            self.init("yaml-syntax", at: start, "\(error)")
        }
    }
}

extension Place {
    /// The first control character of a text that YAML doesn't allow.
    fileprivate init(ofControlCharacterIn yaml: String, from start: Place) {
        self = start
        for scalar in yaml.unicodeScalars {
            if scalar == "\n" {
                (self.line, self.column) = (self.line + 1, 1)
            } else if scalar.properties.generalCategory == .control, scalar != "\t", scalar != "\r", scalar != "\u{85}"
            {
                return
            } else {
                self.column += 1
            }
        }
        self = start
    }
}

/// The line that holds a key of a mapping for the second time.
///
/// - Parameters:
///   - key: The key.
///   - yaml: The whole text.
///   - first: Where the mapping starts.
/// - Returns: The line, from 1; nothing where the mapping's keys don't have a line each.
private func secondLine(of key: String, in yaml: String, from first: Place) -> Int? {
    let indent = String(repeating: " ", count: first.column - 1)
    let starts = [key, "'\(key)'", "\"\(key)\""].map { "\(indent)\($0):" }
    // The first key of a list's item has a dash in front of it.
    var count = 0
    for (index, line) in yaml.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
        guard index + 1 >= first.line else { continue }
        let isFirst = index + 1 == first.line && line.dropFirst(indent.count).hasPrefix("\(key):")
        guard isFirst || starts.contains(where: line.hasPrefix) else { continue }
        count += 1
        if count == 2 { return index + 1 }
    }
    return nil
}

/// What to write where the parser's own words don't say it.
private func yamlHint(for problem: String) -> String? {
    switch problem {
    case "found character that cannot start any token": "indent with spaces, and quote a text that starts with @ or `"
    case "mapping values are not allowed in this context": "quote a text that holds \": \""
    case "did not find expected key":
        "check the indentation and the quotes, also of the lines above; quote a text that starts with [ or {"
    case "did not find expected '-' indicator":
        "keys that belong together start in the same column; check the indentation"
    case "did not find expected ',' or ']'", "did not find expected ',' or '}'":
        "close the bracket that is open here, and quote a text that holds a bracket or a comma"
    case "found unexpected end of stream": "close the quote that is open in the lines above"
    default: nil
    }
}

/// What is said in place of the parser's own words where only its authors would understand them.
private let yamlWords: [String: (problem: String, hint: String)] = [
    "found unknown escape character": (
        "an unknown escape in double quotes",
        "write the text in single quotes, where a backslash is a backslash"
    ),
    "found undefined alias": ("a text that starts with * and has no quotes", "write it in single quotes"),
    "but found another document": ("a second document in the file", "leave the line --- out, or use a second file"),
]
