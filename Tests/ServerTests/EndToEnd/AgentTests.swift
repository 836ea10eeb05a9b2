import Access
import Diagnostics
import Hub
import Messages
import Plugins
import Responders
import RespondersTesting
import Store
import Testing

@testable import Server
@testable import Transport

@Suite("a person answers, over the wire", .timeLimit(.minutes(3)))
struct AgentTests {
    /// Asks for a person at the word "person", greets, and answers everything else late.
    private static func chain(_ late: any Responder = Greeter()) throws -> Chain {
        let settings =
            "{words: [person], button: true, only_staffed: false, queue: support, text: I am calling somebody.}"
        let handoff = try PluginRegistry.builtin().makeResponder(
            named: "handoff",
            at: Place(file: "test.yaml"),
            settings: Settings(yaml: settings, file: "test.yaml", keyPath: "handoff")
        )
        return Chain(
            name: "test",
            entries: [
                Chain.Entry(handoff, name: "handoff", stage: .answer),
                Chain.Entry(late, name: "late", stage: .answer, timeout: .seconds(100)),
            ],
            deadline: .seconds(200)
        )
    }

    private static func user(_ text: String, _ id: String) -> String {
        #"{"type":"user","message":"\#(text)","id":"\#(id)"}"#
    }

    /// Opens a connection of an agent while `body` runs.
    private static func agent<R: Sendable>(
        _ name: String = "Ada",
        in session: String,
        _ server: RunningServer,
        _ body: (TestSocket) async throws -> R
    ) async throws -> R {
        try await TestSocket.connect(port: server.port) { socket in
            let token = try server.agentToken(name)
            try await socket.write(
                TestSocket.handshake(
                    "/ws/chat?session=\(session)",
                    ["Sec-WebSocket-Protocol: chat.v1, bearer.\(token)"]
                )
            )
            try await socket.readHead()
            guard socket.head.hasPrefix("HTTP/1.1 101 ") else { throw TestSocket.Unexpected(what: socket.head) }
            return try await body(socket)
        }
    }

