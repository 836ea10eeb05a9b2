public import FoundationEssentials

/// A plugin's only way to the outside, so that a test can replace all of it.
public struct PluginServices: Sendable {
    /// The folder that relative paths of the configuration start from: that of the configuration file as it was named,
    /// so that diagnostics name files as a person would.
    ///
    /// Empty is the current folder.
    public var baseFolder: String
    /// The clock.
    public var clock: TurnClock
    /// Milliseconds since 1970-01-01T00:00:00Z, for what others check against their own clocks.
    public var wallClock: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970 * 1_000) }
    /// The variables that secrets and plugins' processes come from; by default the server's own.
    public var environment: [String: String]
    /// Tells the people who run the server of something that happened, on the thread where it did; doesn't wait.
    public var report: @Sendable (Incident) -> Void
    /// Where the plugin counts; nowhere by default.
    public var metrics = PluginMetrics()
    /// A small store of the plugin's own; in memory alone where nobody keeps it.
    public var state = PluginState()
    /// Gives the store of entries of a name, for ``state``; without it each plugin has one of its own.
    public var states: (@Sendable (_ name: String) -> PluginState)?
    /// Makes what asks web services, for ``client(for:allowing:key:)``; nothing where none may be asked.
    public var clients: ClientMaker?
    /// Has the files that the configuration names: a reload asks it whether they are still the same.
    ///
    /// ``text(ofFile:key:)`` notes what it reads; whoever reads a file in another way notes it.
    public var files = FileRecord()

    public init(
        baseFolder: String = "",
        clock: TurnClock = .continuous,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        report: @escaping @Sendable (Incident) -> Void = { _ in }
    ) {
        self.baseFolder = baseFolder
        self.clock = clock
        self.environment = environment
        self.report = report
    }

    /// Where a file or folder of the configuration is.
    ///
    /// - Parameter path: As written; an absolute path stays as it is.
    /// - Returns: The path from the current folder.
    public func path(of path: String) -> String {
        guard !self.baseFolder.isEmpty, !path.hasPrefix("/") else { return path }
        return self.baseFolder.hasSuffix("/") ? self.baseFolder + path : "\(self.baseFolder)/\(path)"
    }

    /// Reads a text file of the configuration, at most ``maximumFileBytes`` long.
    ///
    /// - Parameters:
    ///   - path: As written.
    ///   - key: The key that names it, for the problem.
    /// - Returns: The file's text.
    /// - Throws: `no-file`, `file-too-large` or `not-utf8`.
    public func text(ofFile path: String, key: String) throws(ConfigurationProblem) -> String {
        let path = self.path(of: path)
        var isFolder = false
        let isFile = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder
        let contents = isFile ? FileManager.default.contents(atPath: path) : nil
        self.files.note(path, contents)
        guard let data = contents else {
            let problem = isFolder ? "\"\(path)\" is a folder" : "\"\(path)\" can't be read"
            throw ConfigurationProblem("no-file", key: key, problem, hint: "paths start at the configuration's folder")
        }
        guard data.count <= Self.maximumFileBytes else {
            throw ConfigurationProblem("file-too-large", key: key, "\"\(path)\" is longer than 4 MiB")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw ConfigurationProblem("not-utf8", key: key, "\"\(path)\" is not UTF-8")
        }
        return text
    }

    /// The longest file that ``text(ofFile:key:)`` reads, in bytes.
    public static let maximumFileBytes = 4_194_304
}
