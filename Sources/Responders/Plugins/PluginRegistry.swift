public import Diagnostics

/// The plugins a server knows, by name.
public struct PluginRegistry: Sendable {
    private typealias Make = @Sendable (Settings, PluginServices) -> Result<any Responder, Rejection>

    /// The manifests in the order of registration.
    public private(set) var manifests: [PluginManifest] = []
    /// Reads `when` of entries; without it no entry may have one.
    public var conditions: ConditionReader?
    private var makers: [String: Make] = [:]
    /// Current and former names, each with the index of its manifest.
    private var indices: [String: Int] = [:]

    public init() {}

    /// Makes `plugin` known under its name and its former names.
    ///
    /// - Throws: `duplicate-plugin` when one of the names is taken; `broken-sample` when the sample is no YAML mapping.
    public mutating func register<P: ResponderPlugin>(_ plugin: P.Type) throws(Diagnostic) {
        let manifest = P.manifest
        let place = Place(file: "\(P.self)")
        let names = [manifest.name] + manifest.formerNames
        if let taken = names.first(where: { self.indices[$0] != nil }) {
            throw Diagnostic("duplicate-plugin", at: place, "\"\(taken)\" is already registered")
        }
        let schema = try SettingsSchema(sample: manifest.sample, name: manifest.name, openKeys: manifest.openKeys)
        for name in names { self.indices[name] = self.manifests.count }
        self.manifests.append(manifest)
        self.makers[manifest.name] = { Self.make(P.self, like: schema, $0, $1) }
    }

    /// The manifest of the plugin that has, or once had, this name.
    public func manifest(named name: String) -> PluginManifest? { self.indices[name].map { self.manifests[$0] } }

    /// The names that a configuration may use, without the former ones.
    public var names: [String] { self.manifests.map(\.name) }

    /// Creates the responder called `name` from its part of `claude-chat.yaml`.
    ///
    /// - Parameters:
    ///   - name: A name or a former name.
    ///   - place: Where the name stands, for the diagnostic: `claude-chat.yaml:48:9: chains.support.answer[2]`.
    ///   - settings: The plugin's part of the file.
    ///   - services: The plugin's way to the outside.
    /// - Returns: The responder, ready for its first message.
    /// - Throws: `unknown-plugin`; or every `unknown-key`, `missing-key` and `wrong-type` of the settings; or what the
    ///   plugin itself has to say, with the place of the key put in front.
    public func makeResponder(
        named name: String,
        at place: Place,
        settings: Settings,
        services: PluginServices = PluginServices()
    ) throws(Rejection) -> any Responder {
        guard let manifest = self.manifest(named: name), let make = self.makers[manifest.name] else {
            let hint = suggestion(for: name, among: self.names)
            throw Rejection([Diagnostic("unknown-plugin", at: place, "unknown plugin \"\(name)\"", hint: hint)])
        }
        return try make(settings, services).get()
    }

    private static func make<P: ResponderPlugin>(
        _ plugin: P.Type,
        like schema: SettingsSchema,
        _ settings: Settings,
        _ services: PluginServices
    ) -> Result<any Responder, Rejection> {
        let configuration: P.Configuration
        do throws(Rejection) {
            configuration = try settings.decode(P.Configuration.self, like: schema)
        } catch {
            return .failure(error)
        }
        do throws(ConfigurationProblem) {
            return .success(try P(configuration: configuration, services: services))
        } catch {
            return .failure(Rejection(settings.diagnostics(of: error)))
        }
    }
}
