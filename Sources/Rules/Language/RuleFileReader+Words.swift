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
        let what = "word list \"\(entry.key)\""
        guard let known = self.entries(of: node, WordListKey.self, called: what) else { return nil }
        var parts: [WordListKey: [Written<String>]] = [:]
        for part in known where self.isAllowed(part) {
            parts[part.key] = self.phrases(part.key.rawValue, part.value, expected: "a list of words")
        }
        let change = known.first { WordListKey.changes.contains($0.key) }
        if let list = parts[.list] {
            if let change, self.file.isLocal {
                let problem = "\"list\" replaces the words and \"\(change.key.rawValue)\" changes them"
                self.findings.error("conflicting-keys", at: change.place, problem, hint: "keep one of them")
            }
            return list.isEmpty ? nil : .list(list.map(\.value), endings: (parts[.endings] ?? []).map(\.value))
        }
        if change != nil, self.file.isLocal {
            return .change(add: (parts[.add] ?? []).map(\.value), remove: parts[.remove] ?? [])
        }
        // A key that is misspelt or not allowed here is reported already.
        guard change == nil, known.count == node.entries?.count else { return nil }
        let hint = "write a list of words, or list: and endings:"
        self.findings.error("missing-key", at: entry.place, "\(what) has no words", hint: hint)
        return nil
    }

    /// Only the site's own files change a list of another file.
    private mutating func isAllowed(_ part: KeyedValue<WordListKey>) -> Bool {
        guard WordListKey.changes.contains(part.key), !self.file.isLocal else { return true }
        let problem = "\"\(part.key.rawValue)\" changes a list of another file, which only files in local/ do"
        self.findings.error("not-local", at: part.place, problem, hint: "write the words under list:")
        return false
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
