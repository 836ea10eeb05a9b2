/// A responder that can be named in `claude-chat.yaml`.
///
/// A plugin is one folder in `Sources/Plugins` with one Swift file of the same name, and one line in
/// `BuiltinPlugins.swift`. Its manifest is its documentation, its sample configuration and half of its tests.
public protocol ResponderPlugin: Responder {
    /// The plugin's part of `claude-chat.yaml`. `opens_at` in the file is `opensAt` here.
    ///
    /// A property of type `Duration` is written with its unit (`250ms`), a ``TimeOfDay`` as `"09:00"`, and a
    /// ``SecretReference`` as `{env: NAME}` or `{file: PATH}`.
    associatedtype Configuration: Decodable & Sendable

    /// Name, summary, stages, sample configuration and examples.
    static var manifest: PluginManifest { get }

    /// Creates the responder, or says in one sentence what is wrong with its configuration.
    ///
    /// Opens no socket and writes nothing: the `check` command creates every plugin. Files that the configuration names
    /// are read here, through `services`.
    init(configuration: Configuration, services: PluginServices) throws(ConfigurationProblem)
}

/// What a plugin says about itself.
public struct PluginManifest: Sendable {
    /// The name used in `claude-chat.yaml`: lower case, words joined by `-`, equal to the folder's name (`AwayNotice` is
    /// `away-notice`).
    public var name: String
    /// One sentence without a full stop, shown by `plugins list`.
    public var summary: String
    /// The stages in which it may stand.
    public var stages: Set<Stage>
    /// A complete configuration in YAML, shown by `plugins sample NAME`.
    ///
    /// It is the schema: its keys are the known keys, optional ones included.
    public var sample: String
    /// The keys of ``sample`` whose mapping has free keys, such as `lang`; `.` joins nested keys.
    public var openKeys: Set<String>
    /// The files that ``sample`` names, by their paths, for the examples.
    public var sampleFiles: [String: String]
    /// Messages with the verdict that ``sample`` gives to each.
    ///
    /// The tests run them.
    public var examples: [Example]
    /// How long one call may take where the entry has no `timeout`.
    ///
    /// An ``ImmediateResponder`` has none.
    public var timeout: Duration
    /// From one piece of a streamed reply to the next, at most, where the entry has no `next_chunk`.
    public var nextPiece: Duration
    /// Names under which the plugin shipped before.
    ///
    /// They still work and give a warning.
    public var formerNames: [String]
    /// Whether there is one responder for the same settings in any case, also for a chain that is run beside those that
    /// answer: it has a file to itself.
    public var isSole: Bool

    public init(
        name: String,
        summary: String,
        stages: Set<Stage>,
        sample: String,
        openKeys: Set<String> = [],
        sampleFiles: [String: String] = [:],
        examples: [Example],
        timeout: Duration = .seconds(2),
        nextPiece: Duration = .seconds(10),
        formerNames: [String] = [],
        isSole: Bool = false
    ) {
        self.name = name
        self.summary = summary
        self.stages = stages
        self.sample = sample
        self.openKeys = openKeys
        self.sampleFiles = sampleFiles
        self.examples = examples
        self.timeout = timeout
        self.nextPiece = nextPiece
        self.formerNames = formerNames
        self.isSole = isSole
    }

    /// The stages in the order in which they run: `answer, fallback`.
    public var stageList: String { Stage.allCases.filter(self.stages.contains).map(\.rawValue).joined(separator: ", ") }

    /// A message and what must come of it.
    public struct Example: Sendable, CustomStringConvertible {
        public var text: String
        /// `HH:MM`.
        public var time: String
        /// The language that the page reports.
        public var lang: String?
        public var verdict: Verdict
        public var description: String { "\(self.text) at \(self.time)" }

        public init(_ text: String, at time: String = "12:00", lang: String? = nil, gives verdict: Verdict) {
            self.text = text
            self.time = time
            self.lang = lang
            self.verdict = verdict
        }
    }
}
