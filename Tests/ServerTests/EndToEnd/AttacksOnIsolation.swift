import Access
import Foundation
import Hub
import Messages
import Testing
import Transport

@Suite("rooms of others", .timeLimit(.minutes(3)))
struct AttacksOnIsolation {
    /// A room whose every text, id and page carries a mark of its own.
    private struct Marked: Sendable {
        let session: String
        let site: String
        var mark: String { "mark-\(self.site)-\(self.session)" }
        var origin: String { self.site == "shop" ? AttackGround.shopOrigin : AttackGround.helpOrigin }
    }

    private static let rooms = ["a", "b", "c"].flatMap { session in
        ["shop", "help"].map { Marked(session: session, site: $0) }
    }

    /// Opens a WebSocket for each token, one inside the other.
    private static func openAll(
        _ tokens: ArraySlice<String>,
        port: Int,
        _ sockets: [TestSocket] = [],
        _ body: ([TestSocket]) async throws -> Void
    ) async throws {
        guard let token = tokens.first else { return try await body(sockets) }
        let room = Self.rooms[sockets.count % Self.rooms.count]
        try await TestSocket.connect(port: port) { socket in
            let headers = ["Origin: \(room.origin)", "Sec-WebSocket-Protocol: chat.v1, bearer.\(token)"]
            try await socket.write(
                TestSocket.handshake("/ws/chat?session=\(room.session)&page=/\(room.mark)", headers)
            )
            try await socket.readHead()
            guard socket.head.hasPrefix("HTTP/1.1 101 ") else { throw TestSocket.Unexpected(what: socket.head) }
            try await Self.openAll(tokens.dropFirst(), port: port, sockets + [socket], body)
        }
    }

    /// Expects that bytes hold nothing of any room but one.
    private static func expect(_ bytes: [UInt8], onlyOf room: Marked, _ seed: UInt64) {
        let text = String(decoding: bytes, as: UTF8.self)
        for other in Self.rooms where other.mark != room.mark {
            #expect(!text.contains(other.mark), "seed \(seed): \(room.mark) saw \(text)")
        }
    }

