public import Diagnostics

/// The keys that may stand in a mapping: those of a complete sample.
public struct SettingsSchema: Sendable {
    let sample: YAMLNode
    private let openKeys: Set<String>
    private let notBuilt: [String: String]

    /// Reads a sample.
    ///
    /// - Parameters:
    ///   - yaml: A complete example of the mapping, optional keys included.
    ///   - name: What the sample is of, for the diagnostic.
    ///   - openKeys: Keys whose mapping has free keys; `.` joins nested keys, `*` stands for a free key.
    ///   - notBuilt: Keys that are reserved, each with what to write until they work.
    /// - Throws: `broken-sample`.
    public init(
        sample yaml: String,
        name: String,
        openKeys: Set<String> = [],
        notBuilt: [String: String] = [:]
    ) throws(Diagnostic) {
        let node = try YAMLNode(yaml: yaml, file: "\(name).sample.yaml", keyPath: name)
        try self.init(sample: node, openKeys: openKeys, notBuilt: notBuilt)
    }

    /// Takes a sample that was already read, or a part of one.
    ///
    /// - Throws: `broken-sample`.
    package init(
        sample: YAMLNode,
        openKeys: Set<String> = [],
        notBuilt: [String: String] = [:]
    ) throws(Diagnostic) {
        self.sample = sample
        self.openKeys = openKeys
        self.notBuilt = notBuilt
        guard self.sample.entries != nil || self.sample.isNull else {
            throw Diagnostic(
                "broken-sample",
                at: self.sample.place,
                "a sample is a mapping, found \(self.sample.written)"
            )
        }
    }

    /// Records every key that the sample does not have.
    func check(_ settings: Settings, into log: DiagnosticLog) {
        self.check(settings.node, against: self.sample, path: "", into: log)
    }

    private func check(_ node: YAMLNode, against sample: YAMLNode, path: String, into log: DiagnosticLog) {
        if let items = node.items, let samples = sample.items {
            for item in items {
                guard let sample = samples.first(where: { $0.isLike(item) }) else { continue }
                self.check(item, against: sample, path: path, into: log)
            }
        }
        guard let entries = node.entries, let known = sample.entries else { return }
        let isOpen = self.openKeys.contains(path)
        // A secret may always be named either way, whichever the sample shows.
        if known.count == 1, SecretReference.keys.contains(known[0].key), !isOpen {
            let unknown = entries.filter { !SecretReference.keys.contains($0.key) }
            for entry in unknown {
                log.record(self.refusal(of: entry, path: Self.join(path, entry.key), known: SecretReference.keys))
            }
            return
        }
        for entry in entries {
            let entryPath = Self.join(path, isOpen ? "*" : entry.key)
            let match = isOpen ? known.first : known.first { $0.key == entry.key }
            if let match {
                self.check(entry.value, against: match.value, path: entryPath, into: log)
            } else if !isOpen {
                log.record(self.refusal(of: entry, path: entryPath, known: known.map(\.key)))
            }
        }
    }

    private func refusal(of entry: YAMLNode.Entry, path: String, known: [String]) -> Diagnostic {
        if let advice = self.notBuilt[path] {
            return Diagnostic(notBuilt: entry.key, at: entry.place, hint: advice)
        }
        let hint = suggestion(for: entry.key, among: known)
        return Diagnostic("unknown-key", at: entry.place, "unknown key \"\(entry.key)\"", hint: hint)
    }

    private static func join(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}

extension Diagnostic {
    /// Something that the design has and this version does not.
    package init(notBuilt what: String, at place: Place, hint: String) {
        self.init("not-built", at: place, "\"\(what)\" is not built yet", hint: hint)
    }
}

extension YAMLNode {
    /// Whether both are lists, mappings, or neither.
    fileprivate func isLike(_ other: YAMLNode) -> Bool {
        (self.items != nil) == (other.items != nil) && (self.entries != nil) == (other.entries != nil)
    }
}
