import Responders
import RespondersTesting
import Synchronization
import Testing

@testable import Plugins

@Suite("webhook: services that misbehave", .timeLimit(.minutes(2)))
struct HostileWebhookTests {
    @Test("fails answers that can't be read, with what is wrong with them, and nothing of the visitor")
    func answers() async throws {
        let service = """
            def turn(request, frame):
                text = frame["turn"]["message"]["text"]
                good = {"type": "verdict", "id": frame["id"], "verdict": "reply", "text": "x"}
                if text == "0": request.answer(200, b"<h1>Not found</h1>", "text/html")
                elif text == "1": request.answer(200, b"{junk")
                elif text == "2": request.answer(200)
                elif text == "3": request.answer(200, {**good, "id": "t_other"})
                elif text == "4": request.answer(200, READY)
                elif text == "5": request.answer(200, b"[" + b" " * 300_000)
                elif text == "6":
                    lines = [{"type": "delta", "id": frame["id"], "index": index, "text": "x"} for index in (0, 2)]
                    body = "\\n".join(json.dumps(line) for line in [*lines, good])
                    request.answer(200, body.encode(), "application/x-ndjson")
                elif text == "7": request.answer(200, b"\\n\\n", "application/x-ndjson")
                else: request.answer(200, {**good, "text": 5})
            """
        let cases: [(String, String)] = [
            (
                "0",
                "the answer is no JSON; send content-type: application/json, or application/x-ndjson [wrong-content-type]"
            ),
            ("1", "the line is no JSON; write one JSON object on one line [not-json]"),
            ("2", "the line is no JSON; write one JSON object on one line [not-json]"),
            ("3", "the answer has the id of another turn; send back the id of the turn [foreign-id]"),
            ("4", #"the answer has no verdict; write one object with "type":"verdict" [no-verdict]"#),
            ("5", "the answer has more than 262144 bytes [answer-too-long]"),
            ("6", "delta.index: 2 after 1 deltas [bad-stream]"),
            ("7", #"the answer has no verdict; write one object with "type":"verdict" [no-verdict]"#),
            ("8", "verdict.text: expected a text, found a number [wrong-type]"),
        ]
        try await WebhookDesk.run(service) { desk in
            for (text, problem) in cases {
                guard case .fail(let failure) = await desk.ask(text) else {
                    Issue.record("\(text) is taken")
                    continue
                }
                #expect(failure.code == .badFrame)
                #expect(failure.problem == problem)
            }
        }
    }

    @Test("reads no more of an endless answer than it may have, and closes the connection")
    func endless() async throws {
        let service = """
            closed = threading.Event()
            def turn(request, frame):
                if frame["turn"]["message"]["text"] == "closed?":
                    return request.reply(frame, str(closed.wait(20)))
                request.send_response(200)
                request.send_header("Content-Type", "application/x-ndjson")
                request.send_header("Transfer-Encoding", "chunked")
                request.end_headers()
                try:
                    while True: request.wfile.write(b"1000\\r\\n" + b" " * 4095 + b"\\n\\r\\n")
                except OSError: closed.set()
                request.close_connection = True
            """
        try await WebhookDesk.run(service) { desk in
            #expect(
                await desk.ask("x")
                    == .fail(Failure(.badFrame, "the answer has more than 262144 bytes [answer-too-long]"))
            )
            #expect(await desk.ask("closed?") == .reply("True"))
        }
    }

    @Test("gives a hanging service up at once when nobody waits any more, which closes the connection")
    func hangs() async throws {
        let service = """
            closed = threading.Event()
            began = threading.Event()
            def turn(request, frame):
                text = frame["turn"]["message"]["text"]
                if text == "began?": return request.reply(frame, str(began.wait(20)))
                if text == "closed?": return request.reply(frame, str(closed.wait(20)))
                began.set()
                # The next byte, or the end of the connection.
                request.rfile.read(1)
                closed.set()
            """
        try await WebhookDesk.run(service) { desk in
            let call = Task { await desk.ask("hang") }
            #expect(await desk.ask("began?") == .reply("True"))
            call.cancel()
            guard case .fail = await call.value else { return #expect(Bool(false), "it answered") }
            #expect(await desk.ask("closed?") == .reply("True"))
        }
    }

    @Test("sends a request again that nobody got, to the next address; never one that somebody may have got")
    func repeats() async throws {
        let service = """
            def turn(request, frame):
                if frame["turn"]["message"]["text"] == "count": return request.reply(frame, str(turns))
                request.connection.shutdown(2)
                request.close_connection = True
            """
        // Nobody listens at 127.0.0.9.
        let run = { @Sendable (service: String, addresses: [String], expected: String) in
            try await WebhookDesk.run(
                service,
                "allow: [127.0.0.0/8]",
                addresses: { addresses }
            ) { desk in
                #expect(await desk.ask("count") == .reply("1"))
                guard case .fail(let failure) = await desk.ask("close") else { return #expect(Bool(false)) }
                #expect(failure.code == .unavailable)
                let verdict = await desk.ask("count")
                #expect(verdict == .reply(Reply(expected)), "\(verdict)")
            }
        }
        try await run(service, ["127.0.0.9", "127.0.0.1"], "3")
        try await run("READY['idempotent'] = True\n" + service, ["127.0.0.1"], "4")
    }

    @Test("asks only the addresses that are allowed, also when a name changes its address")
    func rebinding() async throws {
        let clock = ManualClock()
        let resolutions = Mutex([["10.1.2.3", "127.0.0.1"], ["127.0.0.2", "169.254.169.254"], ["127.0.0.1"]])
        let service = "def turn(request, frame): request.reply(frame, str(turns))"
        try await WebhookDesk.run(
            service,
            addresses: { resolutions.withLock { $0.isEmpty ? [] : $0.removeFirst() } },
            clock: TurnClock(clock)
        ) { desk in
            // The private address before it is left out.
            #expect(await desk.ask("x") == .reply("1"))
            clock.advance(by: .seconds(30))
            let refused = """
                "service.test" has no address of the public network; where that is meant, allow its network \
                [private-target]
                """
            #expect(await desk.ask("x") == .fail(Failure(.unavailable, refused)))
            #expect(await desk.ask("x") == .reply("2"))
        }
    }

    @Test("logs what a service says, without what visitors wrote")
    func log() async throws {
        let service = """
            def turn(request, frame):
                text = frame["turn"]["message"]["text"]
                lines = [{"type": "log", "level": "error", "text": "can't find " + text}] * 50
                lines.append({"type": "verdict", "id": frame["id"], "verdict": "pass"})
                request.answer(200, "\\n".join(json.dumps(line) for line in lines).encode(), "application/x-ndjson")
            """
        try await WebhookDesk.run(service) { desk in
            #expect(await desk.ask("the order of Erika Mustermann") == .pass())
            let incident = await desk.incidents.first(with: "can't find")
            #expect(incident.details["log.text"] == "can't find […]")
            #expect(desk.incidents.all.count <= 21)
        }
    }

    @Test(
        "takes for public only what is",
        arguments: [
            ("8.8.8.8", true), ("2606:4700::1111", true), ("172.15.255.255", true), ("172.32.0.0", true),
            ("127.0.0.1", false), ("127.255.255.254", false), ("10.0.0.1", false), ("172.16.0.1", false),
            ("172.31.255.255", false), ("192.168.1.1", false), ("169.254.169.254", false), ("100.64.0.1", false),
            ("0.0.0.0", false), ("255.255.255.255", false), ("224.0.0.1", false), ("198.18.0.1", false), ("::", false),
            ("::1", false), ("fe80::1", false), ("fc00::1", false), ("fd12::1", false), ("ff02::1", false),
            ("::ffff:127.0.0.1", false), ("::ffff:8.8.8.8", true), ("64:ff9b::7f00:1", false),
            ("64:ff9b::808:808", true), ("2002:7f00:1::", false), ("2002:808:808::1", true), ("2001:db8::1", false),
        ]
    )
    func addresses(text: String, isPublic: Bool) throws {
        let address = try #require(NetworkAddress(text))
        #expect(TargetPolicy().allows(address) == isPublic)
        let everything = ["0.0.0.0/0", "::/0"].compactMap { NetworkAddress.Network($0) }
        #expect(TargetPolicy(allowed: everything).allows(address))
        let itself = try #require(NetworkAddress.Network(text))
        #expect(TargetPolicy(allowed: [itself]).allows(address))
    }
}
