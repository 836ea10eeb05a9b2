import Hub
import Messages
import Responders
import RespondersTesting
import Testing

@testable import Server

/// What a message has the responder do.
private enum Deed: String, CaseIterable {
    case replies, passes, throwsError, suppresses
    /// Ends when it is cancelled.
    case hangs
    /// Answers after its time, whatever it is told.
    case answersLate
    case streams, streamsNothing, diesInItsStream, hangsInItsStream
    case floods
}

/// Does what the message says.
private struct Whim: Responder {
    struct Broken: Error, CustomStringConvertible { let description = "secret inner workings" }

    let clock: TurnClock

    func respond(to turn: Turn) async throws -> Verdict {
        guard let deed = Deed(rawValue: turn.message.text) else { return .reply("the end") }
        switch deed {
        case .replies:
            try await self.clock.sleep(for: .milliseconds(600))
            return .reply("a reply")
        case .passes: return .pass()
        case .throwsError: throw Broken()
        case .suppresses: return .suppress(reason: "quiet")
        case .hangs:
            try await self.clock.sleep(for: .seconds(1_000_000))
            return .reply("late")
        case .answersLate:
            await Task { try? await self.clock.sleep(for: .seconds(12)) }.value
            return .reply("late")
        case .streams, .streamsNothing, .diesInItsStream, .hangsInItsStream, .floods: return .stream(self.stream(deed))
        }
    }

    private func stream(_ deed: Deed) -> StreamedReply {
        StreamedReply { output in
            guard deed != .streamsNothing else { throw Broken() }
            try output.write("first ")
            switch deed {
            case .diesInItsStream: throw Broken()
            case .hangsInItsStream: try await self.clock.sleep(for: .seconds(1_000_000))
            case .floods: for _ in 0..<100 { try? output.write(String(repeating: "x", count: 1_000)) }
            default: try await self.clock.sleep(for: .milliseconds(900))
            }
            try output.write("second")
            return "first second"
        }
    }
}

private struct LastWord: ImmediateResponder {
    func respond(to turn: Turn) -> Verdict { .reply("I have no answer.") }
}

/// What a visitor has seen.
private struct Sight {
    /// How often each reply came, by its id.
    var replies: [String: Int] = [:]
    /// The replies that have begun and not ended.
    var open: Set<String> = []
    var isTyping = false

    mutating func see(_ frame: [String: TestSocket.Value], _ place: String) {
        let id = (frame["replyId"] ?? frame["id"])?.text ?? ""
        switch frame["type"]?.text {
        case "typing": self.isTyping = frame["state"]?.text == "start"
        case "reply.start": #expect(self.open.insert(id).inserted, "\(place): \(id) begins twice")
        case "reply.delta": #expect(self.open.contains(id), "\(place): a piece of \(id), which isn't under way")
        case "reply.end": #expect(self.open.remove(id) != nil, "\(place): \(id) ends, which isn't under way")
        case "claude":
            self.replies[id, default: 0] += 1
            let text = frame["message"]?.text ?? ""
            #expect(!text.isEmpty && !text.contains("secret") && !text.contains("late"), "\(place): \(text)")
        default: break
        }
    }
}

@Suite("what a visitor sees while responders do what they like", .timeLimit(.minutes(5)))
struct TypingModelTests {
    @Test("one reply a message, each stream ended, and nobody types for ever", arguments: 0..<40)
    func sight(seed: Int) async throws {
        let clock = ManualClock()
        let chain = Chain(
            name: "test",
            entries: [
                Chain.Entry(Whim(clock: TurnClock(clock)), name: "whim", stage: .answer),
                Chain.Entry(LastWord(), name: "fallback", stage: .fallback),
            ],
            streamDeadline: .seconds(12),
            clock: TurnClock(clock)
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // A real server needs real time.
                while (try? await ContinuousClock().sleep(for: .milliseconds(4))) != nil {
                    clock.advance(by: .milliseconds(100))
                }
            }
            // The hub's clocks stand: it tells of no end of typing by itself.
            try await RunningServer.run(chain: chain, options: .unlimited, clocks: MovedClocks()) { server in
                try await TestSocket.open("/ws/chat?session=s", port: server.port) { try await Self.story(seed, $0) }
            }
            group.cancelAll()
        }
    }

    private static func story(_ seed: Int, _ socket: TestSocket) async throws {
        var random = SplitMix64(state: UInt64(seed))
        let deeds = (0..<6).map { _ in Deed.allCases.randomElement(using: &random) ?? .passes }
        let place = "seed \(seed): \(deeds)"
        for (number, deed) in deeds.enumerated() {
            try await socket.send(#"{"type":"user","message":"\#(deed)","id":"m\#(number)"}"#)
        }
        try await socket.send(#"{"type":"user","message":"and now?","id":"end"}"#)
        var sight = Sight()
        while sight.replies["re:end"] == nil || sight.isTyping {
            let frame = try await socket.next(withPassing: true)
            sight.see(frame, place)
            // The visitor wants no more of it.
            if frame["type"]?.text == "reply.start", Int.random(in: 0..<3, using: &random) == 0 {
                try await socket.send(#"{"type":"stop","replyId":"\#(frame["replyId"]?.text ?? "")"}"#)
            }
        }
        // Whatever comes too late has its time, and shows nothing.
        try await socket.send(#"{"type":"user","message":"replies","id":"last"}"#)
        while sight.replies["re:last"] == nil || sight.isTyping {
            sight.see(try await socket.next(withPassing: true), place)
        }
        #expect(sight.open.isEmpty, "\(place)")
        let wanted = deeds.enumerated().filter { $1 != .suppresses }.map { "re:m\($0.offset)" } + ["re:end", "re:last"]
        #expect(sight.replies == Dictionary(uniqueKeysWithValues: wanted.map { ($0, 1) }), "\(place)")
    }
}
