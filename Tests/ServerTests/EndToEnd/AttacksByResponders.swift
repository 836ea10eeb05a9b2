import Hub
import Responders
import RespondersTesting
import Synchronization
import Testing

@testable import Server

/// What a responder does that wants no good.
private enum Malice: CaseIterable {
    case never, ignoresCancellation, throwsError

    func responder(_ clock: TurnClock) -> any Responder { Villain(malice: self, clock: clock) }
}

private struct Villain: Responder {
    struct Broken: Error, CustomStringConvertible { let description = "secret inner workings" }

    let malice: Malice
    let clock: TurnClock

    func respond(to turn: Turn) async throws -> Verdict {
        switch self.malice {
        case .throwsError: throw Broken()
        case .never: try await self.clock.sleep(for: .seconds(1_000_000))
        case .ignoresCancellation:
            // A task of its own does not learn of the cancellation.
            await Task { try? await self.clock.sleep(for: .seconds(1_000_000)) }.value
        }
        return .reply("late")
    }
}

/// Says the same, as long as anybody lets it.
private struct Flood: ImmediateResponder {
    func respond(to turn: Turn) -> Verdict {
        .reply(Reply(String(repeating: "x", count: 1_000_000), format: .plain), then: .continue)
    }
}

private struct LastWord: ImmediateResponder {
    func respond(to turn: Turn) -> Verdict { .reply(Reply("I have no answer.", format: .plain)) }
}

@Suite("responders that want no good", .timeLimit(.minutes(3)))
struct AttacksByResponders {
    @Test(
        "G11: a responder that never returns, or throws, leaves the visitor with the fallback at its time limit, and no typing",
        arguments: Malice.allCases
    )
    fileprivate func silence(malice: Malice) async throws {
        let clock = ManualClock()
        let chain = Chain(
            name: "test",
            entries: [
                Chain.Entry(malice.responder(TurnClock(clock)), name: "villain", stage: .answer, timeout: .seconds(30)),
                Chain.Entry(LastWord(), name: "fallback", stage: .fallback),
            ],
            clock: TurnClock(clock)
        )
        // The hub's clocks stand: it tells of no end of typing by itself.
        try await RunningServer.run(chain: chain, options: .unlimited, clocks: MovedClocks()) { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                _ = try await socket.next()
                try await socket.send(#"{"type":"user","message":"hello","id":"m1"}"#)
                if malice != .throwsError {
                    // The call, its limit, the watchdog, and whoever shows that somebody types.
                    await clock.sleepers(atLeast: 4)
                    clock.advance(by: .milliseconds(300))
                    while try await socket.next(withPassing: true)["type"] != .text("typing") {}
                    // Up to the deadline, less what the fallback has.
                    clock.advance(by: .milliseconds(7_450))
                }
                #expect(try await socket.next("claude")["message"] == .text("I have no answer."))
                var isTyping = malice != .throwsError
                while isTyping {
                    let frame = try await socket.next(withPassing: true)
                    guard frame["type"] == .text("typing") else { continue }
                    isTyping = frame["state"] == .text("start")
                }
                // The conversation goes on.
                try await socket.send(#"{"type":"user","message":"again","id":"m2"}"#)
                #expect(try await socket.next("ack")["id"] == .text("m2"))
                clock.advance(by: .seconds(8))
            }
        }
    }

    @Test("G11: responders that flood are heard three times a message, each within the bound of a message")
    func flood() async throws {
        let entries = (0..<6).map { Chain.Entry(Flood(), name: "flood-\($0)", stage: .answer) }
        try await RunningServer.run(chain: Chain(name: "test", entries: entries), options: .unlimited) { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                _ = try await socket.next()
                for id in ["m1", "m2"] { try await socket.send(#"{"type":"user","message":"hello","id":"\#(id)"}"#) }
                var ids: [String] = []
                while ids.last != "re:m2:3" {
                    let frame = try await socket.next("claude")
                    ids.append(frame["id"]?.text ?? "")
                    #expect((frame["message"]?.text ?? "").utf8.count == 16_384)
                }
                #expect(ids == ["re:m1", "re:m1:2", "re:m1:3", "re:m2", "re:m2:2", "re:m2:3"])
            }
        }
    }
}
