extension UnansweredGroups {
    /// A file with a rule for each group to start from.
    ///
    /// Each rule finds the words that the group's messages share, two at most; its tests are two of these messages and
    /// one of another kind, and they hold. All are off, so that no visitor reads a reply that nobody has written yet.
    public var skeletons: String {
        var used: [String: Int] = [:]
        let rules = self.made.map { group in
            let count = used[group.id, default: 0] + 1
            used[group.id] = count
            return group.skeleton(id: count == 1 ? group.id : "\(group.id)-\(count)")
        }
        return (["version: 1", "rules:"] + rules).joined(separator: "\n")
    }
}

extension UnansweredGroups.Group {
    fileprivate var id: String {
        let plain = self.words[0].unicodeScalars.filter { ("a"..."z").contains($0) || ("0"..."9").contains($0) }
        return "new" + (plain.isEmpty ? "" : "-" + String(String.UnicodeScalarView(plain.prefix(40))))
    }

    fileprivate func skeleton(id: String) -> String {
        let words = Array(self.words.prefix(2))
        let patterns = words.map { Self.quoted("\\b" + $0.replacing("'", with: "['\u{2019}]") + "\\b") }
        let match = patterns.count == 1 ? patterns[0] : "{all: [\(patterns.joined(separator: ", "))]}"
        let sentences = self.texts.map { Self.line($0.text) }.filter { Words($0).distinct.isSuperset(of: words) }
        let neighbours = [self.neighbour].compactMap(\.self).map(Self.line).filter { !$0.isEmpty }
        let tests =
            sentences.prefix(2).map { "      - say: \(Self.quoted($0))" }
            + neighbours.map { "      - not: \(Self.quoted($0))" }
        let lines = [
            "  - id: \(id)", "    about: \(Self.quoted("Messages about \(self.words.joined(separator: ", "))"))",
            "    enabled: false # Take this line out once the reply is written.",
            "    match: \(match)", "    reply: 'Write here what the visitor shall read.'",
        ]
        return (lines + (tests.isEmpty ? [] : ["    tests:"] + tests)).joined(separator: "\n")
    }

    /// A message on one line, cut where it is long.
    private static func line(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        let shown = line.unicodeScalars.filter { $0.properties.generalCategory != .control }.prefix(200)
        return String(String.UnicodeScalarView(shown))
    }

    /// A text in single quotes, as YAML.
    private static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }
}
