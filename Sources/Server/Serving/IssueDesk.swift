internal import FoundationEssentials
internal import Messages
internal import Plugins
internal import Responders
internal import Tracker
internal import Transport

/// What those who run the server can do with issues, over HTTP.
struct IssueDesk: Sendable {
    /// Gives the embedded trackers, opened if they have to be, one for each file; throws a `TrackerError`.
    let trackers: @Sendable () throws -> [EmbeddedTracker]

    init(trackers: @escaping @Sendable () throws -> [EmbeddedTracker]) { self.trackers = trackers }

    /// The trackers of the chains that count when somebody asks.
    init(_ chains: @escaping @Sendable () -> [Chain]) {
        self.trackers = {
            var seen: Set<String> = []
            return try chains().flatMap(\.entries).filter(\.isEnabled).compactMap { $0.responder as? Issues }
                .filter { seen.insert($0.path).inserted }.compactMap { try $0.tracker() }
        }
    }

    /// The door for what trackers tell of their own accord, by the names of their instances.
    static func hook(_ chains: @escaping @Sendable () -> [Chain]) -> HookDoor {
        let issues = { @Sendable (name: String) in
            chains().lazy.flatMap(\.entries).filter(\.isEnabled).compactMap { $0.responder as? Issues }
                .first { $0.hookName == name }
        }
        return HookDoor(knows: { issues($0) != nil }) { name, headers, body in
            guard let named = issues(name) else { return .refused }
            return switch await named.take(hook: headers, body) {
            case .taken: .taken
            case .refused: .refused
            case .unreadable: .unreadable
            case .unavailable: .unavailable
            }
        }
    }

    var actions: IssueActions {
        IssueActions(
            list: { listing in
                try await self.answering {
                    let tracker = try await self.tracker(of: listing.site)
                    let page = try await tracker.issues(try Self.filter(listing))
                    return try Page(issues: page.issues, next: page.next).jsonLine()
                }
            },
            show: { name in
                try await self.answering {
                    let tracker = try await self.tracker(of: name.site)
                    return try await self.report(name, of: tracker).jsonLine()
                }
            },
            change: { name, change in
                let phase = try change.state.map { try Self.phase($0) }
                return try await self.answering {
                    let tracker = try await self.tracker(of: name.site)
                    let issue = try await self.issue(name, of: tracker)
                    return try await tracker.change(
                        issue.number,
                        of: issue.site,
                        to: phase,
                        isPublic: change.isPublic,
                        by: Self.author
                    )
                    .jsonLine()
                }
            },
            comment: { name, text, isPublic in
                try await self.answering {
                    let tracker = try await self.tracker(of: name.site)
                    let issue = try await self.issue(name, of: tracker)
                    try await tracker.comment(
                        issue.number,
                        of: issue.site,
                        text,
                        isPublic: isPublic,
                        by: Self.author
                    )
                    return try await self.report(name, of: tracker).jsonLine()
                }
            }
        )
    }

    /// How what is done over HTTP is signed.
    private static let author = "operator:api"

    private struct Page: Encodable {
        var issues: [Issue]
        var next: Int?
    }

    private static func filter(_ listing: IssueActions.Listing) throws -> IssueFilter {
        IssueFilter(
            site: listing.site,
            phases: Set(try listing.states.map { try self.phase($0) }),
            words: listing.words,
            limit: listing.limit,
            before: listing.before
        )
    }

    private static func phase(_ written: String) throws -> IssueState.Phase {
        guard let phase = IssueState.Phase(rawValue: written) else {
            let known = IssueState.Phase.allCases.map(\.rawValue).joined(separator: ", ")
            throw ClientError(.badRequest, "\"state\" is one of \(known)", detail: "state")
        }
        return phase
    }

    /// The tracker that has a site's issues; where there are several, the first one that knows the site.
    private func tracker(of site: SiteID?) async throws -> EmbeddedTracker {
        let trackers = try self.trackers()
        guard let first = trackers.first else {
            throw ClientError(.badRequest, "nothing takes reports here", detail: "path")
        }
        guard trackers.count > 1 else { return first }
        guard let site else {
            throw ClientError(.badRequest, "several files have issues; name a \"site\"", detail: "site")
        }
        for tracker in trackers where try await tracker.sites().contains(site) { return tracker }
        return first
    }

    private func issue(_ name: IssueActions.Name, of tracker: EmbeddedTracker) async throws -> Issue {
        let sites: [SiteID]
        if let site = name.site { sites = [site] } else { sites = try await tracker.sites() }
        guard sites.count <= 1 else {
            throw ClientError(.badRequest, "several sites have issues; name a \"site\"", detail: "site")
        }
        guard let issue = try await tracker.issue(name.number, of: sites.first ?? .default) else {
            throw ClientError(.badRequest, "there is no such issue", detail: "path")
        }
        return issue
    }

    private func report(_ name: IssueActions.Name, of tracker: EmbeddedTracker) async throws -> IssueReport {
        let issue = try await self.issue(name, of: tracker)
        return IssueReport(issue: issue, events: try await tracker.events(of: issue))
    }

    /// Answers with what a tracker says, or with what keeps it from saying it.
    private func answering(_ body: () async throws -> String) async throws -> [UInt8] {
        do {
            return Array(try await body().utf8)
        } catch let error as TrackerError {
            switch error.kind {
            case .invalid: throw ClientError(.badRequest, error.explanation, detail: error.code.rawValue)
            case .absent where error.code == .unknownIssue:
                throw ClientError(.badRequest, "there is no such issue", detail: "path")
            default:
                throw ClientError(.unavailable, "the issues can't be reached", retryAfterMilliseconds: 2_000)
            }
        }
    }
}
