public import Diagnostics

/// Reads the chains of a configuration file and creates their responders.
///
/// Every mistake is kept in ``diagnostics`` and reading goes on. Entries of the same plugin with the same settings and limits
/// share one responder with its ``CallGate``, in one chain or in several.
public struct ChainLoader {
    private let registry: PluginRegistry
    private let services: PluginServices
    private let decorate: Decoration
    /// Every mistake and warning so far.
    public private(set) var diagnostics: [Diagnostic] = []
    /// Nothing stands for one whose creation failed, so that its mistakes come out once.
    private var made: [String: ChainInstances.Instance?] = [:]
    private let before: ChainInstances
    private let generation: Int
    /// The chain that is run beside those that answer.
    private let beside: String?
    /// Whether that one is read now.
    private var isBeside = false
    /// What the entries of the chain are called that is read now, those that can't be made among them.
    private var names: [(name: String, place: Place)] = []

    /// The responders of all chains that were read, for the next configuration.
    public var instances: ChainInstances { ChainInstances(self.made.compactMapValues { $0 }) }

    /// Gives the responder that stands in front of another one, which has this name in its chain.
    public typealias Decoration = (_ responder: any Responder, _ name: String) -> any Responder

    /// The conversations that a chain names as its tests, by the chain's name: files or patterns, with their places.
    public private(set) var transcripts: [String: [(pattern: String, place: Place)]] = [:]

    /// - Parameters:
    ///   - registry: The plugins that an entry may name.
    ///   - services: What they get; its clock is also that of the chains' time limits.
    ///   - before: The responders of the configuration before: of those that stay as they are none is created anew.
    ///   - generation: That of the configuration, from 1.
    ///   - beside: The chain that is run beside those that answer: its responders are others than theirs.
    ///   - decorate: Puts another responder in front of the one of an entry, by the entry's name: for tools that try chains.
    public init(
        registry: PluginRegistry,
        services: PluginServices,
        after before: ChainInstances = ChainInstances(),
        generation: Int = 1,
        beside: String? = nil,
        decorating decorate: @escaping Decoration = { responder, _ in responder }
    ) {
        self.registry = registry
        self.services = services
        self.before = before
        self.generation = generation
        self.beside = beside
        self.decorate = decorate
    }

    /// Reads one chain.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - node: The mapping of stages.
    ///   - place: Where the name stands.
    /// - Returns: The chain with every entry that could be read. It is fit for use only where ``diagnostics`` has no error.
    public mutating func chain(named name: String, _ node: YAMLNode, at place: Place) -> Chain {
        self.isBeside = name == self.beside
        self.names = []
        if !name.isName {
            let hint = "use 1 to 64 of a-z A-Z 0-9 - _ ."
            self.refuse("bad-name", at: place, "\(name.debugDescription) can't name a chain", hint: hint)
        }
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
            } else if key.key == "tests" {
                self.transcripts[name] = self.tests(key)
            } else if !selection.take(key, into: &self.diagnostics) {
                self.check(key)
            }
        }
        if streamDeadline < deadline {
            let hint = "a reply that comes in pieces may take longer than others: write \(deadline.written) or more"
            if let written = node.entries?.first(where: { $0.key == "stream_deadline" }) {
                self.refuse("out-of-range", at: written.place, "shorter than the deadline", hint: hint)
            } else {
                streamDeadline = deadline
            }
        }
        self.diagnostics += selection.warnings(for: node)
        self.checkNames(of: self.names)
        self.checkStages(of: entries.map(\.entry), node, at: place)
        let chain = Chain(
            name: name,
            entries: entries.map(\.entry),
            deadline: deadline,
            streamDeadline: streamDeadline,
            election: selection.election,
            asksEnrichTogether: selection.asksEnrichTogether,
            generation: self.generation,
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
            if reading.isModeKnown { self.diagnostics += reading.parts?.common.modeMistakes(in: item, stage) ?? [] }
            guard let parts = reading.parts else { return nil }
            self.names.append((parts.common.name ?? parts.manifest.name, parts.place))
            guard let instance = self.instance(of: parts) else { return nil }
            if instance.gate == nil, reading.diagnostics.allSatisfy({ $0.severity == .warning }) {
                self.diagnostics += Self.warnings(ofImmediate: parts.manifest.name, in: item)
            }
            let name = parts.common.name ?? parts.manifest.name
            let responder = self.decorate(instance.responder, name)
            return (parts.entry(responder, through: instance.gate, stage: stage), parts.place)
        }
    }

    /// The responder of an entry: one that is already there, or a new one.
    private mutating func instance(of parts: EntryReading.Parts) -> ChainInstances.Instance? {
        // A shadow must not take the places of those who answer, nor their programs.
        let isShadow = parts.common.mode == .shadow || self.isBeside && !parts.manifest.isSole
        let key = "\(parts.manifest.name) \(parts.settings.node.canonical) \(parts.common.limits) \(isShadow)"
        if let known = self.made[key] { return known }
        var instance = self.before.unchanged(key)
        if instance != nil {
            instance?.place = parts.place
            instance?.files.noteAll(in: self.services.files)
        } else {
            instance = self.makeInstance(of: parts)
        }
        self.diagnostics += instance?.responder.warnings ?? []
        for doubt in instance?.responder.doubts ?? [] {
            self.diagnostics += parts.settings.diagnostics(of: doubt).map { finding in
                var finding = finding
                finding.severity = .warning
                return finding
            }
        }
        self.made[key] = .some(instance)
        return instance
    }

    private mutating func makeInstance(of parts: EntryReading.Parts) -> ChainInstances.Instance? {
        let name = parts.manifest.name
        var services = self.services
        services.files = FileRecord(partOf: self.services.files)
        services.state = services.states?(parts.common.name ?? name) ?? PluginState()
        do throws(Rejection) {
            let responder = try self.registry.makeResponder(
                named: name,
                at: parts.place,
                settings: parts.settings,
                services: services
            )
            let gate = CallGate(
                name: parts.common.name ?? name,
                limits: parts.common.limits,
                clock: services.clock,
                report: services.report
            )
            return ChainInstances.Instance(
                responder: responder,
                gate: responder is any ImmediateResponder ? nil : gate,
                files: services.files,
                place: parts.place
            )
        } catch {
            self.diagnostics += error.diagnostics
            return nil
        }
    }
}

