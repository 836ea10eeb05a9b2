import Hub
import Messages
import Responders
import Testing
import Transport

@testable import Server

@Suite("clients that take more than their part", .timeLimit(.minutes(3)))
struct AttacksOnCapacity {
    private static func handshake(_ target: String, port: Int, _ headers: [String] = []) async throws
        -> TestRequest.Answer
    {
        try await TestSocket.connect(port: port) { socket in
            try await socket.write(TestSocket.handshake(target, headers))
            return try await TestRequest.answer(from: socket)
        }
    }

    @Test("G3: what the server can't greet or hold is refused with 503 and told when to come back")
    func serverBounds() async throws {
        var greeting = AddressLimitOptions.none
        greeting.accepts = RateLimit(1, perSeconds: 60, burst: 2)
        try await RunningServer.run(limits: greeting) { server in
            var answers: [TestRequest.Answer] = []
            for index in 0..<3 {
                answers.append(try await Self.handshake("/ws/chat?session=s\(index)", port: server.port))
            }
            #expect(answers.map(\.status) == [101, 101, 503])
            #expect(answers[2].code == "overloaded" && answers[2].head.contains("Retry-After: "))
        }
        var holding = AddressLimitOptions.none
        holding.allConnections = 1
        try await RunningServer.run(limits: holding) { server in
            try await TestSocket.open("/ws/chat?session=a", port: server.port) { _ in
                let answer = try await Self.handshake("/ws/chat?session=b", port: server.port)
                #expect(answer.status == 503 && answer.code == "overloaded" && answer.head.contains("Retry-After: "))
            }
        }
    }

    @Test("G3: two hundred connections that come and go leave place for the next")
    func churn() async throws {
        var limits = AddressLimitOptions.none
        (limits.connections, limits.allConnections) = (1, 1)
        try await RunningServer.run(options: .init(connectionsPerRoom: 1, rooms: 1), limits: limits) { server in
            for index in 0..<200 {
                // It takes a moment until the server has seen that the last one is gone.
                let target = "/ws/chat?session=\(index % 3)"
                while try await Self.handshake(target, port: server.port).status != 101 { await Task.yield() }
            }
        }
    }

    /// Asks for a session for the client that a header names.
    private static func session(_ forwarded: String, port: Int) async throws -> Int {
        try await TestRequest.post("/api/chat/session", "{}", ["X-Forwarded-For: \(forwarded)"]).send(port: port).status
    }

    private static let chain = Chain(name: "test", entries: [Chain.Entry(Greeter(), name: "greeter", stage: .answer)])

    private static var twoSessions: AddressLimitOptions {
        var limits = AddressLimitOptions.none
        limits.sessions = RateLimit(1, perSeconds: 60, burst: 2)
        return limits
    }

    @Test("G4: whoever isn't a trusted proxy changes nothing by X-Forwarded-For")
    func forgedHops() async throws {
        try await RunningServer.run(limits: Self.twoSessions) { server in
            var statuses: [Int] = []
            for address in ["192.0.2.1", "192.0.2.2", "192.0.2.3", "127.0.0.1"] {
                statuses.append(try await Self.session(address, port: server.port))
            }
            #expect(statuses == [200, 200, 429, 429])
        }
    }

    @Test("G4 G5: behind a trusted proxy the rightmost foreign hop counts, and the addresses of one /64 are one client")
    func hops() async throws {
        let proxies = TrustedProxies(["127.0.0.0/8", "10.0.0.0/8"].compactMap { .init($0) })
        try await RunningServer.run(chain: Self.chain, limits: Self.twoSessions, proxies: proxies) { server in
            for (hops, expected) in Self.hopCases {
                var statuses: [Int] = []
                for text in hops { statuses.append(try await Self.session(text, port: server.port)) }
                #expect(statuses == expected, "\(hops)")
            }
        }
    }

    /// What the header says, and what is answered to a client that may have two sessions.
    private static let hopCases: [(hops: [String], statuses: [Int])] = [
        (["192.0.2.1", "203.0.113.9, 192.0.2.1", "a, 192.0.2.1, 10.0.0.1"], [200, 200, 429]), (["192.0.2.2"], [200]),
        (
            [
                Array(repeating: "198.51.100.1", count: 500).joined(separator: ",") + ", 192.0.2.3", "192.0.2.3",
                "192.0.2.3, 10.1.2.3",
            ], [200, 200, 429]
        ),
        ((1...4).map { "2001:db8:0:1::\($0)" } + ["2001:db8:0:2::1"], [200, 200, 429, 429, 200]),
        (["192.0.2.7", "::ffff:192.0.2.7", "::ffff:c000:207"], [200, 200, 429]),
    ]

