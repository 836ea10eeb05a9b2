import Hummingbird
public import Messages

/// What those who run the server can do with issues; each may throw a `ClientError` and answers with a JSON object.
public struct IssueActions: Sendable {
    /// Which issues are listed.
    public struct Listing: Sendable {
        public let site: SiteID?
        public let states: [String]
        public let words: String
        public let limit: Int
        public let before: Int?
    }

    /// Which issue it is about.
    public struct Name: Sendable {
        public let number: Int
        /// Nothing means the only site that has issues.
        public let site: SiteID?
    }

    /// What becomes of an issue; nothing leaves it as it is.
    public struct Change: Sendable {
        public let state: String?
        public let isPublic: Bool?
    }

    let list: @Sendable (Listing) async throws -> [UInt8]
    let show: @Sendable (Name) async throws -> [UInt8]
    let change: @Sendable (Name, Change) async throws -> [UInt8]
    let comment: @Sendable (Name, _ text: String, _ isPublic: Bool) async throws -> [UInt8]

    /// - Parameters:
    ///   - list: A page of issues.
    ///   - show: One, with what happened to it.
    ///   - change: Changes one, and returns it as it is then.
    ///   - comment: Adds a comment, and returns the issue with what happened to it.
    public init(
        list: @escaping @Sendable (Listing) async throws -> [UInt8],
        show: @escaping @Sendable (Name) async throws -> [UInt8],
        change: @escaping @Sendable (Name, Change) async throws -> [UInt8],
        comment: @escaping @Sendable (Name, String, Bool) async throws -> [UInt8]
    ) {
        self.list = list
        self.show = show
        self.change = change
        self.comment = comment
    }
}

/// `/api/admin/issues`: what visitors have reported.
struct IssueRoutes: Sendable {
    private let actions: IssueActions
    private let note: @Sendable (AdminAct) async -> Void

    /// How many issues one answer lists.
    static let largestPage = 1_000
    /// The longest search and the longest comment, in bytes.
    static let longestSearch = 1_000
    static let longestComment = 16_384

    init(_ actions: IssueActions, note: @escaping @Sendable (AdminAct) async -> Void) {
        self.actions = actions
        self.note = note
    }

    func add(to group: RouterGroup<ChatRequestContext>) {
        group.get("issues") { request, _ in try await self.list(request) }
        group.get("issues/{number}") { request, context in
            let name = try self.name(request, context)
            let answer = try await self.actions.show(name)
            await self.note(AdminAct("issues-read", details: ["issue": "\(name.number)", "site": name.site?.rawValue]))
            return Response.json(answer)
        }
        group.patch("issues/{number}") { request, context in try await self.change(request, context) }
        group.post("issues/{number}/comments") { request, context in try await self.comment(request, context) }
    }

    private func list(_ request: Request) async throws -> Response {
        let query = try ChatRoutes.query(of: request)
        guard let limit = Int(query["limit"] ?? "50"), 1...Self.largestPage ~= limit else {
            throw ClientError(.badRequest, "\"limit\" must be 1 to \(Self.largestPage)", detail: "limit")
        }
        let before = query["before"].map { Int($0) ?? 0 }
        guard before.map({ 1...Limits.largestInteger ~= $0 }) ?? true else {
            throw ClientError(.badRequest, "\"before\" must be what \"next\" of a page was", detail: "before")
        }
        let words = query["q"] ?? ""
        guard words.utf8.count <= Self.longestSearch else {
            throw ClientError(.badRequest, "\"q\" has at most \(Self.longestSearch) bytes", detail: "q")
        }
        let listing = IssueActions.Listing(
            site: try Self.site(query),
            states: query["state"]?.split(separator: ",", omittingEmptySubsequences: false).map(String.init) ?? [],
            words: words,
            limit: limit,
            before: before
        )
        let answer = try await self.actions.list(listing)
        await self.note(AdminAct("issues-read", details: ["site": listing.site?.rawValue]))
        return .json(answer)
    }

    /// Changes an issue for `{"state?","public?"}`.
    private func change(_ request: Request, _ context: ChatRequestContext) async throws -> Response {
        let name = try self.name(request, context)
        let reader = try ObjectReader(try await ChatRoutes.body(of: request, context))
        let change = IssueActions.Change(state: try reader.text("state"), isPublic: try reader.flag("public"))
        guard change.state != nil || change.isPublic != nil else {
            throw ClientError(.badRequest, "name \"state\" or \"public\"", detail: "state")
        }
        let answer = try await self.actions.change(name, change)
        await self.note(
            AdminAct(
                "issue-set",
                details: [
                    "issue": "\(name.number)", "site": name.site?.rawValue, "state": change.state,
                    "public": change.isPublic.map { "\($0)" },
                ]
            )
        )
        return .json(answer)
    }

    /// Adds a comment for `{"text","public?"}`.
    private func comment(_ request: Request, _ context: ChatRequestContext) async throws -> Response {
        let name = try self.name(request, context)
        let reader = try ObjectReader(try await ChatRoutes.body(of: request, context))
        guard let text = try reader.text("text"), 1...Self.longestComment ~= text.utf8.count else {
            throw ClientError(.badRequest, "\"text\" has 1 to \(Self.longestComment) bytes", detail: "text")
        }
        let isPublic = try reader.flag("public") ?? false
        let answer = try await self.actions.comment(name, text, isPublic)
        await self.note(
            AdminAct(
                "issue-comment",
                details: ["issue": "\(name.number)", "site": name.site?.rawValue, "public": "\(isPublic)"]
            )
        )
        return .json(answer)
    }

    private func name(_ request: Request, _ context: ChatRequestContext) throws -> IssueActions.Name {
        let written = try context.parameters.require("number")
        guard let number = Int(written), 1...Limits.largestInteger ~= number else {
            throw ClientError(.badRequest, "there is no such issue", detail: "path")
        }
        return IssueActions.Name(number: number, site: try Self.site(try ChatRoutes.query(of: request)))
    }

    private static func site(_ query: Query) throws(ClientError) -> SiteID? {
        guard let written = query["site"] else { return nil }
        guard let site = SiteID(written) else {
            throw ClientError(.badRequest, "\"site\" is no name of a site", detail: "site")
        }
        return site
    }
}