// MARK: Checks

extension ChainLoader {
    /// A key that is none of a chain's.
    private mutating func check(_ key: YAMLNode.Entry) {
        let hint = suggestion(
            for: key.key,
            among: Stage.allCases.map(\.rawValue) + ["deadline", "stream_deadline", "tests"] + WrittenSelection.keys
        )
        self.refuse("unknown-key", at: key.place, "unknown key \"\(key.key)\"", hint: hint)
    }

    /// The files, or patterns of files, that a chain is tested by.
    private mutating func tests(_ key: YAMLNode.Entry) -> [(pattern: String, place: Place)] {
        guard let items = key.value.items else {
            self.refuse("wrong-type", at: key.place, "expected a list of files, found \(key.value.written)")
            return []
        }
        return items.compactMap { item in
            guard let pattern = item.text, !pattern.isEmpty else {
                self.refuse("wrong-type", at: item.place, "expected a file, found \(item.written)")
                return nil
            }
            return (self.services.path(of: pattern), item.place)
        }
    }

    private mutating func duration(_ key: YAMLNode.Entry) -> Duration? {
        if let duration = key.value.text.flatMap(Duration.init(written:)), duration > ChainRun.fallbackReserve,
            duration <= Chain.longestLimit
        {
            return duration
        }
        let hint = "write a number and a unit, longer than 250ms and at most 1h: 8s"
        self.refuse("bad-duration", at: key.place, "expected a duration, found \(key.value.written)", hint: hint)
        return nil
    }

    /// Two entries of one name could not be told apart in traces and notes.
    private mutating func checkNames(of entries: [(name: String, place: Place)]) {
        for (name, place) in entries where !name.isName {
            let hint = "use 1 to 64 of a-z A-Z 0-9 - _ ."
            self.refuse("bad-name", at: place, "\(name.debugDescription) can't name an entry", hint: hint)
        }
        var seen: Set<String> = []
        for (name, place) in entries where !seen.insert(name).inserted {
            let hint = "give one of them another name: as: \(name)-2"
            self.refuse("duplicate-instance", at: place, "a second entry is called \"\(name)\"", hint: hint)
        }
    }

    private mutating func checkStages(of entries: [Chain.Entry], _ node: YAMLNode, at place: Place) {
        func hasItems(_ stage: Stage) -> Bool { node[stage.rawValue]?.items?.isEmpty == false }
        guard Stage.allCases.contains(where: { $0 != .after && hasItems($0) }) else {
            // What can't be read may have been somebody.
            let isRead = Stage.allCases.allSatisfy { node[$0.rawValue].map { $0.items != nil || $0.isNull } ?? true }
            guard isRead, node.entries != nil || node.isNull else { return }
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

extension String {
    /// Whether it can name something in a record, a note, a transcript and a log.
    fileprivate var isName: Bool {
        1...64 ~= self.utf8.count
            && self.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }
}

extension YAMLNode {
    /// The value without its place: equal for equal values.
    package var canonical: String {
        switch self.content {
        case .null: "~"
        case .scalar(let text, let style): style == .plain ? text.debugDescription : "'\(text.debugDescription)"
        case .sequence(let items): "[\(items.map(\.canonical).joined(separator: ","))]"
        case .mapping(let entries):
            "{\(entries.map { "\($0.key.debugDescription):\($0.value.canonical)" }.sorted().joined(separator: ","))}"
        }
    }
}
