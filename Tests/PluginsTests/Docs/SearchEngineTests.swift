import Diagnostics
import Documents
import Foundation
import Messages
import Responders
import RespondersTesting
import Testing

@testable import Plugins

@Suite("docs: search engines on other machines", .timeLimit(.minutes(2)))
struct SearchEngineTests {
    /// A search engine on loopback, how it is configured, and what it must be asked.
    struct Kind: Sendable, CustomTestStringConvertible {
        var name: String
        var settings: String
        var path: String
        var body: String
        var secret: String
        /// What it answers, where `ITEMS` are hits, and a hit of it.
        var answer: String
        var hit: String
        var url: String
        var testDescription: String { self.name }

        func answer(_ hits: Int = 1) -> String {
            self.answer.replacing("ITEMS", with: Array(repeating: self.hit, count: hits).joined(separator: ","))
        }
    }

    /// What visitors could be hurt by, and what must survive.
    private static let passage =
        #"Send <span class=\"searchmatch\">goods</span> back &amp; wait <img src=x onerror=alert(1)>&lt;b&gt; ü 👩‍👩‍👧 {title}"#

    static let kinds: [Kind] = [
        Kind(
            name: "mediawiki",
            settings:
                "type: mediawiki, url: 'http://127.0.0.1:PORT/w/api.php', link: 'https://wiki.example/?curid={id}'",
            path:
                "/w/api.php?action=query&list=search&srsearch=return%20goods&srlimit=3&srprop=snippet&format=json&formatversion=2",
            body: "",
            secret: "Bearer s3cret",
            answer: #"{"batchcomplete":true,"new":1,"query":{"searchinfo":{"totalhits":1},"search":[ITEMS]}}"#,
            hit: #"{"ns":0,"title":"Return <goods>","pageid":7,"snippet":"\#(passage)"}"#,
            url: "https://wiki.example/?curid=7"
        ),
        Kind(
            name: "mediawiki-rest",
            settings:
                "type: mediawiki, url: 'http://127.0.0.1:PORT/w/rest.php', link: 'https://wiki.example/wiki/{key}'",
            path: "/w/rest.php/v1/search/page?q=return%20goods&limit=3",
            body: "",
            secret: "Bearer s3cret",
            answer: #"{"pages":[ITEMS]}"#,
            hit:
                #"{"id":7,"key":"Return_/../goods","title":"Return <goods>","excerpt":"\#(passage)","thumbnail":null}"#,
            url: "https://wiki.example/wiki/Return_%2F..%2Fgoods"
        ),
        Kind(
            name: "meilisearch",
            settings:
                "type: meilisearch, url: 'http://127.0.0.1:PORT', index: 'help pages', text: body, link: 'https://example.com/{slug}'",
            path: "/indexes/help%20pages/search",
            body:
                #"{"q":"return goods","limit":3,"attributesToRetrieve":["title","body","slug"],"attributesToCrop":["body"],"cropLength":40}"#,
            secret: "Bearer s3cret",
            answer: #"{"hits":[ITEMS],"query":"x","processingTimeMs":1,"new":{}}"#,
            hit:
                #"{"title":"Return &lt;goods>","body":"long","slug":"a b/?","_formatted":{"title":"no","body":"\#(passage)"}}"#,
            url: "https://example.com/a%20b%2F%3F"
        ),
        Kind(
            name: "elasticsearch",
            settings:
                "type: elasticsearch, url: 'http://127.0.0.1:PORT/', index: help, text: body, link: '{meta.url}'",
            path: "/help/_search",
            body:
                #"{"size":3,"query":{"multi_match":{"query":"return goods","fields":["title^4","body"]}},"highlight":{"encoder":"html","fields":{"body":{}}},"_source":["title","body","meta.url"],"timeout":"6666ms"}"#,
            secret: "ApiKey s3cret",
            answer: #"{"took":1,"timed_out":false,"_shards":{"failed":0},"hits":{"total":{"value":1},"hits":[ITEMS]}}"#,
            hit:
                #"{"_id":"1","_score":9.5,"_source":{"title":["Return &lt;goods>"],"meta":{"url":"/help#a b"}},"highlight":{"body":["\#(passage)"]}}"#,
            url: "/help#a%20b"
        ),
    ]

