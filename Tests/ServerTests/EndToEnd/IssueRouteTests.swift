import Access
import Foundation
import Messages
import Responders
import RespondersTesting
import Testing
import Tracker
import Transport

@testable import Server

@Suite("issues over the API of those who run the server", .timeLimit(.minutes(2)))
struct IssueRouteTests {
    private static let secret = String(repeating: "a", count: 32)
    private static let authorization = ["Authorization: Bearer \(Self.secret)"]

    private static func run(
        _ body: @escaping @Sendable (RunningServer, EmbeddedTracker) async throws -> Void
    ) async throws {
        let folder = try ScratchFolder()
        let tracker = EmbeddedTracker(
            try IssueFile.open("\(folder.path)/issues.sqlite") { Timestamp(milliseconds: 1_800_000_000_000) }
        )
        for (index, title) in ["Checkout fails", "Login is slow"].enumerated() {
            let draft = try IssueDraft(title: title, body: "text \(index)", session: SessionID("s"))
            _ = try await tracker.create(draft, key: DedupeKey("k\(index)"))
        }
        let chain = Chain(name: "test", entries: [Chain.Entry(Greeter(), name: "greeter", stage: .answer)])
        try await RunningServer.run(
            chain: chain,
            reloader: ContentReloader([chain], clocks: SystemClocks(), logger: LogRecord().logger),
            adminToken: AdminToken(Self.secret),
            issues: IssueDesk(trackers: { [tracker] })
        ) { server in try await body(server, tracker) }
    }

    private struct Page: Decodable {
        struct Issue: Decodable {
            var number: Int
            var title: String
            var state: String
        }
        var issues: [Issue]
        var next: Int?
    }

    private static func list(_ query: String, _ server: RunningServer) async throws -> Page {
        let answer = try await TestRequest.get("/api/admin/issues\(query)", Self.authorization).send(port: server.port)
        #expect(answer.status == 200, "\(query) \(answer.text)")
        return try JSONDecoder().decode(Page.self, from: Data(answer.body))
    }

    @Test("issues are listed with filter and pages, shown, changed and commented")
    func work() async throws {
        try await Self.run { server, tracker in
            #expect(try await Self.list("", server).issues.map(\.number) == [2, 1])
            let page = try await Self.list("?limit=1", server)
            #expect(page.issues.map(\.number) == [2])
            #expect(try await Self.list("?limit=1&before=\(page.next ?? 0)", server).issues.map(\.number) == [1])
            #expect(try await Self.list("?q=checkout", server).issues.map(\.title) == ["Checkout fails"])
            let set = try await TestRequest.patch(
                "/api/admin/issues/1",
                #"{"state":"in_progress","public":true}"#,
                Self.authorization
            ).send(port: server.port)
            #expect(set.status == 200 && set.json["state"] == .text("in_progress"), "\(set.text)")
            #expect(try await Self.list("?state=open,closed", server).issues.map(\.number) == [2])
            let comment = try await TestRequest.post(
                "/api/admin/issues/1/comments",
                #"{"text":"Fixed \u0000 soon","public":true}"#,
                Self.authorization
            ).send(port: server.port)
            #expect(comment.status == 200, "\(comment.text)")
            let issue = try #require(try await tracker.issue(1, of: .default))
            #expect(issue.phase == .inProgress && issue.isPublic)
            let events = try await tracker.events(of: issue)
            #expect(events.last?.text == "Fixed  soon" && events.last?.isPublic == true)
            #expect(events.last?.author == "operator:api")
            let shown = try await TestRequest.get("/api/admin/issues/1", Self.authorization).send(port: server.port)
            #expect(shown.text.contains(#""body":"text 0""#) && shown.text.contains(#""events":["#))
        }
    }

    /// What doesn't belong here, and what it is answered with.
    struct Hostile: Sendable, CustomTestStringConvertible {
        var request: TestRequest
        var status: Int
        var testDescription: String { "\(self.request.method) \(self.request.target.prefix(60)) \(self.status)" }

        init(_ method: String, _ target: String, _ body: String, _ status: Int) {
            self.request = .post(target, body)
            self.request.method = method
            self.status = status
        }

        init(_ target: String, _ status: Int) {
            self.request = .get(target)
            self.status = status
        }
    }

