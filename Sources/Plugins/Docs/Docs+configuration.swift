public import Diagnostics
internal import Documents
internal import Responders

extension Docs {
    static func sources(
        _ configuration: Configuration,
        _ services: PluginServices
    ) throws(ConfigurationProblem) -> [DocumentSource] {
        let written = configuration.sources ?? []
        let isEnough = !written.isEmpty || configuration.search?.isEmpty == false
        guard isEnough, written.count <= 100 else {
            throw ConfigurationProblem(
                "no-source",
                key: "sources",
                "there is no document",
                hint: "write 1 to 100 sources, or search engines"
            )
        }
        var sources: [DocumentSource] = []
        for (number, written) in written.enumerated() {
            guard !written.path.isEmpty else {
                throw ConfigurationProblem(
                    "no-source",
                    key: "sources",
                    "the path of source \(number + 1) is empty",
                    hint: "write a folder"
                )
            }
            let url = written.url ?? "/"
            guard DocumentSource.isAddress(url) else {
                let hint = "write https://HOST/PATH/ or a path that begins with one slash"
                throw ConfigurationProblem(
                    "bad-link",
                    key: "sources",
                    "\"\(url)\" is no address for visitors",
                    hint: hint
                )
            }
            var path = services.path(of: written.path)
            while path.count > 1, path.hasSuffix("/") { path.removeLast() }
            let source = DocumentSource(path: path, url: url, lang: written.lang, links: written.links ?? .keep)
            guard !sources.contains(source) else {
                throw ConfigurationProblem(
                    "duplicate-source",
                    key: "sources",
                    "source \(number + 1) is there twice",
                    hint: "take one away"
                )
            }
            sources.append(source)
        }
        return sources
    }

    static func synonyms(
        _ configuration: Configuration,
        _ services: PluginServices
    ) throws(ConfigurationProblem) -> Synonyms {
        guard let file = configuration.synonyms else { return Synonyms() }
        let (synonyms, problems) = Synonyms.read(try services.text(ofFile: file, key: "synonyms"))
        guard problems.isEmpty else {
            let path = services.path(of: file)
            throw ConfigurationProblem(
                key: "synonyms",
                in: Rejection(
                    problems.map {
                        let place = Place(file: path, line: $0.line, column: $0.column)
                        return Diagnostic("bad-synonyms", at: place, $0.problem, hint: $0.hint)
                    }
                )
            )
        }
        return synonyms
    }

    public var warnings: [Diagnostic] {
        self.sources.compactMap { source in
            guard !source.isThere else { return nil }
            let hint = "nothing of it is found until it is there"
            return Diagnostic(
                "no-source",
                at: Place(file: source.path),
                "there is no such file or folder",
                hint: hint,
                severity: .warning
            )
        }
    }
}
