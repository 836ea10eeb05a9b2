internal import Diagnostics

/// One entry of a stage, taken apart: `- rules: {path: rules/}` and the keys beside it.
struct EntryReading {
    /// Nothing where the entry can't be used at all.
    private(set) var parts: Parts?
    private(set) var diagnostics: [Diagnostic] = []
    /// Whether `mode` and `share` could be read.
    private(set) var isModeKnown = true

    /// What an entry says.
    struct Parts {
        let manifest: PluginManifest
        let place: Place
        let settings: Settings
        fileprivate(set) var common = CommonKeys()
        fileprivate(set) var condition: (any EntryCondition)?
    }

    /// The keys that every entry may have beside its plugin.
    struct CommonKeys: Decodable {
        fileprivate(set) var name: String?
        fileprivate(set) var isEnabled: Bool?
        fileprivate(set) var timeout: Duration?
        fileprivate(set) var firstPiece: Duration?
        fileprivate(set) var nextPiece: Duration?
        fileprivate(set) var onFailure: Chain.OnFailure?
        fileprivate(set) var concurrency: Int?
        fileprivate(set) var queue: Int?
        fileprivate(set) var breaker: WrittenBreaker?
        fileprivate(set) var mode: WrittenMode?
        fileprivate(set) var share: Share?
        fileprivate(set) var priority: Int?
        fileprivate(set) var weight: Double?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case name = "as"
            case isEnabled = "enabled"
            case timeout, concurrency, queue, breaker, priority, weight, mode, share
            case firstPiece = "firstChunk"
            case nextPiece = "nextChunk"
            case onFailure = "onError"
        }
    }

    init(_ item: YAMLNode, stage: Stage, registry: PluginRegistry) {
        let known = Set(Self.schemaKeys)
        if let name = item.text {
            // `- fallback` alone: no settings.
            let settings = Settings(YAMLNode(content: .null, place: item.place))
            self.take(plugin: name, settings, at: item.place, stage, registry)
            return
        }
        guard let entries = item.entries, !entries.isEmpty else {
            self.refuse("wrong-type", at: item.place, "expected a plugin and its settings, found \(item.written)")
            return
        }
        let others = entries.filter { !known.contains($0.key) }
        guard let plugin = others.first(where: { registry.manifest(named: $0.key) != nil }) ?? Self.likeliest(others)
        else {
            self.refuse(
                "no-plugin",
                at: item.place,
                "the entry names no plugin",
                hint: suggestion(for: "", among: registry.names)
            )
            return
        }
        var place = plugin.place
        place.keyPath = item.place.keyPath
        self.take(plugin: plugin.key, Settings(plugin.value, at: plugin.place), at: place, stage, registry)
        self.takeCommon(entries.filter { $0.key != plugin.key }, at: item.place, registry)
    }

    /// The key that was meant as the plugin: not one that is nearly a common key.
    private static func likeliest(_ entries: [YAMLNode.Entry]) -> YAMLNode.Entry? {
        entries.first { !suggestion(for: $0.key, among: self.schemaKeys).hasPrefix("did you mean") }
    }

    private mutating func take(
        plugin name: String,
        _ settings: Settings,
        at place: Place,
        _ stage: Stage,
        _ registry: PluginRegistry
    ) {
        guard let manifest = registry.manifest(named: name) else {
            let hint = suggestion(for: name, among: registry.names)
            return self.refuse("unknown-plugin", at: place, "unknown plugin \"\(name)\"", hint: hint)
        }
        if name != manifest.name {
            let hint = "write \"\(manifest.name)\""
            self.warn("renamed-plugin", at: place, "\"\(name)\" is now called \"\(manifest.name)\"", hint: hint)
        }
        if !manifest.stages.contains(stage) {
            let problem = "\"\(name)\" can't run in \(stage); it allows \(manifest.stageList)"
            self.refuse("stage-not-allowed", at: place, problem)
        }
        self.parts = Parts(manifest: manifest, place: place, settings: settings)
    }

    private mutating func takeCommon(_ entries: [YAMLNode.Entry], at place: Place, _ registry: PluginRegistry) {
        var entries = entries
        for (index, entry) in entries.enumerated().reversed() {
            if registry.manifest(named: entry.key) != nil {
                let hint = "start each plugin with \"- \""
                self.refuse(
                    "two-plugins",
                    at: entry.place,
                    "a second plugin \"\(entry.key)\" stands in the entry",
                    hint: hint
                )
                entries.remove(at: index)
            } else if entry.key == "when" {
                self.takeCondition(entry, registry)
                entries.remove(at: index)
            }
        }
        let settings = Settings(YAMLNode(content: .mapping(entries), place: place))
        do throws(Diagnostic) {
            let (common, mistakes) = settings.reading(CommonKeys.self, like: try Self.schema())
            self.diagnostics += mistakes
            guard let common else { return }
            self.parts?.common = common
            // The sample stands in for what can't be read, and has no mistake.
            self.diagnostics += common.problems.flatMap { settings.diagnostics(of: $0) }
            self.isModeKnown = !mistakes.contains { mistake in
                [".mode", ".share"].contains { mistake.place.keyPath.hasSuffix($0) }
            }
        } catch {
            self.diagnostics.append(error)
        }
    }

    /// `when`, in the language of rule files.
    private mutating func takeCondition(_ entry: YAMLNode.Entry, _ registry: PluginRegistry) {
        guard let reader = registry.conditions else {
            return self.refuse("no-conditions", at: entry.place, "nobody here reads conditions", hint: "leave it out")
        }
        do throws(Rejection) {
            self.parts?.condition = try reader.condition(entry.value)
        } catch {
            self.diagnostics += error.diagnostics
        }
    }

    private mutating func refuse(_ code: String, at place: Place, _ problem: String, hint: String? = nil) {
        self.diagnostics.append(Diagnostic(code, at: place, problem, hint: hint))
    }

    private mutating func warn(_ code: String, at place: Place, _ problem: String, hint: String) {
        self.diagnostics.append(Diagnostic(code, at: place, problem, hint: hint, severity: .warning))
    }
}

