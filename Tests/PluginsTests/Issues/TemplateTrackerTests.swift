import Diagnostics
import Messages
import Responders
import RespondersTesting
import Synchronization
import Testing
import Tracker

@testable import Plugins

@Suite("issues: a tracker by templates", .timeLimit(.minutes(2)))
struct TemplateTrackerTests {
    private static let settings = """
        tracker: http
        outbox: outbox.sqlite
        public_links: true
        timeout: 30s
        headers:
          Authorization: {env: TRACKER_AUTH, format: 'Bearer {}'}
        create:
          request: POST http://127.0.0.1:PORT/api/tickets
          headers: {X-Requested-With: claude-chat}
          body: {subject: '{title}', text: '{body}', tags: [chat, '{kind}'], external_id: '{key}', urgent: false, weight: 3}
          error_if: /error
          id: /ticket/id
          number: /ticket/number
          url: https://tracker.example/t/{number}
        find:
          request: GET http://127.0.0.1:PORT/api/tickets?external_id={key}
          id: /tickets/0/id
          number: /tickets/0/number
        status:
          request: GET http://127.0.0.1:PORT/api/tickets/{id}
          state: /ticket/state
          map: {new: open, solved: resolved}
        comment:
          request: POST http://127.0.0.1:PORT/api/tickets/{id}/notes
          body: {text: '{text}'}
        """

    private static let service = """
        tickets = {}
        def handle(request):
            path = urllib.parse.urlsplit(request.path)
            if request.command == "POST" and path.path == "/api/tickets":
                number = len(tickets) + 411
                tickets[request.json["external_id"]] = number
                request.answer(201, {"ticket": {"id": number + 9007199254740993, "number": number, "new": {}, "x": None}})
            elif path.query:
                key = urllib.parse.parse_qs(path.query)["external_id"][0]
                found = [{"id": tickets[key] + 9007199254740993, "number": tickets[key]}] if key in tickets else []
                request.answer(200, {"tickets": found})
            elif path.path.endswith("/notes"): request.answer(201)
            else: request.answer(200, {"ticket": {"state": "solved"}})
        """

