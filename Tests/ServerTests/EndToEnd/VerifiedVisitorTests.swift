import Access
import Messages
import Responders
import Testing

@testable import Server

/// Says whom it talks with.
private struct Announcer: ImmediateResponder {
    func respond(to turn: Turn) -> Verdict {
        .reply(Reply("\(turn.visitor.id ?? "nobody") \(turn.visitor.isVerified)", format: .plain))
    }
}

@Suite("whom responders know", .timeLimit(.minutes(1)))
struct VerifiedVisitorTests {
    @Test("is a visitor for whom the site vouches, by WebSocket and by POST, and nobody else, whatever they write")
    func visitors() async throws {
        let ground = try AttackGround()
        let known = try ground.token("s1", of: Subject(.verified, "4711")).text
        let unknown = try ground.token("s2").text
        try await ground.run(responder: Announcer()) { server in
            for (session, token, expected) in [("s1", known, "4711 true"), ("s2", unknown, "nobody false")] {
                try await TestSocket.open(session, token: token, port: server.port) { socket in
                    let context = #""context":{"visitor":"4711"},"visitor":{"id":"4711","verified":true}"#
                    try await socket.send(#"{"type":"user","message":"who am I","id":"m1",\#(context)}"#)
                    #expect(try await socket.next("claude")["message"]?.text == expected)
                    let body = #"{"type":"user","message":"who am I","id":"m2","sessionId":"\#(session)",\#(context)}"#
                    let headers = ["Origin: \(AttackGround.shopOrigin)", "Authorization: Bearer \(token)"]
                    let answer = try await TestRequest.post("/api/chat/messages", body, headers).send(port: server.port)
                    #expect(answer.status == 200, "\(answer.text)")
                    #expect(try await socket.next("claude")["message"]?.text == expected)
                }
            }
        }
    }
}
