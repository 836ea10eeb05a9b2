import Diagnostics
import Messages
import Responders
import RespondersTesting
import Testing
import Tracker

@testable import Plugins

@Suite("issues: trackers in their dialects", .timeLimit(.minutes(2)))
struct DialectTests {
    /// A tracker on loopback, what it is configured with, and what it must be asked.
    struct Kind: Sendable, CustomTestStringConvertible {
        var name: String
        var settings: String
        /// Of the tracker, which keeps what is created in `issues`, the newest first.
        var service: String
        var create: String
        var url: String?
        /// The word that the tracker has for an issue that is done, and what that means.
        var done: IssueState
        var secret: (header: String, value: String)
        var commented: String
        var testDescription: String { self.name }
    }

    private static func settings(_ name: String, _ project: String, _ more: String = "", path: String = "") -> String {
        """
        tracker: \(name)
        outbox: outbox.sqlite
        url: http://127.0.0.1:PORT\(path)
        project: \(project)
        token: {env: TRACKER_AUTH}
        public_issues: true
        \(more)
        """
    }

    static let kinds: [Kind] = [
        Kind(
            name: "github",
            settings: settings("github", "acme/shop", "fields: {assignees: [ann]}"),
            service: """
                issues = []
                def handle(request):
                    path = urllib.parse.urlsplit(request.path).path
                    if request.command == "POST" and path == "/repos/acme/shop/issues":
                        number = len(issues) + 412
                        issues.insert(0, {**request.json, "number": number, "state": "open", "state_reason": None,
                                          "html_url": f"https://github.example/acme/shop/issues/{number}"})
                        request.answer(201, issues[0])
                    elif path == "/repos/acme/shop/issues":
                        request.answer(200, [{"number": 1, "body": issues[0]["body"], "pull_request": {}}, *issues])
                    elif path == "/search/issues":
                        request.answer(200, {"total_count": len(issues), "items": issues})
                    elif path.endswith("/comments"): request.answer(201, {"id": 1})
                    else: request.answer(200, {**issues[0], "state": "closed", "state_reason": "completed"})
                """,
            create:
                #"{"title":"Checkout","body":"> It is broken\n\nPage: /shop\n\n<!-- claude-chat: t1/0 -->","labels":["chat"],"assignees":["ann"]}"#,
            url: "https://github.example/acme/shop/issues/412",
            done: IssueState(.resolved, word: "completed"),
            secret: ("Authorization", "Bearer s3cret-token"),
            commented: "POST /repos/acme/shop/issues/412/comments"
        ),
        Kind(
            name: "gitlab",
            settings: settings("gitlab", "acme/shop", "fields: {confidential: true}", path: "/api/v4"),
            service: """
                issues = []
                def handle(request):
                    path = urllib.parse.urlsplit(request.path).path
                    if request.command == "POST" and path == "/api/v4/projects/acme%2Fshop/issues":
                        issues.insert(0, {**request.json, "id": 90001, "iid": len(issues) + 412, "state": "opened",
                                          "confidential": False,
                                          "web_url": "https://gitlab.example/acme/shop/-/issues/412"})
                        request.answer(201, issues[0])
                    elif path == "/api/v4/projects/acme%2Fshop/issues": request.answer(200, issues)
                    elif path.endswith("/notes"): request.answer(201, {"id": 1})
                    else: request.answer(200, {**issues[0], "state": "closed"})
                """,
            create:
                #"{"title":"Checkout","description":"> It is broken\n\nPage: /shop\n\n<!-- claude-chat: t1/0 -->","labels":"chat","confidential":true}"#,
            url: "https://gitlab.example/acme/shop/-/issues/412",
            done: IssueState(.closed, word: "closed"),
            secret: ("PRIVATE-TOKEN", "s3cret-token"),
            commented: "POST /api/v4/projects/acme%2Fshop/issues/412/notes"
        ),
        Kind(
            name: "jira",
            settings: settings("jira", "SHOP", "user: chat@example.com\nfields: {issuetype: {name: Task}}"),
            service: """
                issues = []
                def handle(request):
                    path = urllib.parse.urlsplit(request.path).path
                    if request.command == "POST" and path == "/rest/api/3/issue":
                        issues.insert(0, {"id": "10001", "key": "SHOP-412", "fields": {
                            **request.json["fields"], "status": {"name": "To Do", "statusCategory": {"key": "new"}}}})
                        request.answer(201, {"id": "10001", "key": "SHOP-412", "self": "x"})
                    elif path == "/rest/api/3/search/jql":
                        jql = urllib.parse.parse_qs(urllib.parse.urlsplit(request.path).query)["jql"][0]
                        found = [issue for issue in issues if "labels" not in jql or issue["fields"]["labels"][-1] in jql]
                        request.answer(200, {"issues": found, "isLast": True})
                    elif path.endswith("/comment"): request.answer(201, {"id": "1"})
                    else: request.answer(200, {"key": "SHOP-412", "fields": {
                        "status": {"name": "Fertig", "statusCategory": {"key": "done"}}}})
                """,
            create:
                #"{"fields":{"project":{"key":"SHOP"},"summary":"Checkout","description":{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"> It is broken"}]},{"type":"paragraph","content":[]},{"type":"paragraph","content":[{"type":"text","text":"Page: /shop"}]},{"type":"paragraph","content":[]},{"type":"paragraph","content":[{"type":"text","text":"claude-chat: t1/0"}]}]},"labels":["chat","LABEL"],"issuetype":{"name":"Task"}}}"#,
            url: "http://127.0.0.1:PORT/browse/SHOP-412",
            done: IssueState(.resolved, word: "Fertig"),
            secret: ("Authorization", "Basic Y2hhdEBleGFtcGxlLmNvbTpzM2NyZXQtdG9rZW4="),
            commented: "POST /rest/api/3/issue/SHOP-412/comment"
        ),
        Kind(
            name: "redmine",
            settings: settings("redmine", "shop", "fields: {tracker_id: 1}", path: "/redmine"),
            service: """
                issues = []
                def handle(request):
                    path = urllib.parse.urlsplit(request.path).path
                    if request.command == "POST" and path == "/redmine/issues.json":
                        issues.insert(0, {**request.json["issue"], "id": len(issues) + 412})
                        request.answer(201, {"issue": issues[0]})
                    elif path == "/redmine/issues.json":
                        request.answer(200, {"issues": issues, "total_count": len(issues), "offset": 0, "limit": 100})
                    elif request.command == "PUT":
                        request.send_response(204)
                        request.end_headers()
                    else: request.answer(200, {"issue": {"id": 412, "status": {"id": 5, "name": "Erledigt", "is_closed": True}}})
                """,
            create:
                #"{"issue":{"project_id":"shop","subject":"Checkout","description":"> It is broken\n\nPage: /shop\n\nclaude-chat: t1/0","tracker_id":1}}"#,
            url: "http://127.0.0.1:PORT/redmine/issues/412",
            done: IssueState(.closed, word: "Erledigt"),
            secret: ("X-Redmine-API-Key", "s3cret-token"),
            commented: "PUT /redmine/issues/412.json"
        ),
    ]

