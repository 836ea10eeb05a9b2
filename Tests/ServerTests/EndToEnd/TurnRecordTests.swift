import Access
import Foundation
import Hub
import Messages
import Plugins
import Responders
import RespondersTesting
import Store
import Synchronization
import Testing
import Transport

@testable import Server

@Suite("why was this the reply? asked of a running server", .timeLimit(.minutes(2)))
struct TurnRecordTests {
    private static let secret = String(repeating: "a", count: 32)
    private static let said = "Xanthippe says hello"

    private static let rules = """
        version: 1
        rules:
          - id: admin
            when: {page: {path: '/admin/**'}}
            match: 'hello'
            reply: Hello, admin.
            tests: [{say: hello, ctx: {page: {path: /admin/a}}}, {not: goodbye}]
          - id: greeting
            match: '\\bhello\\b'
            reply: Hi!
            tests: [{say: hello}, {not: goodbye}]
          - id: late
            priority: 10
            match: 'hello'
            reply: Too late.
            tests: [{not: goodbye}]
        """

    /// A responder of one line.
    private struct Deciding: ImmediateResponder {
        let decide: @Sendable (Turn) throws -> Verdict

        func respond(to turn: Turn) throws -> Verdict { try self.decide(turn) }
    }

    /// A chain as an operator writes it, in a folder of its own.
    private static func chain(_ folder: ScratchFolder) throws -> Chain {
        try folder.write(Self.rules, to: "rules/a.yaml")
        try folder.write(
            """
            version: 1
            default_chain: demo
            chains:
              demo:
                answer: [rules: {path: rules/}]
                fallback: [fallback: {text: I do not know.}]
            """,
            to: "claude-chat.yaml"
        )
        let configuration = try Configuration.load(file: "\(folder.path)/claude-chat.yaml", registry: .builtin())
        return try #require(configuration.chain())
    }

    private static func run(
        _ chain: Chain,
        token: Bool = false,
        tracing: TraceSettings = TraceSettings(),
        store: StoreOptions? = nil,
        log: LogRecord? = nil,
        _ body: @escaping @Sendable (RunningServer) async throws -> Void
    ) async throws {
        let reloader = ContentReloader([chain], clocks: SystemClocks(), logger: LogRecord().logger)
        try await RunningServer.run(
            chain: chain,
            reloader: reloader,
            adminToken: token ? AdminToken(Self.secret) : nil,
            log: log,
            store: store,
            tracing: tracing,
            body
        )
    }

