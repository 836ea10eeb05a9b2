public import Diagnostics

/// Reads the chains of a configuration file and creates their responders.
///
/// Every mistake is kept in ``diagnostics`` and reading goes on. Entries of the same plugin with the same settings and limits
/// share one responder with its ``CallGate``, in one chain or in several.
public struct ChainLoader {
    private let registry: PluginRegistry
    private let services: PluginServices
    /// Every mistake and warning so far.
    public private(set) var diagnostics: [Diagnostic] = []
    /// Nothing stands for one whose creation failed, so that its mistakes come out once.
    private var instances: [String: Instance?] = [:]

    /// A responder, and what stands in front of it.
    private struct Instance {
        let responder: any Responder
        let gate: CallGate?
    }

    /// - Parameters:
    ///   - registry: The plugins that an entry may name.
    ///   - services: What they get; its clock is also that of the chains' time limits.
    public init(registry: PluginRegistry, services: PluginServices) {
        self.registry = registry
        self.services = services
    }

    /// Reads one chain.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - node: The mapping of stages.
    ///   - place: Where the name stands.
    /// - Returns: The chain with every entry that could be read. It is fit for use only where ``diagnostics`` has no error.
    public mutating func chain(named name: String, _ node: YAMLNode, at place: Place) -> Chain {
        var entries: [PlacedEntry] = []
        var deadline = Chain.defaultDeadline
        var streamDeadline = Chain.defaultStreamDeadline
        var selection = WrittenSelection()
        if node.entries == nil, !node.isNull {
            self.refuse("wrong-type", at: place, "expected stages and their entries, found \(node.written)")
        }
        for key in node.entries ?? [] {
            if let stage = Stage(rawValue: key.key) {
                entries += self.entries(of: stage, key)
            } else if key.key == "deadline" {
                deadline = self.duration(key) ?? deadline
            } else if key.key == "stream_deadline" {
                streamDeadline = self.duration(key) ?? streamDeadline
            } else if !selection.take(key, into: &self.diagnostics) {
                self.check(key)
            }
        }
        self.diagnostics += selection.warnings(for: node)
        self.checkNames(of: entries.map { ($0.entry.name, $0.place) })
        self.checkStages(of: entries.map(\.entry), node, at: place)
        let chain = Chain(
            name: name,
            entries: entries.map(\.entry),
            deadline: deadline,
            streamDeadline: streamDeadline,
            election: selection.election,
            asksEnrichTogether: selection.asksEnrichTogether,
            clock: self.services.clock
        )
        self.addWarnings(of: chain)
        return chain
    }

    /// What the responders have to say about each other, once.
    private mutating func addWarnings(of chain: Chain) {
        let roster = ChainRoster(chain)
        var seen: Set<Diagnostic> = []
        for entry in chain.entries where entry.isEnabled {
            self.diagnostics += entry.responder.warnings(in: roster).filter { seen.insert($0).inserted }
        }
    }

    /// An entry that was read, and where it stands.
    private typealias PlacedEntry = (entry: Chain.Entry, place: Place)

    private mutating func entries(of stage: Stage, _ key: YAMLNode.Entry) -> [PlacedEntry] {
        guard let items = key.value.items else {
            if !key.value.isNull {
                self.refuse("wrong-type", at: key.place, "expected a list, found \(key.value.written)")
            }
            return []
        }
        return items.compactMap { item in
            let reading = EntryReading(item, stage: stage, registry: self.registry)
            self.diagnostics += reading.diagnostics
            guard let parts = reading.parts, let instance = self.instance(of: parts) else { return nil }
            if instance.gate == nil, reading.diagnostics.allSatisfy({ $0.severity == .warning }) {
                self.diagnostics += Self.warnings(ofImmediate: parts.manifest.name, in: item)
            }
            return (parts.entry(instance.responder, through: instance.gate, stage: stage), parts.place)
        }
    }