    @Test("G6 GT12: messages of a session by WebSocket and by POST share one limit")
    func sharedLimit() async throws {
        let options = HubOptions(messageRate: .init(perSecond: 1, burst: 4))
        try await RunningServer.run(chain: Self.chain, options: options, clocks: MovedClocks()) { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                _ = try await socket.next()
                var taken = 0
                for index in 0..<10 {
                    let frame = #"{"type":"user","message":"a","id":"m\#(index)","sessionId":"s"}"#
                    if index % 2 == 0 {
                        try await socket.send(frame)
                        while true {
                            let type = try await socket.next()["type"]?.text
                            if type == "ack" { taken += 1 }
                            if type == "ack" || type == "error" { break }
                        }
                    } else if try await TestRequest.post("/api/chat/messages", frame).send(port: server.port).status
                        == 200
                    {
                        taken += 1
                    }
                }
                #expect(taken == 4)
            }
        }
    }

    @Test("G7: a flood of typing is told to the others a few times at most, and to its sender not at all")
    func typingFlood() async throws {
        try await RunningServer.run { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { other in
                _ = try await other.next()
                try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                    _ = try await socket.next()
                    for index in 0..<500 {
                        try await socket.send(#"{"type":"typing","state":"\#(index % 2 == 0 ? "start" : "stop")"}"#)
                    }
                    try await socket.send(#"{"type":"user","message":"hello","id":"m1"}"#)
                    while true {
                        let frame = try await socket.next()
                        #expect(frame["type"]?.text != "error")
                        if frame["type"]?.text == "ack" { break }
                    }
                }
                var typing = 0
                while true {
                    let type = try await other.next(withPassing: true)["type"]?.text
                    if type == "user" { break }
                    if type == "typing" { typing += 1 }
                }
                #expect(typing <= 10)
            }
        }
    }

    @Test("G3: an address that is over its own limit uses up nothing of what the visitors of its site share")
    func siteShare() async throws {
        var limits = AddressLimitOptions.none
        limits.messages = RateLimit(1, perSeconds: 60, burst: 1)
        limits.siteMessages = RateLimit(1, perSeconds: 60, burst: 2)
        let proxies = TrustedProxies([try #require(TrustedProxies.Network("127.0.0.1"))])
        try await RunningServer.run(chain: Self.chain, limits: limits, proxies: proxies) { server in
            func post(_ id: String, from address: String) async throws -> Int {
                let body = #"{"type":"user","message":"hello","id":"\#(id)","sessionId":"\#(id)"}"#
                let request = TestRequest.post("/api/chat/messages", body, ["X-Forwarded-For: \(address)"])
                return try await request.send(port: server.port).status
            }
            try await #expect(post("m1", from: "192.0.2.1") == 200)
            for index in 0..<10 { try await #expect(post("loud-\(index)", from: "192.0.2.1") == 429) }
            try await #expect(post("m2", from: "192.0.2.2") == 200)
            try await #expect(post("m3", from: "192.0.2.3") == 429)
        }
    }

    @Test("G8: random sessions, ids, clients and sites fill no table beyond its bound")
    func randomNames() async throws {
        var options = HubOptions.unlimited
        options.rooms = 20
        try await RunningServer.run(options: options) { server in
            var generator = SystemRandomNumberGenerator()
            for index in 0..<200 {
                let (session, client) = (SessionID.random(using: &generator), SessionID.random(using: &generator))
                let poll = TestRequest.get("/api/chat/poll?session=\(session)&client=\(client)&wait=0")
                // Rooms in which nobody is make place for the next.
                #expect(try await poll.send(port: server.port).status == 200)
                let site = TestRequest.get("/api/chat/poll?session=s&client=c&wait=0&site=site-\(index)")
                #expect(try await site.send(port: server.port).status == 400)
            }
            try await Self.fill(20, port: server.port) {
                // Those in which somebody is don't.
                let answer = try await Self.handshake("/ws/chat?session=one-more", port: server.port)
                #expect(answer.status == 503 && answer.code == "overloaded")
            }
        }
    }

    /// Opens a WebSocket to each of many rooms, one inside the other.
    private static func fill(_ count: Int, port: Int, _ body: () async throws -> Void) async throws {
        guard count > 0 else { return try await body() }
        try await TestSocket.open("/ws/chat?session=full-\(count)", port: port) { _ in
            try await Self.fill(count - 1, port: port, body)
        }
    }
}