    /// Says something, waits for the answer, and gives the turn's id.
    private static func say(_ text: String, _ id: String, session: String = "s", port: Int) async throws -> String {
        try await TestSocket.open("/ws/chat?session=\(session)", port: port) { socket in
            try await socket.send(#"{"type":"user","message":"\#(text)","id":"\#(id)"}"#)
            _ = try await socket.next("claude")
        }
        let page = try await TestRequest.get("/api/admin/turns?limit=1", Self.authorization).send(port: port)
        let records = try JSONDecoder().decode(Page.self, from: Data(page.body)).turns
        return try #require(records.first?.turn)
    }

    private static let authorization = ["Authorization: Bearer \(Self.secret)"]

    private struct Page: Decodable { var turns: [TraceRecord] }

    private static func turns(_ query: String, port: Int) async throws -> [TraceRecord] {
        let page = try await TestRequest.get("/api/admin/turns?\(query)", Self.authorization).send(port: port)
        return try JSONDecoder().decode(Page.self, from: Data(page.body)).turns
    }

    @Test("the record says which rule answered, at which line, and which others lost; no word that was said")
    func record() async throws {
        let folder = try ScratchFolder([:])
        try await Self.run(try Self.chain(folder), token: true) { server in
            let turn = try await Self.say(Self.said, "m1", port: server.port)
            let path = "/api/admin/turns/\(turn)/trace"
            let answer = try await TestRequest.get(path, Self.authorization).send(port: server.port)
            #expect(answer.status == 200)
            let record = try TraceRecord(json: answer.body)
            #expect(record.turn == turn && record.outcome == "answered" && record.chain == "demo")
            #expect(record.replies == ["re:m1"] && record.session == "s")
            let step = try #require(record.steps?.first)
            #expect(step.rule == "a/greeting" && step.elected == true)
            #expect(step.at?.hasSuffix("rules/a.yaml:8") == true)
            #expect(step.detail?.generation == 1)
            #expect(step.detail?.candidates?.map(\.rule) == ["a/admin", "a/late"])
            #expect(step.detail?.candidates?.map(\.lost) == ["condition: page.path", "behind the winner"])
            #expect(record.steps?.map(\.reason) == [nil, "already-answered"])
            #expect(!answer.text.contains("Xanthippe") && !answer.text.contains("Hi!"))
        }
    }

    /// Answers when a test says so.
    private final class Patient: Responder {
        private let (open, source) = AsyncStream<Void>.makeStream()

        func release() { self.source.finish() }

        func respond(to turn: Turn) async -> Verdict {
            for await _ in self.open {}
            return .reply("At last.")
        }
    }

    @Test("a message behind too many others has its outcome and its record, too, and is told so in its language")
    func overflow() async throws {
        let patient = Patient()
        let entry = Chain.Entry(patient, name: "patient", stage: .answer, timeout: .seconds(100))
        let chain = Chain(name: "test", entries: [entry], deadline: .seconds(100))
        let options = HubOptions(messageRate: nil, connectionsPerRoom: 10, waitingMessages: 2)
        try await RunningServer.run(
            chain: chain,
            reloader: ContentReloader([chain], clocks: SystemClocks(), logger: LogRecord().logger),
            options: options,
            adminToken: AdminToken(Self.secret)
        ) { server in
            defer { patient.release() }
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                for number in 1...5 {
                    let context = #""context":{"locale":"de"}"#
                    try await socket.send(#"{"type":"user","message":"hi","id":"m\#(number)",\#(context)}"#)
                }
                for number in 4...5 {
                    let told = try await socket.next("claude")
                    #expect(told["id"]?.text == "re:m\(number)")
                    #expect(told["message"]?.text?.hasPrefix("Einen Moment bitte") == true, "\(told)")
                }
                patient.release()
                for number in 1...3 { #expect(try await socket.next("claude")["id"]?.text == "re:m\(number)") }
            }
            let records = try await Self.turns("limit=10", port: server.port)
            #expect(
                records.compactMap(\.outcome).sorted() == ["answered", "answered", "answered", "refused", "refused"]
            )
            let refused = records.filter { $0.outcome == "refused" }
            #expect(refused.allSatisfy { $0.steps?.map(\.reason) == ["queue-full"] })
        }
    }

    @Test("the last turns are listed: the unanswered, the failed and the slow apart, the newest first")
    func list() async throws {
        struct Angry: Error {}
        let clock = ManualClock()
        let chain = Chain(
            name: "test",
            entries: [
                Chain.Entry(
                    Deciding { turn in
                        switch turn.message.text {
                        case "fail": throw Angry()
                        case "slow": clock.advance(by: .seconds(2))
                        case "slower": clock.advance(by: .seconds(3))
                        default: break
                        }
                        return turn.message.text == "nothing" ? .pass() : .reply("Yes.")
                    },
                    name: "first",
                    stage: .answer
                ),
                Chain.Entry(Deciding { _ in .reply("No.") }, name: "last", stage: .fallback),
            ],
            clock: TurnClock(clock)
        )
        try await Self.run(chain, token: true) { server in
            var ids: [String: String] = [:]
            for (index, text) in ["hello", "nothing", "slower", "fail", "slow"].enumerated() {
                ids[text] = try await Self.say(text, "m\(index)", port: server.port)
            }
            let all = try await Self.turns("", port: server.port).map(\.turn)
            #expect(all == ["slow", "fail", "slower", "nothing", "hello"].map { ids[$0] })
            #expect(try await Self.turns("limit=2", port: server.port).count == 2)
            let names = ["unanswered": ["fail", "nothing"], "failed": ["fail"], "slow": ["slower", "slow"]]
            for (filter, texts) in names {
                let found = try await Self.turns("filter=\(filter)", port: server.port).map(\.turn)
                #expect(found == texts.map { ids[$0] }, "\(filter)")
            }
        }
    }

    @Test("with a store a record is there after a restart, beside its turn and in an export")
    func stored() async throws {
        let folder = try ScratchFolder([:])
        let chain = try Self.chain(folder)
        let store = StoreOptions(path: "\(folder.path)/chat.db")
        let turn = Mutex("")
        try await Self.run(chain, token: true, store: store) { server in
            let id = try await Self.say(Self.said, "m1", port: server.port)
            turn.withLock { $0 = id }
        }
        let id = turn.withLock { $0 }
        try await Self.run(chain, token: true, store: store) { server in
            #expect(try await Self.turns("", port: server.port).isEmpty)
            let path = "/api/admin/turns/\(id)/trace"
            let answer = try await TestRequest.get(path, Self.authorization).send(port: server.port)
            let record = try TraceRecord(json: answer.body)
            #expect(record.turn == id && record.steps?.first?.rule == "a/greeting")
        }
        let file = "\(folder.path)/export.jsonl"
        #expect(try await CommandRun(["store", "export", "--store", store.path, "--output", file]).status == 0)
        #expect(
            try String(contentsOfFile: file, encoding: .utf8).contains(#""trace":{"turn":"\#(id)","message":"m1","#)
        )
    }

    @Test("of turns outside the sample it is kept how they ended, and no steps")
    func sample() async throws {
        let folder = try ScratchFolder([:])
        var settings = TraceSettings()
        settings.sample = try #require(Share(written: "0%"))
        try await Self.run(try Self.chain(folder), tracing: settings) { server in
            let turn = try await Self.say("hello", "m1", port: server.port)
            let record = try #require(try await Self.turns("", port: server.port).first)
            #expect(record.turn == turn && record.outcome == "answered" && record.steps == nil)
            let run = try await CommandRun(["trace", turn, "--listen", "127.0.0.1:\(server.port)"])
            #expect(run.output.contains("\nno steps: the turn is not in trace: sample\n"), "\(run.output)")
        }
    }

    @Test("the command shows the record to people, and lists turns")
    func command() async throws {
        let folder = try ScratchFolder([:])
        try await Self.run(try Self.chain(folder)) { server in
            let address = ["--listen", "127.0.0.1:\(server.port)"]
            let turn = try await Self.say(Self.said, "m1", port: server.port)
            _ = try await Self.say("what?", "m2", port: server.port)
            let run = try await CommandRun(["trace", turn] + address)
            let output = run.output.replacing(folder.path + "/", with: "")
            #expect(
                output.hasPrefix("answered by rules: a/greeting  rules/a.yaml:8\n\nturn     \(turn)\n"),
                "\(output)"
            )
            #expect(output.contains("\nmessage  m1 of s at default\n"), "\(output)")
            #expect(output.contains("\nfallback  fallback  –      already-answered\n"), "\(output)")
            #expect(
                output.hasSuffix(
                    """

                    rules
                      a/admin  rules/a.yaml:3   condition: page.path
                      a/late   rules/a.yaml:12  behind the winner

                    """
                ),
                "\(output)"
            )
            #expect(run.status == 0 && !output.contains("Xanthippe"))
            let list = try await CommandRun(["trace"] + address)
            let lines = list.output.split(separator: "\n")
            #expect(
                lines.count == 4 && lines[1].contains("  fell-back  ") && lines[2].hasPrefix(turn),
                "\(list.output)"
            )
            #expect(lines[3] == "2 turns")
            let unanswered = try await CommandRun(["trace", "--unanswered", "--json"] + address)
            #expect(unanswered.output.hasPrefix(#"{"turns":[{"turn":"t_"#))
            #expect(unanswered.output.contains(#""outcome":"fell-back""#))
            let unknown = try await CommandRun(["trace", "t_nobody"] + address)
            #expect(unknown.status == 1 && unknown.complaint.contains("there is no record of such a turn [refused]"))
        }
        for arguments in [
            ["trace", "../x"], ["trace", "t", "--slow"], ["trace", "--slow", "--failed"], ["trace", "--limit", "0"],
        ] {
            #expect(try await CommandRun(arguments).status == 2, "\(arguments)")
        }
    }

    @Test("nobody reads a record without the admin token, and guesses are counted and slowed down")
    func closed() async throws {
        let folder = try ScratchFolder([:])
        try await Self.run(try Self.chain(folder), token: true) { server in
            let turn = try await Self.say(Self.said, "m1", port: server.port)
            let visitor = [
                "Authorization: Bearer \(String(repeating: "b", count: 32))", "Authorization: Bearer ", "Cookie: a=b",
            ]
            for path in ["/api/admin/turns", "/api/admin/turns/\(turn)/trace", "/api/admin/turns/nobody/trace"] {
                for header in visitor {
                    let answer = try await TestRequest.get(path, [header]).send(port: server.port)
                    #expect(answer.status == 401, "\(path) \(header)")
                    #expect(!answer.text.contains(turn) && !answer.text.contains("rules"))
                }
                let post = try await TestRequest.post(path, "{}", Self.authorization).send(port: server.port)
                #expect(post.status == 404 || post.status == 405 || post.status == 400, "\(post.status)")
            }
        }
    }

    @Test("a strange request is refused in words, and nothing breaks")
    func hostile() async throws {
        let folder = try ScratchFolder([:])
        let log = LogRecord()
        try await Self.run(try Self.chain(folder), token: true, log: log) { server in
            let long = String(repeating: "a", count: 5_000)
            let paths = [
                "turns?limit=0", "turns?limit=1001", "turns?limit=-1", "turns?limit=x",
                "turns?limit=99999999999999999999",
                "turns?filter=", "turns?filter=all", "turns?filter=%00", "turns?filter=slow%27--", "turns?limit=",
                "turns/\(long)/trace", "turns/%2e%2e/trace", "turns/%00/trace", "turns/'%20OR%201=1/trace",
                "turns/t_\u{202E}/trace".addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? "",
                "turns/t_/trace",
            ]
            for path in paths {
                let answer = try await TestRequest.get("/api/admin/\(path)", Self.authorization).send(port: server.port)
                #expect(answer.status == (path.hasPrefix("turns?") ? 400 : 404), "\(path.prefix(60))")
                #expect(!answer.text.contains("SQL"))
            }
            #expect(try await Self.turns("", port: server.port).isEmpty)
        }
        #expect(!log.text.contains("OR 1=1"))
    }
}
