internal import Diagnostics

extension RuleFileReader {
    /// Reads conditions that stand in no rule file.
    static func conditions(_ node: YAMLNode) -> ([Requirement], [Diagnostic]) {
        var reader = RuleFileReader(file: RuleFile(index: 0, name: node.place.file, path: node.place.file))
        let requirements = reader.requirements(node)
        return (requirements, reader.findings.diagnostics)
    }

    /// The topics in `when` that another rule may set.
    func topics(in node: YAMLNode) -> [Written<String>] {
        [node["topic"], node["not"]?["topic"]].compactMap(\.self).flatMap { $0.items ?? [$0] }.compactMap { item in
            item.text.flatMap { $0 == "none" ? nil : Written(value: $0, place: item.place.bare) }
        }
    }

    /// `when`; a condition that can't be read is reported and left out.
    mutating func requirements(_ node: YAMLNode) -> [Requirement] {
        var requirements: [Requirement] = []
        for entry in self.entries(of: node, WhenKey.self) ?? [] {
            guard let key = WhenNotKey(rawValue: entry.key.rawValue) else {
                requirements += self.refused(entry.value)
                continue
            }
            requirements += self.subjects(key, entry.value).map { Requirement(subject: $0) }
        }
        return requirements
    }

    /// Refuses a mapping without entries, which looks like a condition and is none.
    private mutating func demandEntries(_ key: String, _ node: YAMLNode) {
        guard node.entries?.isEmpty == true else { return }
        self.findings.wrongValue(key, node, expected: "at least one condition, or leave the key out")
    }

    /// `not`: none of its conditions may hold.
    private mutating func refused(_ node: YAMLNode) -> [Requirement] {
        var requirements: [Requirement] = []
        self.demandEntries("not", node)
        for entry in self.entries(of: node, WhenNotKey.self) ?? [] {
            requirements += self.subjects(entry.key, entry.value).map { Requirement(subject: $0, isNegated: true) }
        }
        return requirements
    }

    private mutating func subjects(_ key: WhenNotKey, _ node: YAMLNode) -> [Requirement.Subject] {
        switch key {
        case .topic: return self.values("topic", node) { $0.topic($1) }.map { [.topic($0)] } ?? []
        case .page: return self.pages(node)
        case .lang: return self.values("lang", node) { $0.language($1) }.map { [.lang($0)] } ?? []
        case .site: return self.values("site", node) { $0.text("site", $1) }.map { [.site($0)] } ?? []
        case .vars:
            guard let entries = node.entries else {
                self.findings.wrongValue("vars", node, expected: "names and the texts that they may have")
                return []
            }
            self.demandEntries("vars", node)
            return entries.compactMap { entry in
                self.values(entry.key, entry.value) { $0.text(entry.key, $1) }.map { .variable(entry.key, $0) }
            }
        }
    }

    private mutating func pages(_ node: YAMLNode) -> [Requirement.Subject] {
        self.demandEntries("page", node)
        return (self.entries(of: node, WhenPageKey.self) ?? []).compactMap { entry in
            switch entry.key {
            case .path: self.values("path", entry.value) { $0.pathGlob($1) }.map { .pagePath($0) }
            case .title: self.values("title", entry.value) { $0.glob("title", $1, .words) }.map { .pageTitle($0) }
            }
        }
    }

    /// One value or a list of them; nothing where one can't be read.
    private mutating func values<Value>(
        _ key: String,
        _ node: YAMLNode,
        _ read: (inout RuleFileReader, YAMLNode) -> Value?
    ) -> [Value]? {
        let nodes = node.items ?? [node]
        if nodes.isEmpty { self.findings.wrongValue(key, node, expected: "at least one value, or leave the key out") }
        let values = nodes.compactMap { read(&self, $0) }
        return values.count == nodes.count && !nodes.isEmpty ? values : nil
    }

    /// A topic's name; nothing inside stands for none.
    mutating func topic(_ node: YAMLNode) -> String?? {
        if node.text == "none" { return .some(nil) }
        return self.name("topic", node).map { .some($0) }
    }

    private mutating func language(_ node: YAMLNode) -> String? {
        let isSubtag = node.text.map { text in
            (2...8).contains(text.count) && text.allSatisfy { $0.isASCII && $0.isLetter }
        }
        if let text = node.text, isSubtag == true { return text.lowercased() }
        self.findings.wrongValue("lang", node, expected: "a language without its region, such as en or de")
        return nil
    }

    private mutating func pathGlob(_ node: YAMLNode) -> Glob? {
        guard let text = node.text, text.hasPrefix("/") || text.hasPrefix("*") else {
            self.findings.wrongValue("path", node, expected: "a path that starts with \"/\", such as /shop/**")
            return nil
        }
        return self.glob("path", node, .path)
    }

    private mutating func glob(_ key: String, _ node: YAMLNode, _ kind: Glob.Kind) -> Glob? {
        guard let text = self.text(key, node) else { return nil }
        if let glob = Glob(text, kind) { return glob }
        let hint = "write at most \(Glob.maximumTail)"
        let problem = "\"\(key)\" has more than \(Glob.maximumTail) bytes after its first \"*\""
        self.findings.error("too-long", at: node.place, problem, hint: hint)
        return nil
    }
}
