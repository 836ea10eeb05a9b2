internal import Responders
internal import Tracker

/// A tracker on another machine, as the plugin uses it.
struct RemoteTracker: Sendable {
    /// The instance, which entries of the outbox keep.
    let name: String
    let tracker: any IssueTracker
    /// Which tracker it is: two of which this is the same are one.
    var target = ""
    /// How it tells of changes; nothing where it doesn't.
    var hook: RemoteHook?
    /// What it would be asked for a sample, by the name of each request, without secrets.
    var preview: @Sendable () throws -> [(String, String)] = { [] }
    /// Ends what is open to it.
    var close: @Sendable () async -> Void = {}
}

extension RemoteTracker {
    /// The tracker that a configuration names; nothing for that of the server itself.
    ///
    /// - Throws: What is wrong with its settings.
    init?(
        _ configuration: Issues.Configuration,
        _ services: PluginServices,
        resolver: Resolver = .system
    ) throws(ConfigurationProblem) {
        let kind = configuration.tracker ?? .sqlite
        guard kind != .sqlite else { return nil }
        let name = configuration.instance ?? kind.rawValue
        let isName = name.utf8.allSatisfy { byte in
            0x61...0x7A ~= byte || 0x30...0x39 ~= byte || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
        }
        guard isName, 1...40 ~= name.utf8.count else {
            let hint = "write 1 to 40 of a-z 0-9 _ -"
            throw ConfigurationProblem("wrong-value", key: "instance", "\"\(name)\" is no name", hint: hint)
        }
        let door = try TrackerDoor(
            allowing: configuration.allow ?? [],
            timeout: configuration.timeout,
            resolver: resolver,
            services
        )
        switch kind {
        case .sqlite: return nil
        case .http:
            guard configuration.hook == nil else { throw ConfigurationProblem(silent: kind) }
            let tracker = try TemplateTracker(configuration, named: name, door)
            self.init(
                name: name,
                tracker: tracker,
                target: configuration.create?.request ?? "",
                preview: { try tracker.preview() },
                close: { await tracker.close() }
            )
        case .github, .gitlab, .jira, .redmine, .otrs:
            let tracker = try DialectTracker(kind, configuration, named: name, door)
            self.init(
                name: name,
                tracker: tracker,
                target: "\(kind.rawValue) \(configuration.url ?? "") \(configuration.project ?? "")",
                hook: try tracker.hook(kind, configuration, services),
                preview: { try tracker.preview() },
                close: { await tracker.close() }
            )
        }
    }
}