extension EntryReading {
    private static let sample = """
        as: name
        enabled: true
        timeout: 2s
        first_chunk: 5s
        next_chunk: 10s
        on_error: skip
        concurrency: 8
        queue: 32
        breaker: {enabled: true, failures: 5, wait: 15s}
        mode: live
        share: 10%
        priority: 100
        weight: 1
        when: {lang: en}
        """

    private static let schemaKeys = [
        "as", "enabled", "timeout", "first_chunk", "next_chunk", "on_error", "concurrency", "queue", "breaker",
        "priority", "weight", "when", "mode", "share",
    ]

    private static func schema() throws(Diagnostic) -> SettingsSchema {
        try SettingsSchema(sample: Self.sample, name: "entry")
    }
}

extension EntryReading.Parts {
    /// How long a call may take where nothing is written.
    private func timeout(in stage: Stage) -> Duration {
        switch stage {
        // Everybody waits for it, before anything else happens.
        case .guard: .milliseconds(100)
        case .after: .seconds(10)
        case .enrich, .answer, .fallback: self.manifest.timeout
        }
    }

    func entry(_ responder: any Responder, through gate: CallGate?, stage: Stage) -> Chain.Entry {
        Chain.Entry(
            responder,
            name: self.common.name ?? self.manifest.name,
            stage: stage,
            isEnabled: self.common.isEnabled ?? true,
            onFailure: self.common.onFailure,
            timeout: self.common.timeout ?? self.timeout(in: stage),
            firstPiece: self.common.firstPiece ?? .seconds(5),
            nextPiece: self.common.nextPiece ?? self.manifest.nextPiece,
            gate: gate,
            condition: self.condition,
            priority: self.common.priority ?? Election.defaultPriority,
            weight: self.common.weight ?? 1,
            mode: self.common.chainMode
        )
    }
}
