@testable import Plugins

/// Streams as the API sends them.
enum StreamSample {
    /// A text block and a call of a tool.
    static let whole = """
        event: message_start
        data: {"type":"message_start","message":{"id":"msg_2086602c8d9a","type":"message","role":"assistant","model":"m",\
        "content":[],"stop_reason":null,"stop_sequence":null,"stop_details":null,"usage":{"input_tokens":12,\
        "output_tokens":1,"cache_creation_input_tokens":3,"cache_read_input_tokens":4,"cache_creation":\
        {"ephemeral_5m_input_tokens":1,"ephemeral_1h_input_tokens":2},"service_tier":"standard"}}}

        event: ping
        data: {"type":"ping"}

        event: content_block_start
        data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

        event: content_block_delta
        data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Ich schaue in die Übersicht 👩‍🔧"}}

        event: content_block_delta
        data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" nach."}}

        event: content_block_stop
        data: {"type":"content_block_stop","index":0}

        event: content_block_start
        data: {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_01","name":"find","input":{}}}

        event: content_block_delta
        data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}}

        event: content_block_delta
        data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\\"query\\": \\"Dropdow"}}

        event: content_block_delta
        data: {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"n \\\\u00e9\\", \\"limit\\": 2}"}}

        event: content_block_stop
        data: {"type":"content_block_stop","index":1}

        event: message_delta
        data: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null,"stop_details":null},"usage":{"output_tokens":15}}

        event: message_stop
        data: {"type":"message_stop"}


        """

    /// What ``whole`` says.
    static var response: MessagesResponse {
        var response = MessagesResponse()
        response.id = "msg_2086602c8d9a"
        response.model = "m"
        response.content = [
            .text("Ich schaue in die Übersicht 👩‍🔧 nach."),
            .toolUse(.init(id: "toolu_01", name: "find", input: ["query": "Dropdown é", "limit": 2])),
        ]
        response.stopReason = .toolUse
        response.usage = Usage(input: 12, output: 15, cacheWrite: 3, cacheWriteHour: 2, cacheRead: 4)
        return response
    }

    static let start = event("message_start", #""message":{"id":"i","role":"assistant","model":"m","usage":{}}"#)
    static let stop = event("message_stop")

    static func event(_ name: String, _ fields: String = "") -> String {
        "event: \(name)\ndata: {\"type\":\"\(name)\"\(fields.isEmpty ? "" : ",")\(fields)}\n\n"
    }

    static func block(_ index: Int, _ block: String) -> String {
        self.event("content_block_start", "\"index\":\(index),\"content_block\":{\(block)}")
    }

    static func delta(_ index: Int, _ delta: String) -> String {
        self.event("content_block_delta", "\"index\":\(index),\"delta\":{\(delta)}")
    }

    static func blockStop(_ index: Int) -> String { self.event("content_block_stop", "\"index\":\(index)") }

    static func end(_ reason: String = "end_turn", usage: String = "") -> String {
        self.event("message_delta", "\"delta\":{\"stop_reason\":\"\(reason)\"},\"usage\":{\(usage)}") + self.stop
    }

    /// A block of text with one delta.
    static func text(_ text: String, at index: Int = 0) -> String {
        self.block(index, #""type":"text","text":"""#)
            + self.delta(index, "\"type\":\"text_delta\",\"text\":\"\(text)\"")
            + self.blockStop(index)
    }
}

/// What came of a stream.
struct StreamReading: Hashable {
    var events: [StreamEvent] = []
    /// Why it could not be read to its end.
    var error: StreamError?
    var reader = EventStreamReader()

    /// Reads a whole body in pieces of a size.
    init(_ bytes: some Sequence<UInt8>, inPiecesOf size: Int = .max) {
        let bytes = Array(bytes)
        var start = 0
        do throws(StreamError) {
            while start < bytes.count {
                let end = size < bytes.count - start ? start + size : bytes.count
                try self.receive(bytes[start..<end])
                start = end
            }
            try self.reader.finish()
        } catch {
            self.error = error
        }
    }

    private mutating func receive(_ bytes: ArraySlice<UInt8>) throws(StreamError) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(StreamError) in try self.reader.receive(buffer, to: &self.events) }
        }
        try result.get()
    }

    static func == (left: StreamReading, right: StreamReading) -> Bool {
        left.events == right.events && left.error == right.error && left.reader.response == right.reader.response
            && left.reader.outputBytes == right.reader.outputBytes
    }

    func hash(into hasher: inout Hasher) { hasher.combine(self.events) }

    /// The whole response, where there is one.
    var response: MessagesResponse? {
        guard case .ended(let response)? = self.events.last else { return nil }
        return response
    }
}