    private static let path = "/api/admin/issues"

    static let misfits: [Hostile] = [
        Hostile("PATCH", "\(path)/1", "{", 400), Hostile("PATCH", "\(path)/1", "[]", 400),
        Hostile("PATCH", "\(path)/1", "{}", 400), Hostile("PATCH", "\(path)/1", #"{"state":1}"#, 400),
        Hostile("PATCH", "\(path)/1", #"{"state":"solved"}"#, 400),
        Hostile("PATCH", "\(path)/1", #"{"public":"yes"}"#, 400),
        Hostile("PATCH", "\(path)/99", #"{"state":"closed"}"#, 404),
        Hostile("PATCH", "\(path)/0", #"{"state":"closed"}"#, 404),
        Hostile("PATCH", "\(path)/-1", #"{"state":"closed"}"#, 404),
        Hostile("PATCH", "\(path)/1%20OR%201", #"{"state":"closed"}"#, 404),
        Hostile("PATCH", "\(path)/99999999999999999999", #"{"state":"closed"}"#, 404),
        Hostile("PATCH", "\(path)/1?site=..", #"{"state":"closed"}"#, 400),
        Hostile("PATCH", "\(path)/1?site=shop", #"{"state":"closed"}"#, 404),
        Hostile("DELETE", "\(path)/1", "{}", 404), Hostile("PUT", "\(path)/1", "{}", 404),
        Hostile("POST", "\(path)", #"{"title":"x"}"#, 404),
        Hostile("POST", "\(path)/1/comments", #"{"text":""}"#, 400), Hostile("POST", "\(path)/1/comments", "{}", 400),
        Hostile("POST", "\(path)/1/comments", #"{"text":"\#(String(repeating: "x", count: 16_385))"}"#, 400),
        Hostile("POST", "\(path)/1/comments", #"{"text":"\#(String(repeating: "x", count: 100_000))"}"#, 413),
        Hostile("POST", "\(path)/1/comments", #"{"text":" \n "}"#, 400),
        Hostile("\(path)?limit=0", 400), Hostile("\(path)?limit=1001", 400),
        Hostile("\(path)?before=x", 400), Hostile("\(path)?state=", 400),
        Hostile("\(path)?state=open,x", 400), Hostile("\(path)?site=", 400),
        Hostile("\(path)?q=\(String(repeating: "a", count: 1_001))", 400), Hostile("\(path)/x", 404),
    ]

    @Test("what doesn't belong here is refused by name and changes nothing", arguments: misfits)
    func refuse(hostile: Hostile) async throws {
        try await Self.run { server, tracker in
            var request = hostile.request
            request.headers += Self.authorization
            let answer = try await request.send(port: server.port)
            #expect(answer.status == hostile.status, "\(answer.text)")
            #expect(!answer.text.contains("sqlite") && !answer.text.contains("/tmp"))
            let issue = try #require(try await tracker.issue(1, of: .default))
            #expect(issue.phase == .open && !issue.isPublic)
            #expect(try await tracker.events(of: issue).count == 1)
        }
    }

    @Test("without the token nothing is shown and nothing is changed")
    func noToken() async throws {
        try await Self.run { server, tracker in
            for request in [
                TestRequest.get(Self.path), .get("\(Self.path)/1"), .patch("\(Self.path)/1", #"{"state":"closed"}"#),
                .post("\(Self.path)/1/comments", #"{"text":"x"}"#),
                .get(Self.path, ["Authorization: Bearer \(String(repeating: "b", count: 32))"]),
            ] {
                let answer = try await request.send(port: server.port)
                #expect(answer.status == 401)
                #expect(!answer.text.contains("Checkout"))
            }
            #expect(try await tracker.issue(1, of: .default)?.phase == .open)
        }
    }

    @Test(
        "operators of SQL and FTS5 in a search are words",
        arguments: [
            "%22", "a%22%20OR%20%22", "title:Checkout", "Check*", "Checkout%20OR%20Login", "%27%3B--", "(", "%5E",
            "NEAR(a%20b)",
        ]
    )
    func operators(words: String) async throws {
        try await Self.run { server, _ in
            let page = try await Self.list("?q=\(words)", server)
            #expect(page.issues.isEmpty)
        }
    }
}
