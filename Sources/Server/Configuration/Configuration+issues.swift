internal import Diagnostics
internal import Responders

extension Configuration {
    /// The files of embedded trackers that the chains of a configuration name, each once, in the order in which they stand.
    ///
    /// For those who work on issues: creates no chain, and mistakes elsewhere in the file don't matter.
    ///
    /// - Parameter file: The configuration.
    /// - Returns: Their paths from the current folder.
    /// - Throws: What keeps it from being read.
    static func issueFiles(file: String) throws(Rejection) -> [String] {
        let services = PluginServices(baseFolder: self.folder(of: file))
        let (root, _) = try self.root(of: file, services)
        var files: [String] = []
        for chain in root["chains"]?.entries ?? [] {
            for entry in chain.value["answer"]?.items ?? [] {
                // "- issues" alone has no settings.
                guard entry["issues"] != nil || entry.text == "issues" else { continue }
                let path = services.path(of: entry["issues"]?["file"]?.text ?? Self.defaultIssues)
                if !files.contains(path) { files.append(path) }
            }
        }
        return files
    }

    /// Where issues are if nothing else is written.
    static let defaultIssues = "data/issues.sqlite"
}
