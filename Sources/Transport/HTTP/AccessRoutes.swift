import Access
import Hummingbird
import Messages

/// `/api/admin/revoke` and `/api/admin/tokens`.
struct AccessRoutes: Sendable {
    private let server: ChatChannel.Shared
    private let note: @Sendable (AdminAct) async -> Void

    init(_ server: ChatChannel.Shared, note: @escaping @Sendable (AdminAct) async -> Void) {
        self.server = server
        self.note = note
    }

    func add(to group: RouterGroup<ChatRequestContext>) {
        group.post("revoke") { request, context in try await self.revoke(request, context) }
        group.post("tokens") { request, context in try await self.token(request, context) }
    }

    /// Takes back one of `{"session"}`, `{"subject"}` and `{"jti"}`, at one site if `"site"` stands beside it.
    private func revoke(_ request: Request, _ context: ChatRequestContext) async throws -> Response {
        let reader = try ObjectReader(try await ChatRoutes.body(of: request, context))
        let site = try self.site(reader)
        let session = try reader.text("session")
        let subject = try reader.text("subject")
        let tokenID = try reader.text("jti")
        guard [session, subject, tokenID].count(where: { $0 != nil }) == 1 else {
            throw ClientError(.badRequest, "name one of \"session\", \"subject\" and \"jti\"", detail: "session")
        }
        let revocation: Revocation
        if let session {
            guard let session = SessionID(session) else {
                throw ClientError(.badRequest, "\"session\" must be 1 to 64 of A-Z a-z 0-9 _ -", detail: "session")
            }
            revocation = .session(session, at: site)
        } else if let subject {
            guard let subject = Subject(rawValue: subject) ?? Subject(.verified, subject) else {
                throw ClientError(.badRequest, "\"subject\" must be a name", detail: "subject")
            }
            revocation = .subject(subject, at: site)
        } else {
            revocation = .token(tokenID ?? "")
        }
        guard (tokenID?.utf8.count ?? 0) <= 256 else {
            throw ClientError(.badRequest, "\"jti\" is at most 256 bytes", detail: "jti")
        }
        self.server.admission.desk.revocations.revoke(revocation)
        await self.note(
            AdminAct(
                "revoke",
                details: ["site": site?.rawValue, "jti": tokenID],
                names: ["session": session, "subject": subject]
            )
        )
        // What was answered holds after a crash, too.
        guard await self.server.admission.desk.flush() else {
            throw ClientError(
                .unavailable,
                "it holds until the server stops, since it can't be stored at the moment; send it again",
                retryAfterMilliseconds: 5_000
            )
        }
        return Response(status: .noContent)
    }

    /// Signs a token for `{"site","role","name?","expiresIn?"}`; `role` is `agent` or `service`.
    private func token(_ request: Request, _ context: ChatRequestContext) async throws -> Response {
        let reader = try ObjectReader(try await ChatRoutes.body(of: request, context))
        guard let site = try self.site(reader) else {
            throw ClientError(.badRequest, "\"site\" is missing", detail: "site")
        }
        let kind: Subject.Kind
        switch try reader.text("role") {
        case "agent": kind = .agent
        case "service": kind = .service
        default: throw ClientError(.badRequest, "\"role\" must be \"agent\" or \"service\"", detail: "role")
        }
        let name = try reader.text("name")
        var generator = SystemRandomNumberGenerator()
        let session = SessionID.random(using: &generator)
        guard name.map({ 1...Holder.nameBytes ~= $0.utf8.count }) ?? true,
            let subject = Subject(kind, name ?? session.rawValue)
        else { throw ClientError(.badRequest, "\"name\" must be 1 to \(Holder.nameBytes) bytes", detail: "name") }
        let holder = Holder(site: site, session: session, subject: subject, name: name)
        await self.note(
            AdminAct("token-issued", details: ["site": site.rawValue, "role": kind.rawValue, "name": name])
        )
        let (token, expiresIn) = self.server.admission.desk.issue(to: holder, lifeSeconds: Self.lifeSeconds)
        return .json(ServerFrame.token(token.text, expiresIn: expiresIn))
    }

    /// A working day.
    private static let lifeSeconds: Int64 = 12 * 3_600

    private func site(_ reader: ObjectReader) throws(ClientError) -> SiteID? {
        guard let name = try reader.text("site") else { return nil }
        guard let site = SiteID(name), self.server.admission.knows(site) else {
            throw ClientError(.badRequest, "there is no such \"site\"", detail: "site")
        }
        return site
    }
}
