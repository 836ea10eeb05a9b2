internal import Plugins

/// One step of writing a response.
enum StubStep: Sendable {
    case event(String, JSONValue)
    /// Bytes as they are.
    case raw(String)
    /// The stub's clock, in milliseconds.
    case wait(Int)
    /// The connection is reset.
    case reset
    /// Nothing more comes, and the connection stays.
    case hang
    /// Pings until the client has gone.
    case pings
}

extension StubAnswer {
    /// The whole stream of the answer, in the order of the API.
    var steps: [StubStep] {
        var steps: [StubStep] = [
            .event("message_start", ["type": "message_start", "message": self.json(isWhole: false)]),
            .event("ping", ["type": "ping"]),
        ]
        for (index, block) in self.blocks.enumerated() { steps += block.steps(at: index) }
        return steps + self.lastSteps
    }

    var lastSteps: [StubStep] {
        [
            .event(
                "message_delta",
                [
                    "type": "message_delta",
                    "delta": [
                        "stop_reason": .text(self.stopReason), "stop_sequence": .null, "stop_details": self.stopDetails,
                    ],
                    "usage": self.usage.json(output: self.usage.output),
                ]
            ),
            .event("message_stop", ["type": "message_stop"]),
        ]
    }
}

extension StubAnswer.Block {
    func steps(at index: Int) -> [StubStep] {
        let start = StubStep.event(
            "content_block_start",
            ["type": "content_block_start", "index": JSONValue(index), "content_block": self.empty]
        )
        let deltas = self.deltas.map { delta in
            StubStep.event(
                "content_block_delta",
                ["type": "content_block_delta", "index": JSONValue(index), "delta": delta]
            )
        }
        let stop = StubStep.event("content_block_stop", ["type": "content_block_stop", "index": JSONValue(index)])
        return [start] + deltas + [stop]
    }

    /// The block as it begins.
    private var empty: JSONValue {
        switch self {
        case .text: ["type": "text", "text": ""]
        case .toolUse(let id, let name, _): ["type": "tool_use", "id": .text(id), "name": .text(name), "input": [:]]
        case .thinking: ["type": "thinking", "thinking": "", "signature": ""]
        case .unknown: self.json
        }
    }

    private var deltas: [JSONValue] {
        switch self {
        case .text(let text): Self.pieces(of: text).map { ["type": "text_delta", "text": .text($0)] }
        case .toolUse(_, _, let input):
            // The first piece is empty, as the API's are.
            ([""] + Self.pieces(of: String(decoding: input.bytes, as: UTF8.self)))
                .map { ["type": "input_json_delta", "partial_json": .text($0)] }
        case .thinking(let text, let signature):
            Self.pieces(of: text).map { ["type": "thinking_delta", "thinking": .text($0)] }
                + [["type": "signature_delta", "signature": .text(signature)]]
        case .unknown: [["type": "hologram_delta", "hologram": "?"]]
        }
    }

    /// Pieces of five characters.
    private static func pieces(of text: String) -> [String] {
        var pieces: [String] = []
        var rest = text[...]
        while !rest.isEmpty {
            pieces.append(String(rest.prefix(5)))
            rest = rest.dropFirst(5)
        }
        return pieces
    }
}

/// How events are written.
struct StubFraming: Sendable {
    var lineEnd = "\n"
    var hasComments = false
    var hasEventLines = true
    /// How many bytes are written at once; nothing means a whole event.
    var chunk: Int?

    func bytes(of name: String, _ data: JSONValue) -> [UInt8] {
        var bytes: [UInt8] = []
        if self.hasComments { bytes += Array(": the stub\(self.lineEnd)".utf8) }
        if self.hasEventLines { bytes += Array("event: \(name)\(self.lineEnd)".utf8) }
        return bytes + Array("data: ".utf8) + data.bytes + Array("\(self.lineEnd)\(self.lineEnd)".utf8)
    }
}
