public import Access
internal import Crypto
public import Diagnostics
internal import Foundation
public import Responders
internal import Store
public import Transport

/// What `claude-chat.yaml` says, checked, with every chain ready for its first message.
public struct Configuration: Sendable {
    /// The file, as it was named.
    public var file: String
    public var listen: ListenAddress
    public var mode: Mode
    /// Nothing means plain HTTP.
    public var tls: TLSFiles?
    /// Whether a trusted proxy speaks TLS with the visitors.
    public var isBehindProxy: Bool
    /// Sign the tokens of visitors; nothing where none are written.
    public var tokenKeys: TokenKeyRing?
    /// Opens `/api/admin`; nothing where none is written.
    public var adminToken: AdminToken?
    /// What production still needs, whatever the mode is.
    public var missingForProduction: [Diagnostic]
    /// The address that visitors' browsers use, where it isn't ``listen``.
    public var publicURL: String?
    /// The proxies whose `X-Forwarded-For` says where a client is.
    public var trustedProxies: TrustedProxies
    /// What may happen, and how much of it there may be.
    var limits: ServerLimits
    /// Where messages are kept, and for how long.
    var storage: StoreSettings
    /// How much is kept of turns.
    var tracing: TraceSettings
    /// In the order of the file.
    public var sites: [Site]
    /// The chain of sites that name none.
    ///
    /// It is one of ``chains``.
    public var defaultChain: String
    public var chains: [String: Chain]
    /// The conversations that chains name as their tests, by the chain's name: files or patterns, with their places.
    public var transcripts: [String: [(pattern: String, place: Place)]] = [:]
    /// What somebody should look at, though the configuration works.
    public var warnings: [Diagnostic]
    /// The same for the same text of the file.
    var digest = ""
    /// The responders of all chains, for the next configuration.
    var instances = ChainInstances()
    /// What a running server takes over at its next start only.
    var fixed = FixedSettings()

    /// How much the server trusts whoever connects.
    public enum Mode: String, Sendable, CaseIterable, Decodable {
        /// Known origins and signed sessions only.
        case production
        /// Any page of this machine, without a token. Loopback only.
        case development
    }

    /// The files of a certificate, their paths from the current folder.
    public struct TLSFiles: Sendable, Hashable {
        /// The certificate and those that lead to its root, PEM.
        public var certificate: String
        /// The private key, PEM, readable by the owner alone.
        public var key: String
    }

    /// The chain of the sites that name none, or the one that a command was told to use.
    ///
    /// - Parameter name: Its name; nothing means ``defaultChain``.
    /// - Returns: Nothing where there is no chain of that name.
    public func chain(named name: String? = nil) -> Chain? { self.chains[name ?? self.defaultChain] }

    /// The chains' names, the default one first.
    public var chainNames: [String] {
        [self.defaultChain] + self.chains.keys.filter { $0 != self.defaultChain }.sorted()
    }
}

extension Configuration {
    /// Where the server of a configuration file listens, the file of its certificate, and its admin token.
    ///
    /// For those who ask a running server: mistakes elsewhere in the file, or in files that it names, don't matter.
    static func endpoint(file: String) -> (address: ListenAddress, certificate: String?, adminToken: String?) {
        let services = PluginServices(baseFolder: self.folder(of: file))
        let text = try? services.text(ofFile: String(file.dropFirst(self.folder(of: file).count)), key: "")
        let server = text.flatMap { try? YAMLNode(yaml: $0, file: file) }?["server"]
        let address = server?["listen"]?.text.flatMap { ListenAddress($0) }
        let certificate = server?["tls"]?["certificate"]?.text.map { services.path(of: $0) }
        let secret = server?["admin_token"]
        let inFile = secret?["file"]?.text.flatMap { try? services.text(ofFile: $0, key: "") }
        let token = secret?["env"]?.text.flatMap { ProcessInfo.processInfo.environment[$0] } ?? inFile
        return (
            address ?? ConfigurationReading.defaultListen, certificate,
            token?.trimmingCharacters(in: .whitespacesAndNewlines)
        )
    }

    /// What the section `store` of a configuration file says, with the keys that it names.
    ///
    /// For those who work on a store: creates no chain, and mistakes elsewhere in the file don't matter.
    ///
    /// - Parameter file: The path of the file.
    /// - Returns: The settings, the defaults where the file has no such section.
    /// - Throws: That the file can't be read, or every mistake of the section.
    static func store(file: String) throws(Rejection) -> StoreSettings {
        let services = PluginServices(baseFolder: self.folder(of: file))
        let (root, _) = try self.root(of: file, services)
        var reading = ConfigurationReading(root, file: file, registry: PluginRegistry(), services: services)
        return try reading.storeSettings()
    }

    /// Reads a configuration file and creates all chains, with everything that they name.
    ///
    /// Opens no socket. Paths in the file start at its folder.
    ///
    /// - Parameters:
    ///   - file: The path of the file; diagnostics name it and the files beside it as it is written here.
    ///   - registry: The plugins that a chain may name.
    ///   - clock: The clock of chains and plugins.
    ///   - report: Told of what happens in plugins while they work.
    ///   - metrics: Where plugins count.
    ///   - files: Gets every file that is read.
    ///   - before: The configuration before, whose responders stay where nothing has changed for them.
    ///   - generation: Counts the configurations that a server has worked by, from 1.
    ///   - beside: The chain that is run beside those that answer.
    ///   - decorate: Puts another responder in front of the one of an entry, by the entry's name.
    /// - Returns: The configuration, ready to serve.
    /// - Throws: Every mistake of the file and of the files that it names, warnings among them, in the order of the files.
    public static func load(
        file: String,
        registry: PluginRegistry,
        clock: TurnClock = .continuous,
        report: @escaping @Sendable (Incident) -> Void = { _ in },
        metrics: PluginMetrics = PluginMetrics(),
        files: FileRecord = FileRecord(),
        after before: ChainInstances = ChainInstances(),
        generation: Int = 1,
        beside: String? = nil,
        decorating decorate: @escaping ChainLoader.Decoration = { responder, _ in responder }
    ) throws(Rejection) -> Configuration {
        var services = PluginServices(baseFolder: self.folder(of: file), clock: clock, report: report)
        (services.metrics, services.files) = (metrics, files)
        let (root, text) = try self.root(of: file, services)
        var reading = ConfigurationReading(root, file: file, registry: registry, services: services)
        reading.decorate = decorate
        (reading.before, reading.generation, reading.beside) = (before, generation, beside)
        var configuration = try reading.configuration()
        configuration.digest = Self.digest(of: text)
        return configuration
    }

    /// The folder of a file, as it was named: empty, or with a slash at its end.
    static func folder(of file: String) -> String {
        String(file[..<(file.lastIndex(of: "/").map { file.index(after: $0) } ?? file.startIndex)])
    }

    private static func digest(of text: String) -> String {
        SHA256.hash(data: Data(text.utf8)).prefix(8).map { byte in
            String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }.joined()
    }

    /// Composes a configuration file.
    static func root(of file: String, _ services: PluginServices) throws(Rejection) -> (YAMLNode, String) {
        let text: String
        do throws(ConfigurationProblem) {
            text = try services.text(ofFile: String(file.dropFirst(self.folder(of: file).count)), key: "")
        } catch {
            let hint = "name another file with --config, or work in the folder that has it"
            throw Rejection([Diagnostic(error.code, at: Place(file: file), error.problem, hint: hint)])
        }
        do throws(Diagnostic) {
            return (try YAMLNode(yaml: text, file: file), text)
        } catch {
            throw Rejection([error])
        }
    }
}
