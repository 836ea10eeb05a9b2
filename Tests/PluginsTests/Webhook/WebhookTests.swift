import Diagnostics
import Responders
import RespondersTesting
import Synchronization
import Testing

@testable import Plugins

@Suite("webhook", .timeLimit(.minutes(2)))
struct WebhookTests {
    @Test("sends a signed request that can be told apart from a repeated one, and gives the answer")
    func reply() async throws {
        let service = """
            def turn(request, frame):
                stamp = request.headers["X-Claude-Chat-Timestamp"]
                code = hmac.new(SECRET, stamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
                facts = {
                    "signed": request.headers["X-Claude-Chat-Signature"] == "v1=" + code,
                    "recent": abs(time.time() - int(stamp)) < 300,
                    "key": request.headers["Idempotency-Key"], "path": request.path, "id": frame["id"],
                    "agent": request.headers["User-Agent"], "team": request.headers["X-Team"],
                    "host": request.headers["Host"].split(":")[0], "text": frame["turn"]["message"]["text"],
                }
                request.reply(frame, json.dumps(facts, sort_keys=True, ensure_ascii=False))
            """
        try await WebhookDesk.run(service, "allow: [127.0.0.1]\nheaders: {X-Team: chat}") { desk in
            let expected = """
                {"agent": "claude-chat", "host": "service.test", "id": "t_test", "key": "t_test/.answer.0", \
                "path": "/chat?team=a", "recent": true, "signed": true, "team": "chat", "text": "Ähm"}
                """
            #expect(await desk.ask("Ähm") == .reply(Reply(expected)))
        }
    }

