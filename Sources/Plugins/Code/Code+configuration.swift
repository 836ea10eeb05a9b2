public import Diagnostics
internal import Responders
internal import SourceCode

extension Code {
    static func roots(
        _ configuration: Configuration,
        _ services: PluginServices
    ) throws(ConfigurationProblem) -> [CodeRoot] {
        guard 1...20 ~= configuration.roots.count else {
            throw ConfigurationProblem(
                "no-root",
                key: "roots",
                "there is no folder of code",
                hint: "write 1 to 20 roots"
            )
        }
        var roots: [CodeRoot] = []
        for (number, written) in configuration.roots.enumerated() {
            guard !written.path.isEmpty else {
                let problem = "the path of root \(number + 1) is empty"
                throw ConfigurationProblem("no-root", key: "roots", problem, hint: "write a folder")
            }
            if let link = written.link, !Self.isLink(link) {
                let hint = "write https://HOST/…{path}… with {line} and {revision} where they belong"
                throw ConfigurationProblem("bad-link", key: "roots", "\"\(link)\" is no address of a file", hint: hint)
            }
            var path = services.path(of: written.path)
            while path.count > 1, path.hasSuffix("/") { path.removeLast() }
            guard !roots.contains(where: { $0.path == path }) else {
                let problem = "root \(number + 1) is there twice"
                throw ConfigurationProblem("duplicate-root", key: "roots", problem, hint: "take one away")
            }
            roots.append(
                CodeRoot(
                    path: path,
                    allow: configuration.allow ?? [],
                    deny: configuration.deny ?? [],
                    link: written.link,
                    revision: written.revision
                )
            )
        }
        return roots
    }

    private static func isLink(_ link: String) -> Bool {
        link.hasPrefix("https://") && link.contains("{path}")
            && link.utf8.allSatisfy { 0x21...0x7E ~= $0 && $0 != 0x5C }
    }

    static func check(_ configuration: Configuration) throws(ConfigurationProblem) {
        if let top = configuration.top, !(1...Reply.maximumLinks ~= top) {
            throw ConfigurationProblem("wrong-value", key: "top", "\(top) is no number of places", hint: "write 1 to 5")
        }
        for (key, patterns) in [("allow", configuration.allow ?? ["*"]), ("deny", configuration.deny ?? [])] {
            let wrong = patterns.first { $0.isEmpty || $0.hasPrefix("!") || $0.contains("\\") || $0.utf8.count > 500 }
            if let wrong {
                let hint = "write patterns such as *.py, src/ or /docs/**; what isn't to be found goes to deny"
                throw ConfigurationProblem("bad-pattern", key: key, "\"\(wrong)\" is no pattern", hint: hint)
            }
        }
        guard configuration.allow?.isEmpty != true else {
            let hint = "write a pattern, or leave it out"
            throw ConfigurationProblem("bad-pattern", key: "allow", "nothing is allowed", hint: hint)
        }
        let texts = [("text", configuration.text), ("unknown", configuration.unknown)]
        for (key, text) in texts where !(1...1_000 ~= text?.utf8.count ?? 1) {
            throw ConfigurationProblem("wrong-value", key: key, "a sentence has 1 to 1,000 bytes")
        }
    }

    public var warnings: [Diagnostic] {
        self.roots.compactMap { root in
            guard !root.isThere else { return nil }
            let hint = "nothing of it is found until it is there"
            return Diagnostic(
                "no-root",
                at: Place(file: root.path),
                "there is no such folder",
                hint: hint,
                severity: .warning
            )
        }
    }
}
