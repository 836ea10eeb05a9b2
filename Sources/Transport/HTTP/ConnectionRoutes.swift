import Access
import Hub
import Hummingbird
import Messages
import NIOCore

/// What is known of a connection: nothing that somebody wrote, and no token.
struct ConnectionReport: Sendable, Encodable {
    var id: String
    var transport: String
    var site: String
    var session: String
    /// Nothing where no token was shown.
    var role: String?
    /// Where the visitor was when it was opened.
    var page: String?
    /// Bytes that wait for the client.
    var queuedBytes: Int?
    /// For how many seconds its token is good.
    var expiresIn: Int?
}

/// `/api/admin/connections`: who is connected.
struct ConnectionRoutes: Sendable {
    private let server: ChatChannel.Shared
    private let note: @Sendable (AdminAct) async -> Void

    /// How many connections one answer lists.
    static let largestPage = 1_000

    init(_ server: ChatChannel.Shared, note: @escaping @Sendable (AdminAct) async -> Void) {
        self.server = server
        self.note = note
    }

    func add(to group: RouterGroup<ChatRequestContext>) {
        group.get("connections") { request, _ in try await self.list(request) }
        group.get("connections/{id}") { _, context in
            try Response.json(encoding: await self.report(context.parameters.require("id")))
        }
        group.post("connections/{id}/disconnect") { _, context in
            let id = try context.parameters.require("id")
            guard try await self.server.disconnect(id) else { throw Self.unknown }
            await self.note(AdminAct("disconnect", details: ["connection": id]))
            return Response(status: .noContent)
        }
    }

    private struct Page: Encodable {
        var count: Int
        var connections: [ConnectionReport]
    }

    private func list(_ request: Request) async throws -> Response {
        let query = try ChatRoutes.query(of: request)
        guard let limit = Int(query["limit"] ?? "100"), 1...Self.largestPage ~= limit else {
            throw ClientError(.badRequest, "\"limit\" must be 1 to \(Self.largestPage)", detail: "limit")
        }
        let all = try await self.server.connectionReports().filter { report in
            (query["session"] ?? report.session) == report.session && (query["site"] ?? report.site) == report.site
        }
        return try .json(encoding: Page(count: all.count, connections: Array(all.prefix(limit))))
    }

    private func report(_ id: String) async throws -> ConnectionReport {
        guard let report = try await self.server.connectionReports().first(where: { $0.id == id }) else {
            throw Self.unknown
        }
        return report
    }

    private static let unknown = ClientError(.badRequest, "there is no such connection", detail: "path")
}

extension ChatChannel.Shared {
    /// All connections, WebSockets first, the oldest first.
    func connectionReports() async throws -> [ConnectionReport] {
        var reports: [ConnectionReport] = []
        for context in self.loopContexts {
            reports += try await context.loop.submit { context.connections.compactMap(\.report) }.get()
        }
        for link in self.requests.links {
            let transport = link is EventStreamLink ? "sse" : "poll"
            reports.append(
                ConnectionReport(
                    id: link.name,
                    transport: transport,
                    site: link.room.key.site.rawValue,
                    session: link.room.key.session.rawValue,
                    role: link.grant?.role.rawValue,
                    expiresIn: link.grant.map { self.admission.desk.secondsLeft(of: $0) }
                )
            )
        }
        return reports
    }

    /// Ends a connection; its client may come back.
    ///
    /// - Returns: Whether there was one of that name.
    func disconnect(_ id: String) async throws -> Bool {
        if let link = self.requests.links.first(where: { $0.name == id }) {
            link.end(.gone)
            return true
        }
        for context in self.loopContexts {
            let found = try await context.loop.submit {
                guard let connection = context.connections.first(where: { $0.name == id }) else { return false }
                connection.startClosing(.goingAway, reason: "disconnected; afterMs=1000")
                return true
            }.get()
            if found { return true }
        }
        return false
    }

    /// How many WebSockets there are, and how many bytes wait for them.
    func sockets() async throws -> (count: Int, queuedBytes: Int) {
        var sum = (count: 0, queuedBytes: 0)
        for context in self.loopContexts {
            let part = try await context.loop.submit {
                (context.connections.count, context.connections.reduce(0) { $0 + $1.queuedBytes })
            }.get()
            sum = (sum.count + part.0, sum.queuedBytes + part.1)
        }
        return sum
    }
}