    private static func docs(_ yaml: String, _ port: Int, in folder: ScratchFolder, clock: TurnClock = .continuous)
        throws
        -> (docs: Docs, incidents: IncidentLog)
    {
        let incidents = IncidentLog()
        let services = PluginServices(
            baseFolder: folder.path,
            clock: clock,
            environment: ["KEY": "s3cret"],
            report: { incidents.record($0) }
        )
        let responder = try PluginRegistry.builtin().makeResponder(
            named: "docs",
            at: Place(file: "test.yaml"),
            settings: Settings(
                yaml: yaml.replacing("PORT", with: "\(port)"),
                file: "test.yaml",
                keyPath: "docs"
            ),
            services: services
        )
        return (try #require(responder as? Docs), incidents)
    }

    private static func settings(_ kind: Kind, _ more: String = "timeout: 10s") -> String {
        "search: [{\(kind.settings), token: {env: KEY}, headers: {X-Asked-By: '{{chat}}'}}]\n\(more)"
    }

    private static func turn(_ text: String, in stage: Stage = .answer) -> Turn {
        Turn(
            id: TurnID("t1"),
            message: Incoming(id: "m1", text: text),
            conversation: Conversation(sessionID: "s1"),
            page: Page(path: "/"),
            localTime: TimeOfDay(minutes: 720)
        ).placed(in: stage)
    }

    /// A service that answers everything with one text.
    private static func service(_ answer: String, status: Int = 200, _ more: String = "") -> String {
        let text = Data(answer.utf8).base64EncodedString()
        return """
            import base64
            def handle(request):
                request.answer(\(status), base64.b64decode("\(text)")\(more.isEmpty ? "" : ", ")\(more))
            """
    }

    @Test("it is asked in its way, and what it finds is a link and a passage without markup", arguments: kinds)
    func found(kind: Kind) async throws {
        try await PythonService.run(Self.service(kind.answer())) { port, folder in
            let (docs, incidents) = try Self.docs(Self.settings(kind), port, in: folder)
            let turn = Self.turn("How do I return \"goods\"? -OR:*")
            let verdict = try await running([docs]) { try await docs.respond(to: turn) }
            guard case .reply(let reply, _, _, _) = verdict else {
                Issue.record("\(verdict) \(incidents.all)")
                return
            }
            #expect(reply.format == .plain)
            #expect(reply.links == [Reply.Link(title: "Return <goods>", url: kind.url)])
            #expect(reply.text.hasSuffix("Return <goods>: Send goods back & wait <b> ü 👩‍👩‍👧 {title}"), "\(reply.text)")
            let requests = try PythonService.requests(in: folder)
            #expect(requests.map(\.path) == [kind.path])
            #expect(requests.first?.method == (kind.body.isEmpty ? "GET" : "POST"))
            #expect(requests.first?.body == kind.body)
            #expect(requests.first?.headers("Authorization") == [kind.secret])
            #expect(requests.first?.header("X-Asked-By") == "{chat}")
            #expect(requests.first?.header("User-Agent") == "claude-chat")
        }
    }

    @Test("what goes wrong has its class, and is told once without a text of the visitor's", arguments: kinds)
    func errors(kind: Kind) async throws {
        let cases: [(service: String, code: String)] = [
            (Self.service("{}", status: 401), "http-401"), (Self.service("{}", status: 403), "http-403"),
            (Self.service(#"{"code":"index_not_found"}"#, status: 404), "http-404"),
            (Self.service("{}", status: 429, "retry_after=\"60\""), "http-429"),
            (Self.service("{}", status: 500), "http-500"),
            (Self.service("{}", status: 302, "location=\"/x\""), "http-302"),
            (Self.service("<html>proxy</html>"), "bad-answer"), (Self.service("{}"), "bad-answer"),
            (Self.service("[]"), "bad-answer"), (Self.service(String(kind.answer().dropLast(9))), "bad-answer"),
            (Self.service(String(repeating: "[", count: 100_000)), "bad-answer"),
            (
                "def handle(request): request.wfile.write(b'HTTP/1.1 200 OK\\r\\nContent-Length: 9\\r\\n\\r\\n{')\n",
                "timeout"
            ),
        ]
        for (service, code) in cases {
            try await PythonService.run(service) { port, folder in
                // Only the one that never answers may run out of time, however busy the machine is.
                let timeout = code == "timeout" ? "500ms" : "30s"
                let (docs, incidents) = try Self.docs(Self.settings(kind, "timeout: \(timeout)"), port, in: folder)
                await running([docs]) {
                    for _ in 0..<2 {
                        let failure = await #expect(throws: Failure.self) {
                            try await docs.respond(to: Self.turn("secretword goods"))
                        }
                        #expect(failure?.code == "no-engine")
                        #expect(failure?.problem?.hasSuffix("[\(code)]") == true, "\(failure?.problem ?? "")")
                    }
                }
                // It is left alone for a while.
                #expect(try PythonService.requests(in: folder).count == 1)
                let told = incidents.all
                #expect(told.count == 1)
                #expect(!"\(told)".contains("secretword") && !"\(told)".contains("s3cret"))
            }
        }
    }

    @Test("hits without a title or an address that may be linked are left out, others are found", arguments: kinds)
    func oddHits(kind: Kind) async throws {
        let odd = [
            "null", "7", "{}", "[]", kind.hit.replacing("title", with: "titel"),
            kind.hit.replacing("/help#a b", with: "javascript:alert(1)").replacing("slug", with: "x").replacing(
                "id",
                with: "y"
            )
            .replacing("\"key\"", with: "\"z\""),
        ]
        let answer = kind.answer.replacing("ITEMS", with: (odd + [kind.hit]).joined(separator: ","))
        try await PythonService.run(Self.service(answer)) { port, folder in
            let (docs, _) = try Self.docs(Self.settings(kind, "top: 5\ntimeout: 10s"), port, in: folder)
            let hits = try await running([docs]) {
                try await docs.engines[0].search(QuestionWords("return goods"), limit: 50).hits
            }
            #expect(hits.map(\.url) == [kind.url])
        }
    }

    @Test("MediaWiki's errors come with status 200")
    func wikiErrors() async throws {
        for (code, kind) in [("ratelimited", "busy"), ("readapidenied", "denied"), ("nosuchparam", "invalid")] {
            try await PythonService.run(Self.service(#"{"error":{"code":"\#(code)","info":"x"}}"#)) { port, folder in
                let (docs, _) = try Self.docs(Self.settings(Self.kinds[0]), port, in: folder)
                let lines = await running([docs]) { await docs.engineReports(for: "goods") }
                #expect(
                    lines.count == 1 && lines[0].hasSuffix("the engine says no, with status 200 [wiki-error]"),
                    "\(lines) \(kind)"
                )
            }
        }
    }

    @Test("nothing is asked for small talk")
    func smallTalk() async throws {
        let kind = Self.kinds[0]
        try await PythonService.run(Self.service(kind.answer())) { port, folder in
            let (docs, _) = try Self.docs(Self.settings(kind), port, in: folder)
            try await running([docs]) {
                for text in ["thank you", "hello", "who are you?", "-"] {
                    let verdict = try await docs.respond(to: Self.turn(text))
                    #expect(verdict == .pass(reason: "no-document"))
                }
            }
            #expect(try PythonService.requests(in: folder).isEmpty)
        }
    }

    @Test("index and engine answer together; where one can't be asked the other one does, and the note says so")
    func together() async throws {
        let kind = Self.kinds[3]
        let settings = Self.settings(kind, "timeout: 10s\nindex: docs.sqlite\nsources: [{path: docs/, url: /own/}]")
        for (answer, status, urls, isPartial) in [
            (kind.answer(), 200, ["/own/a.md#return-goods", "/help#a%20b"], false),
            (
                kind.answer().replacing("\"timed_out\":false", with: "\"timed_out\":true"), 200,
                ["/own/a.md#return-goods", "/help#a%20b"], true
            ),
            ("{}", 503, ["/own/a.md#return-goods"], true),
        ] {
            try await PythonService.run(Self.service(answer, status: status)) { port, folder in
                try folder.write("# Return goods\n\nWithin 14 days.", to: "docs/a.md")
                let (docs, _) = try Self.docs(settings, port, in: folder)
                let verdict = try await running([docs]) {
                    try await docs.respond(to: Self.turn("return goods", in: .enrich))
                }
                guard case .augment(let found) = verdict, case .list(let documents)? = found.note?["documents"] else {
                    Issue.record("\(verdict)")
                    return
                }
                #expect(documents.map { $0["url"]?.text } == urls)
                #expect((found.note?["partial"] != nil) == isPartial)
            }
        }
    }

    @Test("what nobody asked for isn't answered, whatever the engine finds")
    func poorHits() async throws {
        let kind = Self.kinds[3]
        try await PythonService.run(Self.service(kind.answer())) { port, folder in
            let (docs, _) = try Self.docs(Self.settings(kind), port, in: folder)
            let verdict = try await running([docs]) {
                try await docs.respond(to: Self.turn("weather in Paris tomorrow"))
            }
            #expect(verdict == .pass(reason: "no-document"))
        }
    }

    @Test(
        "mistakes are told with their place",
        arguments: [
            ("{type: mediawiki, url: 'https://wiki.example/w/'}", "bad-url"),
            ("{type: mediawiki, url: 'https://wiki.example/w/api.php?x=1'}", "bad-url"),
            ("{type: mediawiki, url: 'https://wiki.example/w/api.php', link: 'javascript:{id}'}", "bad-link"),
            (
                "{type: mediawiki, url: 'https://wiki.example/w/api.php', link: 'https://x/{idd}'}",
                "unknown-placeholder"
            ),
            ("{type: mediawiki, url: 'http://10.0.0.7/w/api.php', link: 'https://x/{id}'}", "plain-target"),
            ("{type: meilisearch, url: 'https://s.example', link: '{url}'}", "missing-key"),
            ("{type: meilisearch, url: 'https://s.example', index: a}", "missing-key"),
            ("{type: meilisearch, url: 'https://s.example', index: a, link: 'https://x/'}", "bad-link"),
            ("{type: elasticsearch, url: 'https://s.example', index: a, link: '//evil/{x}'}", "bad-link"),
            (
                "{type: elasticsearch, url: 'https://s.example', index: a, link: '{u}', token: {env: NONE}}",
                "missing-secret"
            ),
        ]
    )
    func mistakes(engine: String, code: String) throws {
        let folder = try ScratchFolder()
        let rejection = #expect(throws: Rejection.self) { try Self.docs("search: [\(engine)]", 1, in: folder) }
        #expect(rejection?.diagnostics.map(\.code) == [code], "\(rejection?.diagnostics ?? [])")
    }
}