    @Test("takes a 202 as a promise, by the token that the service was sent")
    func promise() async throws {
        let service = """
            def turn(request, frame):
                token = frame["turn"]["followUpToken"]
                request.answer(202, {"followUpTtlMs": 60000, "text": token})
            """
        try await WebhookDesk.run(service) { desk in
            guard case .reply(let reply, _, _, _) = await desk.ask("x") else { return #expect(Bool(false)) }
            #expect(reply.text.utf8.count == 64)
            #expect(reply.followUp == FollowUp(token: reply.text, timeToLive: .seconds(60)))
        }
        for body in [#"{"text": "x"}"#, #"{"followUpTtlMs": 60000}"#, #"{"followUpTtlMs": 0, "text": "x"}"#] {
            try await WebhookDesk.run("def turn(request, frame):\n    request.answer(202, b'\(body)')") { desk in
                guard case .fail(let failure) = await desk.ask("x") else { return #expect(Bool(false), "\(body)") }
                #expect(failure.code == "bad-frame", "\(body)")
            }
        }
    }

    @Test("signs as the documentation shows")
    func vector() {
        let code = RequestSignature.code(
            of: Array(#"{"type":"ping"}"#.utf8),
            at: 1_767_225_600,
            secret: "example-secret"
        )
        #expect(code == "aec3b4eb5908f98264c0671104ae2dbe3ae1f6b80bac96f47166b3d3bd0d2865")
    }

    @Test("signs with both secrets while the secret is changed")
    func rotation() async throws {
        let service = """
            def turn(request, frame):
                stamp = request.headers["X-Claude-Chat-Timestamp"]
                secrets = [SECRET, b"the-secret-before-it-has-32-bytes-too"]
                codes = ["v1=" + hmac.new(secret, stamp.encode() + b"." + request.body, hashlib.sha256).hexdigest()
                    for secret in secrets]
                request.reply(frame, str(request.headers["X-Claude-Chat-Signature"].split(",") == codes))
            """
        try await WebhookDesk.run(service, "allow: [127.0.0.1]\nold_secret: {file: old}") { desk in
            #expect(await desk.ask("x") == .reply("True"))
        }
    }

    @Test("reads a stream of deltas until its verdict")
    func stream() async throws {
        let service = """
            def turn(request, frame):
                lines = [{"type": "delta", "id": frame["id"], "index": index, "text": text}
                    for index, text in enumerate(["Hel", "lo"])]
                lines.append({"type": "verdict", "id": frame["id"], "verdict": "reply", "text": "Hello"})
                lines.append({"type": "verdict", "id": frame["id"], "verdict": "reply", "text": "ignored"})
                body = "\\n".join(json.dumps(line) for line in lines) + "\\n"
                request.answer(200, body.encode(), "application/x-ndjson; charset=utf-8")
            """
        try await WebhookDesk.run(service) { desk in #expect(await desk.ask("x") == .reply("Hello")) }
    }

    @Test("takes each status for what it means")
    func statuses() async throws {
        let service = """
            def turn(request, frame):
                text = frame["turn"]["message"]["text"]
                if text == "204": request.answer(204)
                elif text == "422": request.answer(422, {"reason": "not-mine"})
                elif text == "302": request.answer(302, b"", Location="/elsewhere")
                elif text == "count": request.reply(frame, str(turns))
                else: request.answer(int(text), {"error": "secret internals"})
            """
        try await WebhookDesk.run(service) { desk in
            #expect(await desk.ask("204") == .pass())
            #expect(await desk.ask("422") == .pass(reason: "not-mine"))
            for status in ["302", "400", "401", "404", "500", "503"] {
                #expect(await desk.ask(status) == .fail(Failure("bad-status", "status \(status)")))
            }
            // A redirect that was followed would have counted.
            #expect(await desk.ask("count") == .reply("9"))
        }
    }

    @Test("leaves a service alone for as long as it asks for", arguments: [429, 503])
    func busy(status: Int) async throws {
        let clock = ManualClock()
        let service = """
            def turn(request, frame):
                if turns == 1: request.answer(\(status), b"", Retry_After="20")
                else: request.reply(frame, str(turns))
            """
        try await WebhookDesk.run(service, clock: TurnClock(clock)) { desk in
            #expect(await desk.ask("x") == .pass(reason: .busy))
            clock.advance(by: .seconds(19))
            #expect(await desk.ask("x") == .pass(reason: .busy))
            clock.advance(by: .seconds(1))
            #expect(await desk.ask("x") == .reply("2"))
        }
    }

    @Test("passes where nobody runs it")
    func notRunning() async throws {
        let folder = try ScratchFolder(["secret": WebhookDesk.secret])
        _ = folder
        let yaml = "url: https://example.com/chat\nsecret: {file: secret}"
        let desk = try WebhookDeskOffline(yaml)
        #expect(try await desk.webhook.respond(to: WebhookDesk.turn("x")) == .pass(reason: .notRunning))
    }

    @Test("never sends a message to a service that doesn't send the challenge back, and says so once")
    func challenge() async throws {
        let clock = ManualClock()
        let service = """
            READY["stages"] = ["answer"]
            Request.do_GET = lambda self: self.answer(200, {**READY, "challenge": "0" * 64})
            def turn(request, frame): request.reply(frame, "leaked")
            """
        try await WebhookDesk.run(service, clock: TurnClock(clock)) { desk in
            let incident = await desk.incidents.first(with: "Webhook is not ready")
            #expect(
                incident.details["webhook.problem"] == """
                    ready.challenge: not what was sent; send back the value of "challenge" in the query [wrong-challenge]
                    """
            )
            #expect(await desk.ask("x") == .fail(Failure(.unavailable, "the service is not ready")))
            for pause in [1, 2, 4] {
                await clock.sleepers(atLeast: 1)
                clock.advance(by: .seconds(pause))
            }
            await clock.sleepers(atLeast: 1)
            #expect(desk.incidents.all.count == 1)
        }
    }

    @Test(
        "says what is wrong with a configuration",
        arguments: [
            ("url: http://example.com/", "plain-target"), ("url: https://127.0.0.1/", "private-target"),
            ("url: https://[::1]/", "private-target"), ("url: https://169.254.169.254/latest/", "private-target"),
            ("url: https://[::ffff:10.0.0.1]/", "private-target"), ("url: ftp://example.com/", "bad-url"),
            ("url: https://user:password@example.com/", "bad-url"), ("url: https://example.com/#x", "bad-url"),
            ("url: example.com", "bad-url"), ("url: https://example.com:0/", "bad-url"),
            ("url: https://example.com/\nallow: [10.0.0.0/33]", "bad-network"),
            ("url: https://example.com/\nheaders: {Host: other}", "bad-header"),
            ("url: https://example.com/\nheaders: {'X A': other}", "bad-header"),
            ("url: https://example.com/\nheaders: {X-A: \"a\\r\\nX-B: c\"}", "bad-header"),
            ("url: https://example.com/\nold_secret: {env: NO_SUCH_VARIABLE_ANYWHERE}", "missing-secret"),
            ("url: https://example.com/\nold_secret: {file: weak}", "weak-secret"),
            ("url: https://example.com/\nold_secret: literal-secret-of-32-bytes-in-the-file", "secret-in-file"),
        ]
    )
    func mistakes(yaml: String, code: String) {
        let rejection = #expect(throws: Rejection.self) { try WebhookDeskOffline("secret: {file: secret}\n\(yaml)") }
        #expect(rejection?.diagnostics.map(\.code) == [code])
        let text = rejection?.description ?? ""
        #expect(!text.contains("password@"))
        #expect(!text.contains("literal-secret"))
    }
}

/// A plugin `webhook` that is only configured.
struct WebhookDeskOffline {
    let webhook: Webhook

    init(_ yaml: String) throws {
        let folder = try ScratchFolder(["secret": WebhookDesk.secret, "weak": "weak"])
        var registry = PluginRegistry()
        try registry.register(Webhook.self)
        let responder = try registry.makeResponder(
            named: "webhook",
            at: Place(file: "test.yaml"),
            settings: Settings(yaml: yaml, file: "test.yaml", keyPath: "webhook"),
            services: PluginServices(baseFolder: folder.path)
        )
        self.webhook = try #require(responder as? Webhook)
    }
}
