import Hummingbird

/// What the people who run the server can ask it for over HTTP.
///
/// | request | does |
/// | --- | --- |
/// | `GET /api/admin/content` | says what the responders answer by |
/// | `POST /api/admin/reload` | reads their files anew, and says the same afterwards |
public struct AdminActions: Sendable {
    private let content: @Sendable () -> String
    private let reload: @Sendable () async throws -> String

    /// - Parameters:
    ///   - content: What is live, as a JSON object.
    ///   - reload: Reads all files anew; returns as `content` does afterwards.
    public init(
        content: @escaping @Sendable () -> String,
        reload: @escaping @Sendable () async throws -> String
    ) {
        self.content = content
        self.reload = reload
    }

    func add(to router: Router<ChatRequestContext>) {
        router.get("/api/admin/content") { _, _ in Response.json(Array(self.content().utf8)) }
        router.post("/api/admin/reload") { _, _ in Response.json(Array(try await self.reload().utf8)) }
    }
}