    @Test("a visitor asks for one, an agent sees it, takes it, writes, gives it back; then the assistant answers again")
    func whole() async throws {
        try await RunningServer.run(chain: Self.chain(), options: .unlimited) { server in
            try await Self.agent(in: "desk", server) { desk in
                let list = try await desk.next("conversations")
                #expect(list["event"]?.text == "sync" && list["items"]?.list == [])
                try await TestSocket.open("/ws/chat?session=s1", port: server.port) { visitor in
                    #expect(try await visitor.next()["conversation"]?.text == "bot")
                    try await visitor.send(Self.user("hello", "m1"))
                    #expect(try await visitor.next("claude")["author"]?.object?["kind"]?.text == "responder")
                    try await visitor.send(Self.user("a person, please", "m2"))
                    #expect(try await visitor.next("claude")["message"]?.text == "I am calling somebody.")
                    #expect(try await visitor.next("conversation")["state"]?.text == "waiting")
                    let waiting = try #require(try await desk.next("conversations")["items"]?.list?.first?.object)
                    #expect(waiting["sessionId"]?.text == "s1" && waiting["state"]?.text == "waiting")
                    #expect(waiting["queue"]?.text == "support" && waiting["since"]?.text?.hasSuffix("Z") == true)
                    // Nobody but a person answers now.
                    try await visitor.send(Self.user("hello", "m3"))
                    #expect(try await visitor.next("ack")["id"]?.text == "m3")
                    try await Self.agent(in: "s1", server) { agent in
                        let welcome = try await agent.next()
                        #expect(welcome["conversation"]?.text == "waiting" && welcome["replayed"]?.number == 5)
                        try await agent.send(#"{"type":"conversation","state":"human"}"#)
                        let human = try await visitor.next("conversation")
                        #expect(human["state"]?.text == "human" && human["agent"]?.text == "Ada")
                        #expect(try await visitor.next("system")["message"]?.text == "Ada joined.")
                        #expect(
                            try await desk.next("conversations")["items"]?.list?.first?.object?["agent"]?.text == "Ada"
                        )
                        try await agent.send(#"{"type":"typing","state":"start"}"#)
                        #expect(try await visitor.next("typing")["author"]?.object?["name"]?.text == "Ada")
                        try await agent.send(Self.user("Hi, how can I help?", "a1"))
                        let said = try await visitor.next("claude")
                        #expect(said["message"]?.text == "Hi, how can I help?" && said["id"]?.text == "a1")
                        #expect(said["author"]?.object == ["kind": .text("agent"), "name": .text("Ada")])
                        #expect(try await agent.next("ack")["id"]?.text == "a1")
                        try await visitor.send(Self.user("hello", "m4"))
                        #expect(try await agent.next("user")["message"]?.text == "hello")
                        try await agent.send(#"{"type":"conversation","state":"bot"}"#)
                        #expect(try await visitor.next("conversation")["state"]?.text == "bot")
                        #expect(try await visitor.next("system")["message"]?.text?.hasPrefix("Ada has left.") == true)
                        #expect(
                            try await desk.next("conversations")["items"]?.list?.first?.object?["state"]?.text == "bot"
                        )
                    }
                    try await visitor.send(Self.user("hello", "m5"))
                    let reply = try await visitor.next("claude")
                    #expect(reply["inReplyTo"]?.text == "m5" && reply["author"]?.object?["kind"]?.text == "responder")
                }
            }
        }
    }

    @Test("a turn that is under way ends when an agent takes over, and its late reply is seen by nobody")
    func takeover() async throws {
        let patient = Patient()
        try await RunningServer.run(chain: Self.chain(patient), options: .unlimited) { server in
            try await TestSocket.open("/ws/chat?session=s1", port: server.port) { visitor in
                try await visitor.send(Self.user("something hard", "m1"))
                while try await visitor.next("typing")["state"]?.text != "start" {}
                try await Self.agent(in: "s1", server) { agent in
                    try await agent.send(Self.user("I do this myself.", "a1"))
                    #expect(try await visitor.next("claude")["message"]?.text == "I do this myself.")
                    while try await visitor.next("typing")["state"]?.text != "stop" {}
                    #expect(patient.letGo() == 1)
                    try await agent.send(#"{"type":"conversation","state":"closed"}"#)
                    #expect(try await visitor.next("system")["message"]?.text == "Ada closed the conversation.")
                }
                // What the visitor says next begins anew, and only that is answered.
                try await visitor.send(Self.user("another thing", "m2"))
                #expect(try await visitor.next("conversation")["state"]?.text == "bot")
                while patient.letGo() == 0 { _ = try await visitor.next(withPassing: true) }
                let reply = try await visitor.next("claude")
                #expect(reply["message"]?.text == "Late answer to another thing.")
            }
        }
    }

    @Test("of two agents one takes it, and the other is told")
    func conflict() async throws {
        try await RunningServer.run(chain: Self.chain(), options: .unlimited) { server in
            try await Self.agent("Ada", in: "s1", server) { ada in
                try await Self.agent("Bob", in: "s1", server) { bob in
                    try await ada.send(#"{"type":"conversation","state":"human"}"#)
                    #expect(try await bob.next("conversation")["agent"]?.text == "Ada")
                    try await bob.send(#"{"type":"conversation","state":"human"}"#)
                    let error = try await bob.next("error")
                    #expect(error["code"]?.text == "bad_request" && error["detail"]?.text == "state_conflict")
                    // To help a colleague needs no change.
                    try await bob.send(Self.user("I can help.", "b1"))
                    #expect(try await ada.next("claude")["author"]?.object?["name"]?.text == "Bob")
                    #expect(server.hub.isStaffed(.default))
                }
            }
        }
    }

    @Test("a visitor asks by the button, by WebSocket and by POST, and may end the conversation")
    func button() async throws {
        try await RunningServer.run(chain: Self.chain(), options: .unlimited) { server in
            try await TestSocket.open("/ws/chat?session=s1", port: server.port) { visitor in
                try await visitor.send(#"{"type":"conversation","state":"waiting"}"#)
                #expect(try await visitor.next("conversation")["state"]?.text == "waiting")
                #expect(try await visitor.next("system")["message"]?.text == "I am calling somebody.")
                try await visitor.send(#"{"type":"conversation","state":"closed"}"#)
                #expect(try await visitor.next("conversation")["state"]?.text == "closed")
                let asked = try await TestRequest.post(
                    "/api/chat/messages?session=s1",
                    #"{"type":"conversation","state":"waiting"}"#
                ).send(port: server.port)
                #expect(asked.status == 204)
                #expect(try await visitor.next("conversation")["state"]?.text == "bot")
                #expect(try await visitor.next("conversation")["state"]?.text == "waiting")
                for state in ["human", "bot", "nonsense"] {
                    try await visitor.send(#"{"type":"conversation","state":"\#(state)"}"#)
                    let error = try await visitor.next("error")
                    #expect(error["code"]?.text == "bad_request" && error["detail"]?.text == "state")
                }
            }
        }
    }

    @Test("who has a conversation outlives a restart, and the list knows it")
    func restart() async throws {
        let folder = try ScratchFolder([:])
        let options = StoreOptions(path: "\(folder.path)/chat.db")
        try await RunningServer.run(chain: Self.chain(), options: .unlimited, store: options) { server in
            try await Self.agent(in: "s1", server) { agent in
                try await agent.send(Self.user("I am here.", "a1"))
                #expect(try await agent.next("ack")["seq"]?.number == 2)
            }
            try await TestSocket.open("/ws/chat?session=s2", port: server.port) { visitor in
                try await visitor.send(Self.user("a person", "m1"))
                #expect(try await visitor.next("conversation")["state"]?.text == "waiting")
                #expect(try await visitor.next("ack")["id"]?.text == "m1")
            }
        }
        try await RunningServer.run(chain: Self.chain(), options: .unlimited, store: options) { server in
            try await Self.agent(in: "desk", server) { desk in
                let items = try #require(try await desk.next("conversations")["items"]?.list)
                #expect(items.compactMap { $0.object?["sessionId"]?.text } == ["s1", "s2"])
                #expect(items.compactMap { $0.object?["state"]?.text } == ["human", "waiting"])
                #expect(items.first?.object?["agent"]?.text == "Ada")
            }
            try await TestSocket.open("/ws/chat?session=s1", port: server.port) { visitor in
                let welcome = try await visitor.next()
                #expect(welcome["conversation"]?.text == "human" && welcome["agent"]?.text == "Ada")
                try await visitor.send(Self.user("hello", "m2"))
                #expect(try await visitor.next("ack")["id"]?.text == "m2")
            }
            // Sent again after the restart it is the same message.
            try await Self.agent(in: "s1", server) { agent in
                try await agent.send(Self.user("I am here.", "a1"))
                #expect(try await agent.next("ack")["duplicate"]?.flag == true)
            }
        }
    }

    @Test("D4 D5 D6: what an agent sends is checked as everybody's, and nobody can pass for one")
    func hostile() async throws {
        try await RunningServer.run(chain: Self.chain(), options: .unlimited) { server in
            try await Self.agent(in: "s1", server) { agent in
                _ = try await agent.next()
                let frames = [
                    (#"{"type":"claude","message":"x"}"#, "forbidden_type"),
                    (#"{"type":"conversations","items":[]}"#, "forbidden_type"),
                    (#"{"type":"user","message":"x","id":"re:m1"}"#, "bad_request"),
                    (#"{"type":"user","message":"x","id":"a1","sessionId":"s2"}"#, "bad_request"),
                ]
                for (frame, code) in frames {
                    try await agent.send(frame)
                    #expect(try await agent.next("error")["code"]?.text == code, "\(frame)")
                }
                let forged = #""author":{"kind":"system","name":"Root"},"seq":99,"timestamp":"1999-01-01T00:00:00Z""#
                try await agent.send(#"{"type":"user","message":"x","id":"a2","context":{"page":"/x"},\#(forged)}"#)
                let said = try await agent.next("claude")
                #expect(said["author"]?.object?["name"]?.text == "Ada" && said["seq"]?.number == 2)
                #expect(said["context"]?.object == [:] && said["timestamp"]?.text?.hasPrefix("1999") == false)
            }
            try await Self.agent(in: "desk", server) { desk in
                for frame in [
                    Self.user("x", "d1"), #"{"type":"conversation","state":"human"}"#,
                    #"{"type":"typing","state":"start"}"#,
                ] {
                    try await desk.send(frame)
                    #expect(try await desk.next("error")["detail"]?.text == "desk")
                }
            }
            // A visitor's room of that name is none.
            try await TestSocket.open("/ws/chat?session=desk", port: server.port) { visitor in
                #expect(try await visitor.next()["sessionId"]?.text == "desk")
                try await visitor.send(Self.user("hello", "m1"))
                #expect(try await visitor.next("claude")["author"]?.object?["kind"]?.text == "responder")
            }
        }
    }

    @Test("C4 D3: an agent comes into no room of another site, by no way of HTTP, and not without a subprotocol")
    func otherDoors() async throws {
        let ground = try AttackGround(acceptsSeed: true)
        try await ground.run { server in
            let token = try ground.token("x", of: Subject(.agent, "ada")).text
            let offer = "Sec-WebSocket-Protocol: chat.v1, bearer.\(token)"
            let (shop, help) = ("Origin: \(AttackGround.shopOrigin)", "Origin: \(AttackGround.helpOrigin)")
            let doors: [(String, [String], String)] = [
                ("/ws/chat?session=s", [offer, shop], "101"), ("/ws/chat?session=desk", [offer, shop], "101"),
                ("/ws/chat?session=s&site=help", [offer, help], "403"),
                ("/ws/chat?session=desk&site=help", [offer, help], "403"),
                ("/ws/chat?session=s", [offer, help], "403"), ("/ws/chat?session=s", [offer], "403"),
                ("/ws/chat?session=s", [shop, "Authorization: Bearer \(token)"], "401"),
            ]
            for (target, headers, status) in doors {
                try await TestSocket.connect(port: server.port) { socket in
                    try await socket.write(TestSocket.handshake(target, headers))
                    try await socket.readHead()
                    #expect(socket.head.hasPrefix("HTTP/1.1 \(status) "), "\(target) \(headers)")
                }
            }
            let headers = [shop, "Authorization: Bearer \(token)"]
            let calls = [
                TestRequest.post("/api/chat/messages?session=s", Self.user("x", "m1"), headers),
                .post("/api/chat/messages?session=s", #"{"type":"conversation","state":"closed"}"#, headers),
                .get("/api/chat/history?session=s", headers), .get("/api/chat/poll?session=s&client=c&wait=0", headers),
                .get("/api/chat/stream?session=s", headers),
            ]
            for call in calls { #expect(try await call.send(port: server.port).status == 403, "\(call.target)") }
        }
    }
}

extension RunningServer {
    /// A token for an agent of a site.
    func agentToken(_ name: String, of site: SiteID = .default) throws -> String {
        guard let subject = Subject(.agent, name), let session = SessionID("agent-\(name)") else {
            throw TestSocket.Unexpected(what: name)
        }
        return self.desk.issue(to: Holder(site: site, session: session, subject: subject, name: name)).token.text
    }
}
