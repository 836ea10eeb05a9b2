internal import Diagnostics

/// Reads one file of rules and reports every key and value that the language doesn't know.
struct RuleFileReader {
    var file: RuleFile
    var findings = Findings()

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - text: The bytes of the file, as text.
    ///   - file: The file, still empty.
    ///   - findings: What is wrong goes there.
    /// - Returns: The file, as far as it could be read, or nothing where it isn't YAML.
    static func read(_ text: String, of file: RuleFile, into findings: inout Findings) -> RuleFile? {
        var reader = RuleFileReader(file: file)
        defer { for finding in reader.findings.diagnostics { findings.add(finding) } }
        do {
            reader.read(try YAMLNode(yaml: text, file: file.path, keyPath: nil))
        } catch {
            reader.findings.add(error)
            return nil
        }
        return reader.file
    }

    init(file: RuleFile) { self.file = file }

    private mutating func read(_ node: YAMLNode) {
        if node.isNull {
            let hint = "write version: 1 and rules:"
            return self.findings.error("missing-key", at: node.place, "the file is empty", hint: hint)
        }
        guard let entries = self.entries(of: node, FileKey.self) else { return }
        if entries[.version] == nil {
            self.findings.error("missing-key", at: node.place, "\"version\" is missing", hint: "write version: 1")
        }
        for entry in entries {
            let value = entry.value
            switch entry.key {
            case .version: if value.text != "1" { self.findings.wrongValue("version", value, expected: "1") }
            case .include: self.file.includes = self.texts("include", value, expected: "a list of file names")
            case .defaults: self.readDefaults(value)
            case .words: self.readWords(value)
            case .macros: self.readMacros(value)
            case .rules: self.readRules(value)
            }
        }
    }

    private mutating func readDefaults(_ node: YAMLNode) {
        for entry in self.entries(of: node, DefaultsKey.self) ?? [] {
            switch entry.key {
            case .priority: self.priority(entry.value).map { self.file.defaults.priority = $0 }
            case .flags: self.flags(entry.value).map { self.file.defaults.flags = $0 }
            case .onLimit: self.onLimit(entry.value).map { self.file.defaults.onLimit = $0 }
            }
        }
    }

    // MARK: Values

    /// The items of a list.
    mutating func items(_ key: String, _ node: YAMLNode, expected: String) -> [YAMLNode] {
        if let items = node.items { return items }
        self.findings.wrongValue(key, node, expected: expected)
        return []
    }

    /// A text that isn't empty.
    mutating func text(_ key: String, _ node: YAMLNode, expected: String = "a text") -> String? {
        if let text = node.text, !text.isEmpty { return text }
        self.findings.wrongValue(key, node, expected: expected)
        return nil
    }

    /// A list of texts; a single one stands for a list of one.
    mutating func texts(_ key: String, _ node: YAMLNode, expected: String) -> [Written<String>] {
        (node.items ?? [node]).compactMap { item in
            self.text(key, item, expected: expected).map { Written(value: $0, place: item.place.bare) }
        }
    }

    mutating func flag(_ key: String, _ node: YAMLNode) -> Bool? {
        switch node.text {
        case "true": return true
        case "false": return false
        default:
            self.findings.wrongValue(key, node, expected: "true or false")
            return nil
        }
    }

    mutating func number(_ key: String, _ node: YAMLNode, in range: ClosedRange<Int>) -> Int? {
        if let number = node.text.flatMap({ Int($0) }), range.contains(number) { return number }
        self.findings.wrongValue(key, node, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }

    /// A word of a closed set.
    mutating func word<Word: RawRepresentable<String> & CaseIterable>(_ key: String, _ node: YAMLNode) -> Word? {
        if let word = node.text.flatMap(Word.init(rawValue:)) { return word }
        let words = Word.allCases.map(\.rawValue)
        let expected = words.dropLast().joined(separator: ", ") + " or " + (words.last ?? "")
        self.findings.wrongValue(key, node, expected: expected)
        return nil
    }

    /// A duration longer than nothing, with its unit.
    mutating func duration(_ key: String, _ node: YAMLNode) -> Duration? {
        if let duration = node.text.flatMap(Duration.init(written:)), duration > .zero { return duration }
        let digits = node.text?.prefix { $0.isASCII && $0.isNumber } ?? ""
        let hint =
            if let text = node.text, Duration(written: text) == .zero {
                "write more than nothing, or leave the key out"
            } else if digits.count > 9 {
                "write at most nine digits"
            } else {
                "write a whole number and a unit: 250ms, 60s, 10m, 2h or 1d"
            }
        self.findings.error("bad-duration", at: node.place, "\"\(key)\" is \(node.written)", hint: hint)
        return nil
    }

    /// A name of lower-case letters, digits and `-`.
    mutating func name(_ key: String, _ node: YAMLNode, separators: String = "-") -> String? {
        if let name = node.text, Self.isName(name, separators: separators) { return name }
        let characters = separators.map { "\"\($0)\"" }.joined(separator: ", ")
        self.findings.wrongValue(key, node, expected: "a-z, 0-9 and \(characters), at most 64 characters")
        return nil
    }

    mutating func priority(_ node: YAMLNode) -> Int? { self.number("priority", node, in: -1_000...1_000) }

    mutating func onLimit(_ node: YAMLNode) -> OnLimit? { self.word("on_limit", node) }

    private static let flags: KeyValuePairs<String, Pattern.Options> = [
        "caseless": .caseless, "ucp": .ucp, "extended": .extended, "dotall": .dotAll, "multiline": .multiline,
    ]
    static var flagNames: [String] { self.flags.map(\.key) }

    mutating func flags(_ node: YAMLNode) -> Pattern.Options? {
        var options: Pattern.Options = []
        for name in self.items("flags", node, expected: "a list of flags, [caseless, ucp]") {
            guard let text = name.text, let flag = Self.flags.first(where: { $0.key == text })?.value else {
                let hint = suggestion(for: name.text ?? "", among: Self.flagNames)
                self.findings.error("unknown-flag", at: name.place, "unknown flag \(name.written)", hint: hint)
                continue
            }
            options.insert(flag)
        }
        return node.items == nil ? nil : options
    }

    /// A name of lower-case letters, digits and `separators`, at most 64 characters.
    static func isName(_ text: String, separators: String) -> Bool {
        let isKnown = text.unicodeScalars.allSatisfy { scalar in
            ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) || separators.unicodeScalars.contains(scalar)
        }
        return isKnown && (1...64).contains(text.utf8.count)
    }
}
