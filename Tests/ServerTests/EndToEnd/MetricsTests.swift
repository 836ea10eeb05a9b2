import Access
import Testing
import Transport

@Suite("the numbers of a running server", .timeLimit(.minutes(1)))
struct MetricsTests {
    private static let secret = String(repeating: "a", count: 32)

    /// A number of the page, by its name and labels.
    private static func number(_ name: String, port: Int) async throws -> String? {
        let request = TestRequest.get("/metrics", ["Authorization: Bearer \(Self.secret)"])
        let lines = try await request.send(port: port).text.split(separator: "\n")
        return lines.first { $0.hasPrefix(name + " ") }.map { String($0.dropFirst(name.count + 1)) }
    }

    @Test("refused handshakes and foreign pages are counted, whichever door they came to")
    func refusals() async throws {
        let ground = try AttackGround()
        try await ground.run(adminToken: AdminToken(Self.secret)) { server in
            let name = #"chat_refusals_total{code="unauthorized"}"#
            try await #expect(Self.number(name, port: server.port) == "0")
            for (index, door) in Door.allCases.enumerated() {
                let visit = Door.Visit(origin: "https://evil.example.com")
                #expect(try await door.knock(visit, port: server.port).status == 403, "\(door)")
                try await #expect(Self.number(name, port: server.port) == "\(index + 1)", "\(door)")
            }
        }
    }
}
