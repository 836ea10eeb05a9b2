internal import Diagnostics
internal import FoundationEssentials
internal import Responders

extension ChildProcess.Command {
    /// Finds the program and checks everything that can be known without starting it.
    ///
    /// - Throws: `empty-command`, `no-command`, `no-folder`, or `bad-variable`.
    init(_ configuration: Process.Configuration, _ services: PluginServices) throws(ConfigurationProblem) {
        guard let program = configuration.command.first, !program.isEmpty else {
            let hint = "write the program and its arguments: [python3, plugins/returns.py]"
            throw ConfigurationProblem("empty-command", key: "command", "there is no program", hint: hint)
        }
        let base = services.baseFolder.isEmpty ? "." : services.baseFolder
        let folder = absolute(configuration.folder.map(services.path(of:)) ?? base)
        var isFolder = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder else {
            let problem = "\"\(configuration.folder ?? base)\" is no folder"
            throw ConfigurationProblem(
                "no-folder",
                key: "folder",
                problem,
                hint: "paths start at the configuration's folder"
            )
        }
        var environment: [String: String] = [:]
        for name in configuration.env ?? [] {
            guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "=")), !name.utf8.contains(0) else {
                let hint = "write names alone; the values are the server's own"
                throw ConfigurationProblem(
                    "bad-variable",
                    key: "env",
                    "\"\(name)\" is no name of a variable",
                    hint: hint
                )
            }
            environment[name] = services.environment[name]
        }
        Self.noteFiles(of: configuration.command, in: folder, services)
        self.init(
            executable: try Self.executable(program, services),
            arguments: Array(configuration.command.dropFirst()),
            environment: environment,
            folder: folder,
            memory: configuration.memory?.bytes
        )
    }

    /// What is probably not meant.
    func doubts(about configuration: Process.Configuration, _ services: PluginServices) -> [ConfigurationProblem] {
        let unset = (configuration.env ?? []).filter { services.environment[$0] == nil }.map { name in
            let hint = suggestion(for: name, among: services.environment.keys)
            return ConfigurationProblem(
                "no-variable",
                key: "env",
                "the server has no variable \"\(name)\"",
                hint: hint.hasPrefix("did you mean") ? hint : "set it for the server, or leave it out"
            )
        }
        let missing = self.arguments.filter { argument in
            let path = argument.hasPrefix("/") ? argument : "\(self.folder)/\(argument)"
            return Self.sources.contains { argument.hasSuffix($0) } && !argument.hasPrefix("-")
                && !FileManager.default.fileExists(atPath: path)
        }
        return unset
            + missing.map { name in
                let hint = "paths start at \"folder\", by default the configuration's own"
                return ConfigurationProblem("no-file", key: "command", "there is no file \"\(name)\"", hint: hint)
            }
    }

    /// How programs end that another program reads.
    private static let sources = [".py", ".js", ".mjs", ".ts", ".rb", ".sh", ".pl", ".php", ".jar"]

    /// Has a change of the program, or of a file that is one of its arguments, start it anew.
    private static func noteFiles(of command: [String], in folder: String, _ services: PluginServices) {
        if let program = command.first, program.contains("/") { services.files.note(services.path(of: program)) }
        for argument in command.dropFirst() where !argument.hasPrefix("-") {
            let path = argument.hasPrefix("/") ? argument : "\(folder)/\(argument)"
            var isFolder = false
            let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            // One that will be written yet counts, too: once it is there the program is started anew.
            let isMissingFile = !exists && (argument.contains("/") || argument.dropFirst().contains("."))
            if exists ? !isFolder : isMissingFile { services.files.note(path) }
        }
    }

    /// The absolute path of a program.
    package static func executable(_ program: String, _ services: PluginServices) throws(ConfigurationProblem) -> String
    {
        if program.contains("/") {
            let path = absolute(services.path(of: program))
            if isProgram(path) { return path }
            let hint = "write the path of a file that can be executed"
            throw ConfigurationProblem("no-command", key: "command", "\"\(program)\" is no program", hint: hint)
        }
        let folders = (services.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":")
        if let path = folders.map({ "\($0)/\(program)" }).first(where: isProgram) { return absolute(path) }
        let hint = "install it, or write its whole path"
        throw ConfigurationProblem("no-command", key: "command", "\"\(program)\" is not in the PATH", hint: hint)
    }
}

private func absolute(_ path: String) -> String {
    path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
}

private func isProgram(_ path: String) -> Bool {
    var isFolder = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder
        && FileManager.default.isExecutableFile(atPath: path)
}