    /// The responder of an entry: one that is already there, or a new one.
    private mutating func instance(of parts: EntryReading.Parts) -> Instance? {
        let limits = parts.common.limits
        let key = "\(parts.manifest.name) \(parts.settings.node.canonical) \(limits)"
        if let known = self.instances[key] { return known }
        let name = parts.manifest.name
        do throws(Rejection) {
            let responder = try self.registry.makeResponder(
                named: name,
                at: parts.place,
                settings: parts.settings,
                services: self.services
            )
            self.diagnostics += responder.warnings
            let instance = Instance(
                responder: responder,
                gate: responder is any ImmediateResponder
                    ? nil
                    : CallGate(
                        name: parts.common.name ?? name,
                        limits: limits,
                        clock: self.services.clock,
                        report: self.services.report
                    )
            )
            self.instances[key] = .some(instance)
            return instance
        } catch {
            self.diagnostics += error.diagnostics
            self.instances[key] = .some(nil)
            return nil
        }
    }
}

// MARK: Checks

extension ChainLoader {
    /// Keys of a chain that the design has and this version does not.
    private static let notBuilt = [
        "tests": "leave it out, and try a message with claude-chat explain"
    ]

    /// A key that is neither a stage nor the deadline.
    private mutating func check(_ key: YAMLNode.Entry) {
        if let hint = Self.notBuilt[key.key] {
            self.diagnostics.append(Diagnostic(notBuilt: key.key, at: key.place, hint: hint))
        } else {
            let hint = suggestion(
                for: key.key,
                among: Stage.allCases.map(\.rawValue) + ["deadline", "stream_deadline"] + WrittenSelection.keys
            )
            self.refuse("unknown-key", at: key.place, "unknown key \"\(key.key)\"", hint: hint)
        }
    }

    private mutating func duration(_ key: YAMLNode.Entry) -> Duration? {
        if let duration = key.value.text.flatMap(Duration.init(written:)), duration > ChainRun.fallbackReserve {
            return duration
        }
        let hint = "write a number and a unit, longer than 250ms: 8s"
        self.refuse("bad-duration", at: key.place, "expected a duration, found \(key.value.written)", hint: hint)
        return nil
    }

    /// Two entries of one name could not be told apart in traces and notes.
    private mutating func checkNames(of entries: [(name: String, place: Place)]) {
        var seen: Set<String> = []
        for (name, place) in entries where !seen.insert(name).inserted {
            let hint = "give one of them another name: as: \(name)-2"
            self.refuse("duplicate-instance", at: place, "a second entry is called \"\(name)\"", hint: hint)
        }
    }

    private mutating func checkStages(of entries: [Chain.Entry], _ node: YAMLNode, at place: Place) {
        func hasItems(_ stage: Stage) -> Bool { node[stage.rawValue]?.items?.isEmpty == false }
        guard Stage.allCases.contains(where: { $0 != .after && hasItems($0) }) else {
            return self.refuse(
                "empty-chain",
                at: place,
                "nobody is asked",
                hint: "add a responder: answer: [rules: {path: rules/}]"
            )
        }
        guard !hasItems(.fallback) else { return }
        var place = node.entries?.first { $0.key == Stage.fallback.rawValue }?.place ?? place
        if !place.keyPath.hasSuffix(".fallback") { place.keyPath += ".fallback" }
        self.diagnostics.append(
            Diagnostic(
                "no-fallback",
                at: place,
                "empty; the built-in sentence will answer",
                hint: "add \"- fallback\"",
                severity: .warning
            )
        )
    }

    private mutating func refuse(_ code: String, at place: Place, _ problem: String, hint: String? = nil) {
        self.diagnostics.append(Diagnostic(code, at: place, problem, hint: hint))
    }
}

extension YAMLNode {
    /// The value without its place: equal for equal values.
    var canonical: String {
        switch self.content {
        case .null: "~"
        case .scalar(let text, let style): style == .plain ? text.debugDescription : "'\(text.debugDescription)"
        case .sequence(let items): "[\(items.map(\.canonical).joined(separator: ","))]"
        case .mapping(let entries):
            "{\(entries.map { "\($0.key.debugDescription):\($0.value.canonical)" }.sorted().joined(separator: ","))}"
        }
    }
}