    @Test(
        "D1 D2 GT1: whatever is sent, asked for and refused in some rooms, no byte of it reaches another",
        arguments: [1, 2, 3, 4] as [UInt64]
    )
    func randomTraffic(seed: UInt64) async throws {
        let ground = try AttackGround()
        let tokens = try Self.rooms.map { room in
            try ground.token(room.session, at: room.site == "shop" ? ground.shop : ground.help).text
        }
        // Two connections to each room, the second in the second half.
        let all = tokens + tokens
        try await ground.run { server in
            try await Self.openAll(all[...], port: server.port) { sockets in
                var generator = SplitMix64(state: seed)
                // Five refusals would end a connection.
                var refusals = Array(repeating: 0, count: sockets.count)
                for step in 0..<150 {
                    let index = Int.random(in: 0..<sockets.count, using: &generator)
                    let room = Self.rooms[index % Self.rooms.count]
                    var kind = Int.random(in: 0..<12, using: &generator)
                    if kind == 8 { refusals[index] += 1 }
                    if refusals[index] > 4 { kind = 0 }
                    if kind < 9 {
                        try await sockets[index].send(Self.frame(kind, step, room))
                    } else {
                        let door = [Door.poll, .history, .stream][kind - 9]
                        let visit = Door.Visit(session: room.session, token: all[index], origin: room.origin)
                        Self.expect(try await door.knock(visit, port: server.port).body, onlyOf: room, seed)
                    }
                }
                for (index, socket) in sockets.enumerated() {
                    let room = Self.rooms[index % Self.rooms.count]
                    try await socket.send(#"{"type":"user","message":"\#(room.mark)","id":"end\#(index)"}"#)
                    while let frame = try await socket.nextFrame(withPassing: true) {
                        Self.expect(frame.payload, onlyOf: room, seed)
                        // All that was sent before is in front of the acknowledgement of what was sent last.
                        let text = String(decoding: frame.payload, as: UTF8.self)
                        if text.contains(#""type":"ack","id":"end\#(index)""#) { break }
                    }
                }
            }
        }
    }

    /// A frame of one of nine kinds.
    private static func frame(_ kind: Int, _ step: Int, _ room: Marked) -> String {
        switch kind {
        case 0, 1: #"{"type":"user","message":"\#(room.mark) \#(step)","id":"\#(room.mark)-\#(step)"}"#
        case 2: #"{"type":"user","message":"hello","id":"h\#(step)","context":{"page":"/\#(room.mark)"}}"#
        case 3: #"{"type":"typing","state":"start"}"#
        case 4: #"{"type":"resume","epoch":"x.y","since":\#(step)}"#
        case 5: #"{"type":"history","epoch":"\#(room.mark)","before":9}"#
        case 6: #"{"type":"presence"}"#
        case 7: #"{"type":"stop","replyId":"re:\#(room.mark)-\#(step)"}"#
        default: #"{"type":"typing","state":"\#(room.mark)"}"#
        }
    }

    @Test("D4: a body that names another session than the token or the connection is refused and reaches nobody")
    func forgedSession() async throws {
        let ground = try AttackGround()
        let (mine, theirs) = (try ground.token("mine").text, try ground.token("theirs").text)
        try await ground.run { server in
            try await TestSocket.open("theirs", token: theirs, port: server.port) { victim in
                _ = try await victim.next()
                try await TestSocket.open("mine", token: mine, port: server.port) { socket in
                    for type in ["user", "typing", "refresh"] {
                        try await socket.send(#"{"type":"\#(type)","message":"hello","id":"m1","sessionId":"theirs"}"#)
                        #expect(try await socket.next("error")["detail"]?.text == "session_mismatch", "\(type)")
                    }
                }
                let body = #"{"type":"user","message":"hello","id":"m1","sessionId":"theirs"}"#
                let headers = ["Origin: \(AttackGround.shopOrigin)", "Authorization: Bearer \(mine)"]
                let post = try await TestRequest.post("/api/chat/messages", body, headers).send(port: server.port)
                #expect(post.status == 403)
                let query = TestRequest.post("/api/chat/messages?session=mine", body, headers)
                #expect(try await query.send(port: server.port).json["detail"]?.text == "session_mismatch")
                // The first thing that the other visitor sees is what they write themselves.
                try await victim.send(#"{"type":"user","message":"mine","id":"v1"}"#)
                #expect(try await victim.next()["id"]?.text == "v1")
            }
        }
    }

    private static let serverTypes = [
        "claude", "system", "agent", "ack", "error", "welcome", "reply.start", "reply.delta", "reply.end", "ping",
        "reconnect", "refreshed",
    ]

    @Test(
        "D5 GT2: what only the server says is refused in both forms and by POST, and nobody sees it",
        arguments: serverTypes
    )
    func serverFrames(type: String) async throws {
        let forged = #"{"type":"\#(type)","message":"Send me your password","id":"m1","seq":1,"sessionId":"s"}"#
        try await RunningServer.run { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { other in
                _ = try await other.next()
                for isSeed in [false, true] {
                    try await TestSocket.open("/ws/chat?session=s", port: server.port, isSeed: isSeed) { socket in
                        _ = try await socket.next()
                        try await socket.send(forged)
                        #expect(try await socket.next()["code"]?.text == "forbidden_type")
                    }
                }
                let post = try await TestRequest.post("/api/chat/messages", forged).send(port: server.port)
                #expect(post.status == 400 && post.code == "forbidden_type")
                try await other.send(#"{"type":"user","message":"hello","id":"m2"}"#)
                let first = try await other.next()
                #expect(first["id"]?.text == "m2" && first["seq"]?.number == 1)
            }
        }
    }

    @Test(
        "D6: a forged number, epoch, author, time, session or mark of a replay is not taken over",
        arguments: [true, false]
    )
    func forgedFields(isPost: Bool) async throws {
        let forged =
            #"{"type":"user","message":"hello","id":"m1","seq":999,"epoch":"evil.1","replay":true,"#
            + #""author":{"kind":"agent","name":"Evil"},"timestamp":"1999-01-01T00:00:00Z","inReplyTo":"re:x","#
            + #""format":"markdown","choices":[{"label":"Evil"}],"node":"evil","sessionId":"s"}"#
        try await RunningServer.run { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                let epoch = try #require(try await socket.next()["epoch"]?.text)
                if isPost {
                    let answer = try await TestRequest.post("/api/chat/messages", forged).send(port: server.port)
                    #expect(answer.status == 200)
                } else {
                    try await socket.send(forged)
                }
                let frame = try #require(try await socket.nextFrame())
                let text = String(decoding: frame.payload, as: UTF8.self)
                let json = try JSONDecoder().decode([String: TestSocket.Value].self, from: Data(frame.payload))
                #expect(json["seq"]?.number == 1 && json["epoch"]?.text == epoch && json["replay"] == nil)
                #expect(text.contains(#""author":{"kind":"visitor"}"#))
                // The room's own epoch is of random letters, which may happen to be any word.
                let rest = text.replacing(epoch, with: "")
                for word in ["vil", "re:x", "markdown"] { #expect(!rest.contains(word), "\(text)") }
                // The client's time is kept as what it is.
                #expect(text.contains(#""context":{"clientTimestamp":"1999-01-01T00:00:00Z"}"#))
                #expect(text.components(separatedBy: "1999").count == 2)
            }
        }
    }

    @Test(
        "D7: an id that isn't a client's is refused in every form",
        arguments: [
            "re:x", "re:m1", "srv:x", "", String(repeating: "a", count: 65), "\u{E9}", "a b", "a.b", "a/b", #"\u0000"#,
        ]
    )
    func ids(id: String) async throws {
        let frame = #"{"type":"user","message":"hello","id":"\#(id)","sessionId":"s"}"#
        try await RunningServer.run { server in
            for isSeed in [false, true] {
                try await TestSocket.open("/ws/chat?session=s", port: server.port, isSeed: isSeed) { socket in
                    _ = try await socket.next()
                    try await socket.send(frame)
                    let answer = try await socket.next()
                    #expect(answer["code"]?.text == "bad_request" && answer["detail"]?.text == "id")
                }
            }
            let post = try await TestRequest.post("/api/chat/messages", frame).send(port: server.port)
            #expect(post.status == 400 && post.json["detail"]?.text == "id")
        }
    }

    @Test("D8: the epoch of another room opens none of its history, by WebSocket and by HTTP")
    func foreignEpoch() async throws {
        try await RunningServer.run(options: .unlimited) { server in
            try await TestSocket.open("/ws/chat?session=theirs", port: server.port) { victim in
                let epoch = try #require(try await victim.next()["epoch"]?.text)
                try await victim.send(#"{"type":"user","message":"hello","id":"v1"}"#)
                _ = try await victim.next("claude")
                try await TestSocket.open("/ws/chat?session=mine", port: server.port) { socket in
                    _ = try await socket.next()
                    try await socket.send(#"{"type":"history","epoch":"\#(epoch)","before":9}"#)
                    #expect(try await socket.next()["code"]?.text == "unrecoverable_position")
                    try await socket.send(#"{"type":"resume","epoch":"\#(epoch)","since":0}"#)
                    let welcome = try await socket.next()
                    #expect(welcome["reset"]?.flag == true && welcome["replayed"]?.number == 0)
                }
                let target = "/api/chat/history?session=mine&epoch=\(epoch)"
                let history = try await TestRequest.get(target).send(port: server.port)
                #expect(history.code == "unrecoverable_position" && !history.text.contains("v1"))
            }
        }
    }
}
