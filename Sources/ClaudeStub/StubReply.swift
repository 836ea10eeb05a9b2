internal import Plugins

/// A response, ready to be written.
struct StubReply: Sendable {
    enum Body: Sendable {
        case whole([UInt8])
        case steps([StubStep], StubFraming)
    }

    var status = 200
    var headers: [StubError.Header] = []
    var contentType = "application/json"
    var body: Body
    /// Before the first byte, in milliseconds.
    var wait = 0
    /// Whether the connection is closed behind it, though nothing says so.
    var drops = false

    static func json(_ value: JSONValue, status: Int = 200) -> StubReply {
        StubReply(status: status, body: .whole(value.bytes))
    }

    static func error(_ error: StubError, requestID: String) -> StubReply {
        var reply = StubReply.json(error.body(requestID: requestID), status: error.status)
        reply.headers = error.headers
        return reply
    }

    /// An answer as the request wants it.
    init(_ answer: StubAnswer, isStreamed: Bool) {
        guard isStreamed else {
            self = .json(answer.json(isWhole: true))
            return
        }
        self.init(contentType: "text/event-stream; charset=utf-8", body: .steps(answer.steps, StubFraming()))
    }

    init(
        status: Int = 200,
        headers: [StubError.Header] = [],
        contentType: String = "application/json",
        body: Body
    ) {
        self.status = status
        self.headers = headers
        self.contentType = contentType
        self.body = body
    }
}

extension StubReply {
    /// The answer as a scenario writes it.
    ///
    /// - Parameters:
    ///   - answer: What would be answered without it.
    ///   - scenario: What to do to it; one that only says something else has been dealt with.
    ///   - isStreamed: Whether the client asked for a stream.
    init(_ answer: StubAnswer, _ scenario: Scenario, isStreamed: Bool) {
        self.init(answer, isStreamed: isStreamed)
        switch scenario {
        case .badGateway:
            self.init(
                status: 502,
                contentType: "text/html",
                body: .whole(Array("<html><head><title>502 Bad Gateway</title></head></html>\n".utf8))
            )
        case .wrongType: self.contentType = "text/plain"
        case .jsonBody: self = .json(answer.json(isWhole: true))
        case .redirect:
            self = .json(["type": "redirect"], status: 307)
            self.headers = [.init(name: "location", value: "http://169.254.169.254/v1/messages")]
        case .slowFirst(let milliseconds): self.wait = milliseconds
        case .drop: self.drops = true
        default: break
        }
        guard case .steps(let steps, var framing) = self.body else {
            if scenario == .cut, case .whole(let bytes) = self.body {
                let half = String(decoding: bytes.prefix(bytes.count / 2), as: UTF8.self)
                self.body = .steps([.raw(half), .wait(20), .reset], StubFraming())
            }
            return
        }
        switch scenario {
        case .crlf: framing.lineEnd = "\r\n"
        case .comments: framing.hasComments = true
        case .noEventLines: framing.hasEventLines = false
        case .chunks(let bytes): framing.chunk = bytes
        default: break
        }
        self.body = .steps(Self.changed(steps, by: scenario), framing)
    }

    private static func changed(_ steps: [StubStep], by scenario: Scenario) -> [StubStep] {
        // Begin, ping, begin of the block and two pieces of its text.
        let half = Array(steps.prefix(5))
        switch scenario {
        case .midstreamError:
            let error = StubError(529, "Overloaded").body(requestID: "req_stub_midstream")
            return half + [.event("error", error)] + steps.dropFirst(5)
        // What was written is to be read before the reset arrives.
        case .cut: return half + [.wait(20), .reset]
        case .noMessageStop: return steps.dropLast()
        case .noMessageDelta: return steps.dropLast(2) + steps.suffix(1)
        case .noMessageStart: return Array(steps.dropFirst())
        case .badIndex:
            let delta: JSONValue = [
                "type": "content_block_delta", "index": 7, "delta": ["type": "text_delta", "text": "x"],
            ]
            return half + [.event("content_block_delta", delta)] + steps.dropFirst(5)
        case .badJSON: return half + [.raw("event: content_block_delta\ndata: {\"type\":\n\n")] + steps.dropFirst(5)
        case .unknownEvent:
            return half + [.event("weather_report", ["type": "weather_report"])] + steps.dropFirst(5)
        case .extraFields: return steps.map(\.withMore)
        case .slowBetween(let milliseconds): return steps.flatMap { [$0, .wait(milliseconds)] }
        case .hang: return Array(steps.prefix(1)) + [.hang]
        case .endless: return half + [.pings]
        case .huge(let bytes):
            let text = String(repeating: "x", count: 10_000)
            let delta: JSONValue = [
                "type": "content_block_delta", "index": 0, "delta": ["type": "text_delta", "text": .text(text)],
            ]
            let deltas = Array(repeating: StubStep.event("content_block_delta", delta), count: bytes / 10_000 + 1)
            return half + deltas + steps.dropFirst(5)
        default: return steps
        }
    }
}

extension StubStep {
    /// The event with fields that no client knows.
    fileprivate var withMore: StubStep {
        guard case .event(let name, .object(let members)) = self else { return self }
        return .event(name, .object(members + [JSONValue.Member("x_next_year", ["nested": [1, "two", .null]])]))
    }
}
