internal import Diagnostics

extension RuleFileReader {
    mutating func readWords(_ node: YAMLNode) {
        guard let entries = node.entries else {
            return self.findings.wrongValue("words", node, expected: "names and lists of words")
        }
        for entry in entries {
            guard let name = self.vocabularyName(entry), let content = self.wordContent(entry) else { continue }
            self.file.words.append(RuleFile.WordEntry(name: name, content: content))
        }
    }

    /// A plain list, `{list, endings}`, or in `local/` also `{add, remove}`.
    private mutating func wordContent(_ entry: YAMLNode.Entry) -> RuleFile.WordEntry.Content? {
        let node = entry.value
        guard node.entries != nil else {
            let words = self.phrases(entry.key, node, expected: "a list of words, or list: and endings:")
            return words.isEmpty ? nil : .list(words.map(\.value), endings: [])
        }
        let keys = self.file.isLocal ? ["list", "endings", "add", "remove"] : ["list", "endings"]
        let known = self.entries(of: node, "word list \"\(entry.key)\"", keys: keys) ?? []
        var parts: [String: [Written<String>]] = [:]
        for part in known { parts[part.key] = self.phrases(part.key, part.value, expected: "a list of words") }
        if let list = parts["list"] {
            if let change = known.first(where: { ["add", "remove"].contains($0.key) }) {
                let problem = "\"list\" replaces the words and \"\(change.key)\" changes them"
                self.findings.error("conflicting-keys", at: change.place, problem, hint: "keep one of them")
            }
            return list.isEmpty ? nil : .list(list.map(\.value), endings: (parts["endings"] ?? []).map(\.value))
        }
        if parts["add"] != nil || parts["remove"] != nil {
            return .change(add: (parts["add"] ?? []).map(\.value), remove: parts["remove"] ?? [])
        }
        let hint = "write a list of words, or list: and endings:"
        self.findings.error("missing-key", at: entry.place, "word list \"\(entry.key)\" has no words", hint: hint)
        return nil
    }

    /// Plain phrases.
    private mutating func phrases(_ key: String, _ node: YAMLNode, expected: String) -> [Written<String>] {
        let items = self.items(key, node, expected: expected)
        if node.items?.isEmpty == true { self.findings.wrongValue(key, node, expected: expected) }
        return items.compactMap { item in
            guard let text = item.text, text.contains(where: { !$0.isWhitespace }) else {
                self.findings.wrongValue(key, item, expected: "a word")
                return nil
            }
            return Written(value: text, place: item.place.bare)
        }
    }

    mutating func readMacros(_ node: YAMLNode) {
        guard let entries = node.entries else {
            return self.findings.wrongValue("macros", node, expected: "names and patterns")
        }
        for entry in entries {
            guard let name = self.vocabularyName(entry), let pattern = self.pattern(entry.key, entry.value) else {
                continue
            }
            self.file.macros.append(RuleFile.MacroEntry(name: name, pattern: pattern))
        }
    }

    private mutating func vocabularyName(_ entry: YAMLNode.Entry) -> Written<String>? {
        guard Self.isName(entry.key, separators: "-_") else {
            let hint = "use a-z, 0-9, \"-\" and \"_\", at most 64 characters"
            self.findings.error("invalid-name", at: entry.place, "\"\(entry.key)\" is no name", hint: hint)
            return nil
        }
        return Written(value: entry.key, place: entry.place.bare)
    }

    /// A pattern, not looked into yet.
    mutating func pattern(_ key: String, _ node: YAMLNode) -> WrittenPattern? {
        self.text(key, node, expected: "a pattern").map { WrittenPattern(text: $0, node: node, file: self.file.index) }
    }

    /// A pattern or a list of them; empty where one of them can't be read.
    mutating func patterns(_ key: String, _ node: YAMLNode) -> [WrittenPattern] {
        let nodes = node.items ?? [node]
        if nodes.isEmpty { self.findings.wrongValue(key, node, expected: "a pattern or a list of patterns") }
        let patterns = nodes.compactMap { self.pattern(key, $0) }
        return patterns.count == nodes.count ? patterns : []
    }
}
