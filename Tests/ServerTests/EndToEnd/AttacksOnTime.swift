import Access
import Hub
import Messages
import Testing
import Transport

@Suite("positions and clocks that can't be right", .timeLimit(.minutes(3)))
struct AttacksOnTime {
    @Test(
        "J2: a position of the future, of another epoch, or before what is kept is a reset, on every way",
        arguments: ["future", "epoch", "old"]
    )
    func positions(kind: String) async throws {
        try await RunningServer.run(options: .unlimited) { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                let epoch = try #require(try await socket.next()["epoch"]?.text)
                for index in 1...60 {
                    try await socket.send(#"{"type":"user","message":"hello","id":"m\#(index)"}"#)
                    _ = try await socket.next("claude")
                }
                // 120 messages: the last 100 are kept.
                let (named, since) =
                    switch kind {
                    case "future": (epoch, 121)
                    case "old": (epoch, 19)
                    default: ("old.0000", 120)
                    }
                try await socket.send(#"{"type":"resume","epoch":"\#(named)","since":\#(since)}"#)
                let resumed = try await socket.next("system")
                #expect(resumed["reset"]?.flag == true && resumed["recovered"]?.flag == false)
                let query = "session=s&epoch=\(named)&since=\(since)"
                try await TestSocket.open("/ws/chat?\(query)", port: server.port) { second in
                    let welcome = try await second.next()
                    #expect(welcome["reset"]?.flag == true && welcome["replayed"]?.number == 100)
                }
                let poll = try await TestRequest.get("/api/chat/poll?\(query)&client=c&wait=0").send(port: server.port)
                #expect(poll.json["reset"]?.flag == true && poll.json["top"]?.number == 120)
            }
        }
    }

    @Test(
        "J3: a jump of the clock by an hour leaves order, repeats and limits as they are",
        arguments: [3_600, -3_600]
    )
    func jump(seconds: Int64) async throws {
        let ground = try AttackGround()
        let options = HubOptions(messageRate: .init(perSecond: 1, burst: 3))
        let token = try ground.token("s").text
        try await ground.run(options: options) { server in
            try await TestSocket.open("s", token: token, port: server.port) { socket in
                _ = try await socket.next()
                var numbers: [Int?] = []
                for (index, text) in ["a", "b", "a", "c"].enumerated() {
                    // The third one is the first one again.
                    let id = index == 2 ? 0 : index
                    try await socket.send(#"{"type":"user","message":"\#(text)","id":"m\#(id)"}"#)
                    let ack = try await socket.next("ack")
                    #expect(ack["duplicate"]?.flag == (index == 2))
                    numbers.append(ack["seq"]?.number)
                    if index == 0 { ground.clocks.jump(seconds: seconds) }
                }
                #expect(numbers[0] == numbers[2])
                let others = [0, 1, 3].compactMap { numbers[$0] }
                #expect(others.count == 3 && others == others.sorted() && Set(others).count == 3)
                // The burst is neither refilled nor used up by the jump.
                try await socket.send(#"{"type":"user","message":"d","id":"m4"}"#)
                #expect(try await socket.next("error")["retryAfterMs"]?.number.map { 1...1_001 ~= $0 } == true)
            }
        }
    }

    @Test(
        "J3: after a jump of the clock a visitor comes back by the refresh token, and old tokens open nothing",
        arguments: [3_600, -3_600]
    )
    func tokensAfterJump(seconds: Int64) async throws {
        let ground = try AttackGround()
        try await ground.run { server in
            func session(_ body: String) async throws -> TestRequest.Answer {
                let headers = ["Origin: \(AttackGround.shopOrigin)"]
                return try await TestRequest.post("/api/chat/session", body, headers).send(port: server.port)
            }
            let first = try await session("{}")
            let name = try #require(first.json["sessionId"]?.text)
            let old = try #require(first.json["token"]?.text)
            ground.clocks.jump(seconds: seconds)
            for door in Door.allCases {
                let answer = try await door.knock(.init(session: name, token: old), port: server.port)
                #expect(answer.status == 401, "\(door)")
            }
            let second = try await session(#"{"refreshToken":"\#(try #require(first.json["refreshToken"]?.text))"}"#)
            #expect(second.json["sessionId"]?.text == name && second.json["expiresIn"]?.number == 900)
            let fresh = try #require(second.json["token"]?.text)
            for door in Door.allCases {
                let answer = try await door.knock(.init(session: name, token: fresh), port: server.port)
                #expect(answer.isWelcome, "\(door)")
            }
        }
    }
}