    @Test("creates, finds by its key, looks at, comments on and offers an issue", arguments: kinds)
    func work(kind: Kind) async throws {
        try await TrackerStub.run(kind.service, kind.settings) { stub in
            let tracker = try stub.tracker
            let ref = try await stub.create("Checkout", body: "> It is broken").get()
            let create = try #require(try stub.requests().first)
            let label = Jira.label(DedupeKey("t1/0"))
            #expect(create.body == kind.create.replacing("LABEL", with: label))
            #expect(create.headers(kind.secret.header) == [kind.secret.value])
            #expect(create.header("user-agent") == "claude-chat")
            #expect(ref.url == kind.url?.replacing("PORT", with: "\(stub.port)"))
            _ = try await stub.create("Other", key: "t1/01").get()
            let found = try await tracker.find(key: DedupeKey("t1/0"))
            #expect(found?.number == ref.number)
            #expect(try await tracker.find(key: DedupeKey("t1")) == nil)
            #expect(try await tracker.issue(ref) == kind.done)
            try await tracker.comment(ref, "> me too", key: DedupeKey("t2/0"))
            let comment = try #require(try stub.requests().last)
            #expect("\(comment.method) \(comment.path)" == kind.commented)
            #expect(comment.body.contains("me too") && comment.body.contains("claude-chat: t2"))
            let draft = try IssueDraft(title: "The checkout is broken")
            let similar = try await tracker.similar(to: draft, limit: 3)
            let first = try #require(similar.first)
            #expect(first.title == "Checkout" && first.isPublic && first.score > 0.4)
            for shown in try stub.issues.requestPreview() { #expect(!shown.1.contains("s3cret")) }
        }
    }

    @Test("errors of each are what the common table says", arguments: kinds)
    func errors(kind: Kind) async throws {
        let service = """
            def handle(request):
                status = int([word for word in request.body.decode().split('"') if word.isdigit()][0])
                request.answer(status, {"message": "secret", "errors": {}})
            """
        try await TrackerStub.run(service, kind.settings) { stub in
            let expected = [
                ("401", "denied http-401"), ("404", "absent http-404"), ("410", "invalid http-410"),
                ("422", "invalid http-422"), ("429", "busy http-429"), ("500", "broken http-500"),
                ("504", "unknown http-504"), ("201", "unknown bad-answer"), ("200", "unknown http-200"),
            ]
            for (title, outcome) in expected { #expect(await stub.kind(title) == outcome) }
        }
    }

    @Test(
        "issues aren't offered where the configuration doesn't call them public, and aren't even looked for",
        arguments: kinds
    )
    func notPublic(kind: Kind) async throws {
        let settings = kind.settings.replacing("public_issues: true", with: "public_issues: false")
        try await TrackerStub.run(kind.service, settings) { stub in
            _ = try await stub.create("Checkout").get()
            let draft = try IssueDraft(title: "Checkout")
            #expect(try await stub.tracker.similar(to: draft, limit: 3).isEmpty)
            #expect(try stub.requests().count == 1)
        }
    }

    @Test("H2: words of visitors are words for a search, and paragraphs for Jira")
    func operators() throws {
        let settings = DialectSettings(project: "S\"HOP", user: "u", token: "t", fields: [])
        let words = IssueLikeness.searchWords("x\" OR project = Y) -foo is:closed repo:other/x * ~ broken")
        let jira = try #require(Jira(settings, site: "https://x.example").search(words))
        #expect(
            jira.query.first?.1.hasPrefix("project = \"S\\\"HOP\" AND statusCategory != Done AND (summary ~ \"") == true
        )
        #expect(jira.query.first?.1.contains("Y)") == false)
        let repository = DialectSettings(project: "acme/shop", user: nil, token: "t", fields: [])
        let dialect = try #require(GitHub(repository))
        let github = try #require(dialect.search(words))
        #expect(github.query.first?.1.hasSuffix(" repo:acme/shop is:issue state:open in:title") == true)
        #expect(github.query.first?.1.filter { $0 == ":" }.count == 4)
        let text = "a\n\n\"b\" {code} [x|y]"
        let expected =
            #"{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"a"}]},{"type":"paragraph","content":[]},{"type":"paragraph","content":[{"type":"text","text":"\"b\" {code} [x|y]"}]}]}"#
        #expect(String(decoding: Jira.document(text).bytes, as: UTF8.self) == expected)
    }

    @Test("OTRS says no with status 200, and has an article for each text")
    func otrs() async throws {
        let service = """
            def handle(request):
                title = (request.json or {}).get("Ticket", {}).get("Title", "")
                if title in ("AuthFail", "MissingParameter", "Other"):
                    request.answer(200, {"Error": {"ErrorCode": f"TicketCreate.{title}", "ErrorMessage": "secret"}})
                elif request.command == "GET":
                    request.answer(200, {"Ticket": [{"State": "closed successful", "StateType": "closed"}]})
                else: request.answer(200, {"TicketID": "7", "TicketNumber": "2026113010000412", "ArticleID": "9"})
            """
        let path = "/otrs/nph-genericinterface.pl/Webservice/Chat"
        let settings = Self.settings("otrs", "Raw", "user: agent\nfields: {CustomerUser: visitor}", path: path)
        try await TrackerStub.run(service, settings) { stub in
            let ref = try await stub.create("Checkout", body: "> x").get()
            #expect(ref.id == "7" && ref.number == "2026113010000412")
            let create = try #require(try stub.requests().first)
            #expect(create.path == "\(path)/Ticket")
            let expected =
                #"{"UserLogin":"agent","Password":"s3cret-token","Ticket":{"Title":"Checkout","Queue":"Raw","State":"new","Priority":"3 normal","CustomerUser":"visitor"},"Article":{"Subject":"Checkout","Body":"> x\n\nPage: /shop\n\nclaude-chat: t1/0","ContentType":"text/plain; charset=utf8"}}"#
            #expect(create.body == expected)
            for shown in try stub.issues.requestPreview() {
                #expect(!shown.1.contains("s3cret") && shown.1.contains("***"), "\(shown.0)")
            }
            #expect(await stub.kind("AuthFail") == "denied otrs-denied")
            #expect(await stub.kind("MissingParameter") == "invalid otrs-invalid")
            #expect(await stub.kind("Other") == "broken otrs-error")
            let tracker = try stub.tracker
            #expect(try await tracker.issue(ref) == IssueState(.closed, word: "closed successful"))
            try await tracker.comment(ref, "me too", key: DedupeKey("k"))
            #expect(try stub.requests().last?.method == "PATCH" && tracker.features == [.comments, .status])
        }
    }

    @Test(
        "says what is wrong with its settings",
        arguments: [
            (
                "tracker: github\ntoken: {env: T}",
                "issues.tracker: \"github\" needs \"project\", which is missing; write project: …"
            ),
            (
                "tracker: github\nproject: shop\ntoken: {env: T}",
                "issues.project: \"shop\" is no repository; write OWNER/REPOSITORY"
            ),
            (
                "tracker: gitlab\nproject: shop\ntoken: {env: T}",
                "issues.tracker: \"gitlab\" needs \"url\", which is missing"
            ),
            ("tracker: jira\nproject: S\nurl: https://x.example\ntoken: {env: T}", "\"jira\" needs \"user\""),
            (
                "tracker: redmine\nproject: shop\nurl: https://x.example",
                "\"redmine\" needs \"token\", which is missing"
            ),
            (
                "tracker: github\nproject: a/b\ntoken: {env: B}",
                "issues.token: the token has a blank, or is not ASCII [bad-token]"
            ),
            (
                "tracker: github\nproject: a/b\ntoken: abc",
                "issues.token: a secret stands in the file; write {env: NAME}"
            ),
        ]
    )
    func settings(yaml: String, problem: String) {
        let rejection = #expect(throws: Rejection.self) {
            try TrackerStub.issues(yaml, PluginServices(environment: ["T": "token", "B": "a b"]))
        }
        let first = rejection?.diagnostics.first?.description ?? ""
        #expect(first.contains(problem), "\(first)")
    }
}
