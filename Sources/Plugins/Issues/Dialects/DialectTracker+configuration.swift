internal import Responders

extension DialectTracker {
    /// A tracker of a kind that has a dialect.
    ///
    /// - Throws: What is wrong with its settings.
    init(
        _ kind: Issues.Configuration.Kind,
        _ written: Issues.Configuration,
        named name: String,
        _ door: TrackerDoor
    ) throws(ConfigurationProblem) {
        let settings = try DialectSettings(kind, written, door.services)
        guard let url = written.url ?? (kind == .github ? GitHub.base : nil) else {
            throw ConfigurationProblem(kind, needs: "url", "write where the tracker is")
        }
        let site = url.hasSuffix("/") ? String(url.dropLast()) : url
        let dialect = try Self.dialect(kind, settings, site: site)
        var masked = settings
        masked.token = "***"
        try self.init(
            dialect,
            masked: try Self.dialect(kind, masked, site: site),
            named: name,
            at: kind == .jira ? "\(site)/rest/api/3" : site,
            headers: try TrackerHeaders(written.headers ?? [:], known: [], key: "headers", door.services),
            isPublic: written.publicIssues ?? false,
            door
        )
    }

    private static func dialect(
        _ kind: Issues.Configuration.Kind,
        _ settings: DialectSettings,
        site: String
    ) throws(ConfigurationProblem) -> any TrackerDialect {
        switch kind {
        case .github:
            guard let github = GitHub(settings) else {
                let problem = "\"\(settings.project)\" is no repository"
                throw ConfigurationProblem("bad-project", key: "project", problem, hint: "write OWNER/REPOSITORY")
            }
            return github
        case .gitlab: return GitLab(settings)
        case .jira: return Jira(settings, site: site)
        case .redmine: return Redmine(settings, site: site)
        case .otrs, .http, .sqlite: return OTRS(settings)
        }
    }

    /// How the tracker tells of changes; nothing where the configuration has no secret for that.
    ///
    /// - Throws: What is wrong with the secret, or that trackers of the kind tell nothing.
    func hook(
        _ kind: Issues.Configuration.Kind,
        _ written: Issues.Configuration,
        _ services: PluginServices
    ) throws(ConfigurationProblem) -> RemoteHook? {
        guard let reference = written.hook else { return nil }
        guard let dialect = self.dialect as? any HookingDialect else { throw ConfigurationProblem(silent: kind) }
        let secret = try services.secret(reference, key: "hook")
        guard secret.utf8.count >= 16 else {
            let problem = "the secret has \(secret.utf8.count) bytes"
            throw ConfigurationProblem("weak-secret", key: "hook", problem, hint: "write 16 or more")
        }
        return RemoteHook(
            isGood: { headers, body in dialect.signature.isGood(headers, body, secret) },
            events: { headers, told in dialect.events(headers, told) },
            showsComments: written.showComments ?? false
        )
    }
}

extension ConfigurationProblem {
    /// Trackers of a kind tell nothing of their own accord.
    init(silent kind: Issues.Configuration.Kind) {
        let hint = "leave hook out; it is asked how issues stand"
        self.init("wrong-value", key: "hook", "\"\(kind.rawValue)\" tells nothing", hint: hint)
    }
}

extension DialectSettings {
    fileprivate init(
        _ kind: Issues.Configuration.Kind,
        _ written: Issues.Configuration,
        _ services: PluginServices
    ) throws(ConfigurationProblem) {
        guard let project = written.project, !project.isEmpty else {
            throw ConfigurationProblem(kind, needs: "project", "write project: …")
        }
        guard let token = written.token else {
            throw ConfigurationProblem(kind, needs: "token", "write token: {env: NAME}")
        }
        guard written.user != nil || (kind != .jira && kind != .otrs) else {
            throw ConfigurationProblem(kind, needs: "user", "write whose token it is")
        }
        let secret = try services.secret(token, key: "token")
        // With all but OTRS it becomes a header.
        guard secret.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) || kind == .otrs else {
            throw ConfigurationProblem("bad-token", key: "token", "the token has a blank, or is not ASCII")
        }
        self.init(
            project: project,
            user: written.user,
            token: secret,
            fields: (written.fields ?? [:]).sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, $0.value) }
        )
    }
}

extension ConfigurationProblem {
    fileprivate init(_ kind: Issues.Configuration.Kind, needs key: String, _ hint: String) {
        let problem = "\"\(kind.rawValue)\" needs \"\(key)\", which is missing"
        self.init("missing-key", key: "tracker", problem, hint: hint)
    }
}
