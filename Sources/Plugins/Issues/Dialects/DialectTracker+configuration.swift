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
        let dialect: any TrackerDialect
        switch kind {
        case .github:
            guard let github = GitHub(settings) else {
                let problem = "\"\(settings.project)\" is no repository"
                throw ConfigurationProblem("bad-project", key: "project", problem, hint: "write OWNER/REPOSITORY")
            }
            dialect = github
        case .gitlab: dialect = GitLab(settings)
        case .jira: dialect = Jira(settings, site: site)
        case .redmine: dialect = Redmine(settings, site: site)
        case .otrs, .http, .sqlite: dialect = OTRS(settings)
        }
        try self.init(
            dialect,
            named: name,
            at: kind == .jira ? "\(site)/rest/api/3" : site,
            headers: try TrackerHeaders(written.headers ?? [:], known: [], key: "headers", door.services),
            isPublic: written.publicIssues ?? false,
            door
        )
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
