internal import Diagnostics
internal import Plugins
internal import Responders

extension Configuration {
    /// Which files of the plugin issues a command works on.
    enum IssueFiles {
        /// The issues of embedded trackers.
        case issues
        /// What is on its way to trackers on other machines.
        case outbox
    }

    /// The files that the chains of a configuration name, each once, in the order in which they stand.
    ///
    /// For those who work on issues: creates no chain, and mistakes elsewhere in the file don't matter.
    ///
    /// - Parameters:
    ///   - kind: Which.
    ///   - file: The configuration.
    /// - Returns: Their paths from the current folder.
    /// - Throws: What keeps it from being read.
    static func issueFiles(_ kind: IssueFiles, file: String) throws(Rejection) -> [String] {
        let services = PluginServices(baseFolder: self.folder(of: file))
        let (root, _) = try self.root(of: file, services)
        var files: [String] = []
        for chain in root["chains"]?.entries ?? [] {
            for entry in chain.value["answer"]?.items ?? [] {
                // "- issues" alone has no settings.
                guard entry["issues"] != nil || entry.text == "issues" else { continue }
                let settings = entry["issues"]
                let isEmbedded = (settings?["tracker"]?.text ?? "sqlite") == "sqlite"
                guard isEmbedded == (kind == .issues) else { continue }
                let written = isEmbedded ? settings?["file"]?.text : settings?["outbox"]?.text
                let path = services.path(of: written ?? (isEmbedded ? Issues.defaultFile : Issues.defaultOutbox))
                if !files.contains(path) { files.append(path) }
            }
        }
        return files
    }
}