    @Test("creates, finds, comments on and looks at an issue, with ids of any length")
    func work() async throws {
        try await TrackerStub.run(Self.service, Self.settings) { stub in
            let tracker = try stub.tracker
            #expect(tracker.features == [.search, .comments, .labels, .status])
            let ref = try await stub.create("Checkout", body: "> It is broken").get()
            #expect(ref.id == "9007199254741404" && ref.number == "411")
            #expect(ref.url == "https://tracker.example/t/411" && ref.tracker == "http")
            let found = try await tracker.find(key: DedupeKey("t1/0"))
            #expect(found == ref)
            #expect(try await tracker.find(key: DedupeKey("t2/0")) == nil)
            #expect(try await tracker.issue(ref) == IssueState(.resolved, word: "solved"))
            try await tracker.comment(ref, "> me too", key: DedupeKey("t3/0"))
            let requests = try stub.requests()
            let create = try #require(requests.first)
            #expect(create.method == "POST" && create.path == "/api/tickets")
            #expect(create.headers("authorization") == ["Bearer s3cret-token"])
            #expect(create.header("x-requested-with") == "claude-chat" && create.header("user-agent") == "claude-chat")
            #expect(create.header("content-type") == "application/json")
            #expect(create.json?["text"] == "> It is broken\n\nPage: /shop\n\nclaude-chat: t1/0")
            #expect(create.json?["tags"] == ["chat", "bug"] && create.json?["urgent"] == false)
            #expect(create.json?["weight"] == 3)
            #expect(
                requests.map(\.path).dropFirst() == [
                    "/api/tickets?external_id=t1%2F0", "/api/tickets?external_id=t2%2F0",
                    "/api/tickets/9007199254741404", "/api/tickets/9007199254741404/notes",
                ]
            )
            #expect(requests.last?.json == ["text": "> me too\n\nclaude-chat: t3/0"])
        }
    }

    static let hostile = [
        #"", "admin": true, "x": ""#, "a\r\nX-Evil: 1\r\n\r\nGET / HTTP/1.1", "{key}{title}{{x}}",
        "</script>\u{0}\u{1B}[2J",
        "ä 👩‍👩‍👧 مرحبا \u{202E}abc", "%00%0d%0a../../etc", "\\\" \\u0000 \u{2028}", "a=b&c=d",
        "@everyone #1 https://x.example",
    ]

    @Test("H2: no title adds a field, a header or a part of a path", arguments: hostile)
    func injection(title: String) async throws {
        try await TrackerStub.run(Self.service, Self.settings) { stub in
            _ = try await stub.create(title, body: title, key: "t/\(title.utf8.count)").get()
            let create = try #require(try stub.requests().first)
            let expected = try IssueDraft(title: title)
            #expect(create.json?["subject"] == .text(expected.title))
            guard case .object(let members)? = create.json else {
                Issue.record("the body is no object")
                return
            }
            #expect(members.map(\.key) == ["external_id", "subject", "tags", "text", "urgent", "weight"])
            #expect(
                Set(create.headers.map { $0[0].lowercased() }) == [
                    "host", "content-length", "authorization", "x-requested-with", "accept", "content-type",
                    "user-agent",
                ]
            )
        }
    }

    @Test("a key in a path or a header stays one part of it, and what no header takes is refused")
    func places() async throws {
        let settings = """
            tracker: http
            outbox: outbox.sqlite
            create:
              request: PUT http://127.0.0.1:PORT/t/{key}/x?title={title}&y=1
              headers: {Idempotency-Key: '{title}'}
              body: {subject: '{title}', tags: [a, '{kind}'], n: 3}
              encoding: form
              id: /id
            """
        let service = "def handle(request): request.answer(201, {'id': 7})"
        try await TrackerStub.run(service, settings) { stub in
            #expect(try await stub.create("a&b=c/../?#", key: "..").get().number == "7")
            let request = try #require(try stub.requests().first)
            #expect(request.method == "PUT" && request.path == "/t/%2E%2E/x?title=a%26b%3Dc%2F..%2F%3F%23&y=1")
            #expect(request.body == "n=3&subject=a%26b%3Dc%2F..%2F%3F%23&tags=a&tags=bug")
            #expect(request.header("content-type") == "application/x-www-form-urlencoded")
            #expect(request.header("idempotency-key") == "a&b=c/../?#")
            guard case .failure(let error) = await stub.create("ümlaut") else {
                Issue.record("it was sent")
                return
            }
            #expect(error.kind == .invalid && error.code.rawValue == "bad-header")
            #expect(try stub.requests().count == 1)
        }
    }

    @Test("says of each answer what follows from it, and never what it said")
    func answers() async throws {
        let service = """
            closed = threading.Event()
            def handle(request):
                title = request.json["subject"]
                ok = {"ticket": {"id": 1}}
                if title == "html": request.answer(200, b"<h1>Sign in, secret</h1>", "text/html")
                elif title == "noid": request.answer(200, {"ticket": {}})
                elif title == "listid": request.answer(200, {"ticket": {"id": [1]}})
                elif title == "longid": request.answer(200, {"ticket": {"id": "x" * 201}})
                elif title == "error": request.answer(200, {"error": {"code": 1}, "ticket": {"id": 1}})
                elif title == "redirect": request.answer(302, b"", Location="http://127.0.0.1:1/")
                elif title == "busy": request.answer(429, {}, Retry_After="7")
                elif title == "limit": request.answer(403, {}, X_RateLimit_Remaining="0")
                elif title == "down": request.answer(503, {}, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT")
                elif title == "endless":
                    request.send_response(200)
                    request.end_headers()
                    while True: request.wfile.write(b"x" * 65536)
                elif title == "cut":
                    request.send_response(201)
                    request.send_header("Content-Length", "100")
                    request.end_headers()
                    request.wfile.write(b"{")
                    request.close_connection = True
                elif title == "reset": request.connection.shutdown(2)
                elif title == "deep": request.answer(200, b"[" * 100000)
                elif title == "slow": time.sleep(20)
                elif title.isdigit(): request.answer(int(title), {"message": "secret"})
                else: request.answer(201, ok)
            """
        let expected = [
            "fine": "done 1", "html": "unknown bad-answer", "noid": "unknown bad-answer",
            "listid": "unknown bad-answer",
            "longid": "unknown bad-answer", "error": "invalid tracker-error", "redirect": "absent http-302",
            "busy": "busy http-429", "limit": "busy http-403", "down": "busy http-503",
            "endless": "unknown answer-too-long", "cut": "unknown no-answer", "reset": "unknown no-answer",
            "deep": "unknown bad-answer", "400": "invalid http-400",
            "401": "denied http-401",
            "403": "denied http-403", "404": "absent http-404", "409": "invalid http-409", "410": "invalid http-410",
            "413": "invalid http-413", "422": "invalid http-422", "500": "broken http-500", "502": "unknown http-502",
            "503": "broken http-503", "504": "unknown http-504", "206": "unknown http-206",
        ]
        let impatient = Self.settings.replacing("timeout: 30s", with: "timeout: 1s")
        try await TrackerStub.run(service, impatient) { stub in #expect(await stub.kind("slow") == "unknown timeout") }
        // A slow machine is no tracker that doesn't answer.
        try await TrackerStub.run(service, Self.settings) { stub in
            for (title, outcome) in expected.sorted(by: { $0.key < $1.key }) {
                #expect(await stub.kind(title) == outcome, "\(title)")
            }
            guard case .failure(let busy) = await stub.create("busy") else { return }
            #expect(busy.retryAfter == .seconds(7))
            guard case .failure(let html) = await stub.create("html") else { return }
            #expect(
                "\(html)"
                    == "http://127.0.0.1:\(stub.port)/api/tickets: the answer is no JSON, with status 200 [bad-answer]"
            )
        }
    }

    @Test("H11: nobody there, no TLS, and an address that isn't allowed are failures by name, and nobody is asked")
    func connection() async throws {
        let service = """
            def handle(request): request.answer(201, {"ticket": {"id": 1}})
            """
        try await TrackerStub.run(service, Self.settings.replacing(":PORT/api", with: ":1/api")) { stub in
            #expect(await stub.kind("x") == "broken no-connection")
        }
        let secure = Self.settings.replacing("http://127.0.0.1:PORT", with: "https://127.0.0.1:PORT")
        try await TrackerStub.run(service, secure + "\nallow: [127.0.0.1]") { stub in
            guard case .failure(let error) = await stub.create("x") else {
                Issue.record("plain text was taken for TLS")
                return
            }
            #expect(error.kind == .broken || error.kind == .unknown)
            let requests = try stub.requests()
            #expect(requests.isEmpty)
        }
        // A name that leads to this machine.
        let named = Self.settings.replacing("http://127.0.0.1:PORT", with: "https://localhost:PORT")
        try await TrackerStub.run(service, named) { stub in
            #expect(await stub.kind("x") == "broken private-target")
            let requests = try stub.requests()
            #expect(requests.isEmpty)
        }
        let rejection = #expect(throws: (any Error).self) {
            try TrackerStub.issues(
                secure.replacing("PORT", with: "443"),
                PluginServices(environment: ["TRACKER_AUTH": "x"])
            )
        }
        #expect(rejection.map { "\($0)" }?.contains("private-target") == true)
    }

    private static func turn(_ text: String) throws -> Turn {
        Turn(
            id: TurnID("t1"),
            message: Incoming(id: "m1", text: text),
            conversation: Conversation(sessionID: "s1"),
            page: Page(path: "/shop"),
            localTime: try #require(TimeOfDay("12:00"))
        )
    }

    @Test(
        "what a rule asks for is noted by our own name at once, is filed once, and is told with its number and its address"
    )
    func flow() async throws {
        try await TrackerStub.run(Self.service, Self.settings + "\nconfirm: true", isRun: true) { stub in
            let turn = try Self.turn("The checkout is broken")
            let action = Action(key: "t1/0", operation: "create", fields: [:])
            let shown = try await stub.issues.perform(action, in: turn)
            #expect(shown.reply?.choices.map(\.label) == ["Send", "Not now"] && shown.values.isEmpty)
            let press = try Self.turn("Send")
            var replies: [String] = []
            for _ in 0..<3 {
                guard case .reply(let reply, _, _, _) = try await stub.issues.respond(to: press) else { continue }
                replies.append(reply.text)
            }
            let first = try #require(replies.first)
            #expect(first.wholeMatch(of: /Noted as R-[2-9A-Z]{4}\. You will hear of it here\./) != nil, "\(first)")
            let reference = first.dropFirst(9).prefix(6)
            var notices: [Notice] = []
            while notices.isEmpty { notices = try await stub.issues.notices() }
            #expect(
                notices.map(\.text) == ["Your report \(reference) is filed as #411.\nhttps://tracker.example/t/411"]
            )
            #expect(notices.first?.id.wholeMatch(of: /issue-[0-9a-f]{32}/) != nil)
            try await stub.issues.delivered(try #require(notices.first))
            #expect(try await stub.issues.notices().isEmpty)
            #expect(try stub.requests().count(where: { $0.method == "POST" }) == 1)
            let again = try await stub.issues.perform(action, in: turn)
            #expect(again.values["number"] == "411" && again.values["reference"] == String(reference))
            let standing = try await stub.issues.perform(
                Action(key: "t2/0", operation: "status", fields: [:]),
                in: turn
            )
            #expect(standing.values["reference"] == String(reference) && standing.values["state"] == "open")
            // Minutes later somebody looks how it stands.
            while notices.count < 2 {
                stub.time.advance(by: .seconds(1))
                notices += try await stub.issues.notices()
            }
            #expect(notices.last?.text == "Your report \(reference) is now: resolved.")
            try await stub.issues.delivered(try #require(notices.last))
            await stub.issues.count("http")
            #expect(stub.issues.outbox?.waiting == 0 && stub.issues.outbox?.stuck == 0)
        }
    }

    @Test("a report that the tracker refuses is told to those who run the server, without a word of the visitor's")
    func stuck() async throws {
        let service = "def handle(request): request.answer(422, {'message': request.json['subject']})"
        try await TrackerStub.run(service, Self.settings + "\nconfirm: false", isRun: true) { stub in
            let turn = try Self.turn("very private words")
            let noted = try await stub.issues.perform(Action(key: "t1/0", operation: "create", fields: [:]), in: turn)
            let reference = try #require(noted.values["reference"])
            #expect(noted.values["number"] == nil)
            let incident = await stub.incidents.first(with: "Report is stuck in the outbox")
            #expect(incident.details["issue.reference"] == reference)
            #expect(!"\(incident)".contains("private words"))
        }
    }

    @Test("a pointer leads to what stands there, whatever the names are")
    func pointers() throws {
        let json = #"{"a/b":{"m~n":[1,{"\u0301x":"y"}]},"":2,"~1":3,"z":null}"#
        let document = try #require(TrackerDocument(json: Array(json.utf8)))
        let expected: [(String, String?)] = [
            ("/a~1b/m~0n/0", "1"), ("/a~1b/m~0n/1/\u{301}x", "y"), ("/", "2"), ("/~01", "3"), ("/z", nil), ("/a", nil),
            ("/a~1b/m~0n/2", nil), ("/a~1b/m~0n/-1", nil), ("/a~1b/m~0n/x", nil), ("//", nil), ("", nil),
        ]
        for (written, text) in expected {
            #expect(document[try #require(DocumentPointer(written))]?.text == text, "\(written)")
        }
        #expect(DocumentPointer("a") == nil)
    }

    @Test("shows what would be sent for a sample, its secrets as ***")
    func preview() throws {
        let yaml = Self.settings.replacing("PORT", with: "9")
        let issues = try TrackerStub.issues(yaml, PluginServices(environment: ["TRACKER_AUTH": "s3cret-token"]))
        let shown = try issues.requestPreview()
        #expect(shown.map(\.0) == ["create", "find", "status", "comment"])
        let expected = #"""
            POST http://127.0.0.1:9/api/tickets
            Authorization: Bearer ***
            X-Requested-With: claude-chat
            Content-Type: application/json

            {"external_id":"t_sample/0","subject":"The checkout is broken","tags":["chat","bug"],"text":"> The checkout is broken, error 502.\n\nPage: /shop/cart\n\nclaude-chat: t_sample/0","urgent":false,"weight":3}
            """#
        #expect(shown.first?.1 == expected)
        #expect(!shown.map(\.1).joined().contains("s3cret"))
    }

    @Test(
        "says what is wrong with its settings",
        arguments: [
            ("create: {request: POST https://x.example/}", "issues.create: nothing says where the id of an issue is"),
            ("status: {request: GET https://x.example/}", "issues.tracker: the tracker has no request to create with"),
            (
                "create: {request: 'https://x.example/', id: /id}",
                "issues.create.request: this is no request; write a method"
            ),
            (
                "create: {request: 'POST https://{title}.example/', id: /id}",
                "issues.create.request: the host has a placeholder; write the host as it is [bad-request]"
            ),
            (
                "create: {request: 'POST https://x.example/{titel}', id: /id}",
                "issues.create.request: there is nothing called \"{titel}\"; did you mean \"title\"? [unknown-placeholder]"
            ),
            (
                "create: {request: POST http://x.example/, id: /id}",
                "issues.create.request: visitors' texts would travel in plain"
            ),
            (
                "create: {request: POST https://x.example/, id: id}",
                "issues.create.id: \"id\" leads nowhere; write /ticket/id"
            ),
            (
                "create: {request: POST https://x.example/, id: /id, body: {a: '{'}}",
                "issues.create.body.a: a brace without the other one"
            ),
            (
                "create: {request: POST https://x.example/, id: /id, headers: {Host: x}}",
                "issues.create.headers.Host: \"Host\" is the server's own; leave it out [bad-header]"
            ),
            (
                "create: {request: POST https://x.example/, id: /id, headers: {A: {env: NOPE}}}",
                "issues.create.headers.A: the environment has no NOPE; set it before the server starts [missing-secret]"
            ),
            (
                "create: {request: POST https://x.example/, id: /id}\ntimeout: 60s",
                "issues.timeout: a call takes 100ms to 30s"
            ),
            (
                "create: {request: POST https://x.example/, id: /id}\ninstance: 'A B'",
                "issues.instance: \"A B\" is no name; "
            ),
        ]
    )
    func settings(yaml: String, problem: String) {
        let rejection = #expect(throws: Rejection.self) {
            try TrackerStub.issues("tracker: http\n\(yaml)", PluginServices(environment: [:]))
        }
        let first = rejection?.diagnostics.first?.description ?? ""
        #expect(first.contains(problem), "\(first)")
    }
}
