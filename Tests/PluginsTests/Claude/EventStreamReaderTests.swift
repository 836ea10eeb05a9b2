import Testing

@testable import Plugins

@Suite("claude: the stream of a response")
struct EventStreamReaderTests {
    @Test("says what the API says, however the bytes are cut", arguments: [1, 2, 3, 5, 7, 64, .max])
    func pieces(size: Int) {
        let reading = StreamReading(StreamSample.whole.utf8, inPiecesOf: size)
        #expect(reading.error == nil)
        #expect(reading.response == StreamSample.response)
        #expect(
            reading.events.filter { $0 != .alive } == [
                .started(Usage(input: 12, output: 1, cacheWrite: 3, cacheWriteHour: 2, cacheRead: 4)),
                .text("Ich schaue in die Übersicht 👩‍🔧"), .text(" nach."), .block(StreamSample.response.content[0]),
                .toolUseBegan(name: "find"), .block(StreamSample.response.content[1]), .ended(StreamSample.response),
            ]
        )
    }

    @Test("rule 1: an end before message_stop is a cut stream, at every byte")
    func cut() {
        let bytes = Array(StreamSample.whole.utf8)
        // The last line feed ends the event.
        for count in 0..<bytes.count - 1 {
            #expect(StreamReading(bytes.prefix(count)).error == .cut, "\(count) bytes")
        }
        let withReason =
            StreamSample.start + StreamSample.event("message_delta", #""delta":{"stop_reason":"end_turn"}"#)
        #expect(StreamReading(withReason.utf8).error == .cut)
    }

    @Test("rule 2: nothing is read behind an error event; what came before it is kept", arguments: [1, 7, .max])
    func errorEvent(size: Int) {
        let error = StreamSample.event(
            "error",
            #""error":{"type":"overloaded_error","message":"you said: secret","details":{"error_code":"busy"}},"request_id":"req_1""#
        )
        let reading = StreamReading(
            (StreamSample.start + StreamSample.text("Half") + error + "data: {junk\n\n").utf8,
            inPiecesOf: size
        )
        guard case .reported(let reported)? = reading.error else { return #expect(Bool(false), "no error") }
        #expect(reported.code == "overloaded")
        #expect(reported.detail == "busy")
        #expect(reported.requestID == "req_1")
        #expect(reading.events.contains(.text("Half")))
        #expect(reading.error?.problem == "the stream ended in an error event, overloaded")
    }

    @Test(
        "rule 3: events that don't follow each other as they must are refused",
        arguments: [
            StreamSample.stop,
            StreamSample.event("message_delta", #""delta":{"stop_reason":"end_turn"}"#),
            StreamSample.block(0, #""type":"text","text":"""#),
            StreamSample.start + StreamSample.start,
            StreamSample.start + StreamSample.stop,
            StreamSample.start + StreamSample.blockStop(0),
            StreamSample.start + StreamSample.delta(0, #""type":"text_delta","text":"x""#),
            StreamSample.start + StreamSample.block(1, #""type":"text","text":"""#),
            StreamSample.start + StreamSample.block(0, #""type":"text","text":"""#) + StreamSample.blockStop(1),
            StreamSample.start + StreamSample.block(0, #""type":"text","text":"""#)
                + StreamSample.delta(1, #""type":"text_delta","text":"x""#),
            StreamSample.start + StreamSample.block(0, #""type":"text","text":"""#)
                + StreamSample.block(1, #""type":"text","text":"""#),
            StreamSample.start + StreamSample.block(0, #""type":"text","text":"""#) + StreamSample.end(),
            StreamSample.start + StreamSample.text("x") + StreamSample.delta(0, #""type":"text_delta","text":"x""#),
            StreamSample.start + StreamSample.block(0, #""type":"text","text":"""#)
                + StreamSample.delta(0, #""type":"input_json_delta","partial_json":"x""#),
            StreamSample.start + StreamSample.event("message_delta", #""delta":{"stop_reason":"end_turn"}"#)
                + StreamSample.block(0, #""type":"text","text":"""#),
            StreamSample.start + "event: ping\ndata: {junk\n\n",
            StreamSample.start + "event: ping\ndata: \u{0}\n\n",
        ]
    )
    func grammar(stream: String) {
        guard case .badStream? = StreamReading(stream.utf8).error else {
            return #expect(Bool(false), "taken, or refused for another reason: \(stream)")
        }
    }

    @Test("rule 3: the input of a tool that is no object is refused", arguments: ["[1]", #"{\"a\":"#, "{}x", "1"])
    func toolInput(json: String) {
        let stream =
            StreamSample.start + StreamSample.block(0, #""type":"tool_use","id":"t","name":"n","input":{}"#)
            + StreamSample.delta(0, "\"type\":\"input_json_delta\",\"partial_json\":\"\(json)\"")
            + StreamSample.blockStop(0)
        guard case .badStream? = StreamReading(stream.utf8).error else { return #expect(Bool(false), "\(json)") }
    }

    @Test("a tool's input without any piece is an empty object")
    func emptyInput() {
        let stream =
            StreamSample.start + StreamSample.block(0, #""type":"tool_use","id":"t","name":"n","input":{}"#)
            + StreamSample.blockStop(0) + StreamSample.end("tool_use")
        let use = ContentBlock.ToolUse(id: "t", name: "n", input: .object([]))
        #expect(StreamReading(stream.utf8).response?.toolUses == [use])
    }

    @Test("rule 4: unknown events, deltas and blocks are skipped and counted, comments are skipped")
    func unknown() {
        let stream =
            ": hello\n" + StreamSample.start + "event: telemetry\ndata: {no json at all\n\n:\n"
            + "event: telemetry_of_next_year\ndata: {\"type\":\"text\"}\n\n"
            + StreamSample.block(0, #""type":"server_tool_use","id":"x","name":"y","input":{}"#)
            + StreamSample.delta(0, #""type":"input_json_delta","partial_json":"{\"a\":1}""#)
            + StreamSample.blockStop(0)
            + StreamSample.block(1, #""type":"text","text":"A""#)
            + StreamSample.delta(1, #""type":"sparkle_delta","sparkle":[1]"#)
            + StreamSample.delta(1, #""type":"citations_delta","citation":{"type":"x"}"#)
            + StreamSample.delta(1, #""type":"text_delta","text":"B","more":{}"#) + StreamSample.blockStop(1)
            + StreamSample.end()
        let reading = StreamReading(stream.utf8)
        #expect(reading.response?.text == "AB")
        #expect(reading.response?.unknownBlocks == 1)
        #expect(reading.reader.unknownEvents == 2)
        #expect(reading.reader.unknownDeltas == 1)
    }

    @Test("rule 5: lines end in LF, CRLF or CR, also mixed", arguments: ["\r\n", "\r", "mixed"], [1, 2, 3, .max])
    func lineEnds(end: String, size: Int) {
        var number = 0
        let ends = ["\n", "\r\n", "\r"]
        let lines = StreamSample.whole.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        let stream = lines.map { line -> String in
            number += 1
            // A CR in front of an empty line's LF would be one end with it.
            return line + (end == "mixed" ? (line.isEmpty ? "\r\n" : ends[number % 3]) : end)
        }.joined()
        #expect(StreamReading(stream.utf8, inPiecesOf: size).response == StreamSample.response)
    }

    @Test("rule 5: several data lines are one, a byte-order mark, id and retry mean nothing, one space is dropped")
    func fields() {
        let stop =
            "\u{FEFF}event:message_start\nid: 7\nretry: 10\ndata:{\"type\":\"message_start\",\"message\":\n"
            + "data: {\"id\":\"i\",\"role\":\"assistant\",\"model\":\"m\",\ndata:\"usage\":{}}}\n\n"
            + StreamSample.text("  two spaces") + StreamSample.end()
        let reading = StreamReading(stop.utf8)
        #expect(reading.error == nil)
        #expect(reading.response?.text == "  two spaces")
    }

    @Test("rule 6: bytes that are no UTF-8 are refused as such, wherever they are cut")
    func encoding() {
        let whole = Array((StreamSample.start + StreamSample.text("ä") + StreamSample.end()).utf8)
        #expect(StreamReading(whole, inPiecesOf: 1).response?.text == "ä")
        for (index, byte) in whole.enumerated() where byte == 0xC3 {
            var broken = whole
            broken.remove(at: index)
            let error = StreamError.badStream("content_block_delta: the line is not UTF-8")
            #expect(StreamReading(broken, inPiecesOf: 1).error == error)
            #expect(StreamReading(broken).error == error)
        }
    }

    @Test("rule 7: an event without a name takes it from its data")
    func names() {
        let stream = StreamSample.whole.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("event:") }.joined(separator: "\n")
        #expect(StreamReading(stream.utf8).response == StreamSample.response)
    }

    @Test("rule 8: a line, a response and a number of blocks beyond the bound are refused, at the bound they are not")
    func bounds() {
        let start = StreamSample.start
        let around =
            StreamSample.delta(0, #""type":"text_delta","text":"""#).utf8.count
            - "event: content_block_delta\n\n\n".utf8.count
        let block = StreamSample.block(0, #""type":"text","text":"""#)
        for (extra, isTaken) in [(0, true), (1, false)] {
            let text = String(repeating: "x", count: ServerSentEventParser.maximumLineBytes - around + extra)
            let delta = StreamSample.delta(0, "\"type\":\"text_delta\",\"text\":\"\(text)\"")
            let reading = StreamReading((start + block + delta).utf8, inPiecesOf: 65_536)
            #expect(reading.error == (isTaken ? .cut : .tooLarge("a line of the stream has more than 1048576 bytes")))
        }
        let blocks = (0..<512).map { StreamSample.text("x", at: $0) }.joined()
        #expect(StreamReading((start + blocks + StreamSample.end()).utf8).response?.text.utf8.count == 512)
        let tooMany = start + blocks + StreamSample.text("x", at: 512)
        #expect(StreamReading(tooMany.utf8).error == .tooLarge("content_block_start: more than 512 blocks"))
        // A hundred megabytes of pings, of which the first eight are read.
        let pings = Array(String(repeating: StreamSample.event("ping"), count: 1_000).utf8)
        var reading = StreamReading(start.utf8)
        var count = 0
        var error: StreamError?
        while error == nil, count < 100_000_000 {
            count += pings.count
            reading.events = []
            error = pings.withUnsafeBytes { buffer in
                do throws(StreamError) {
                    try reading.reader.receive(buffer, to: &reading.events)
                    return nil
                } catch {
                    return error
                }
            }
        }
        #expect(error == .tooLarge("the response has more than 8388608 bytes"))
        #expect(count < 8_500_000)
    }

    @Test(
        "known fields with a wrong shape are refused, and what is wrong is said without the text",
        arguments: [
            (#""message":{"id":"i","role":"user","model":"m","usage":{}}"#, "role: not assistant"),
            (#""message":{"id":"i","role":"assistant","model":"m"}"#, "usage: missing"),
            (#""message":{"id":5,"role":"assistant","model":"m","usage":{}}"#, "id: expected a text, found a number"),
            (#""message":"x""#, "message: expected an object, found a text"),
            (
                #""message":{"id":"i","role":"assistant","model":"m","usage":{"input_tokens":-1}}"#,
                "input_tokens: no count"
            ),
        ]
    )
    func shapes(fields: String, problem: String) {
        let stream = StreamSample.event("message_start", fields)
        #expect(StreamReading(stream.utf8).error == .badResponse("message_start: \(problem)"))
    }

    @Test("usage that is named later replaces, what isn't named stays; thinking is kept with its signature")
    func usage() {
        let stream =
            StreamSample.event(
                "message_start",
                #""message":{"id":"i","role":"assistant","model":"m","usage":{"input_tokens":9,"output_tokens":1}}"#
            )
            + StreamSample.block(0, #""type":"thinking","thinking":"","signature":"""#)
            + StreamSample.delta(0, #""type":"thinking_delta","thinking":"Hm.""#)
            + StreamSample.delta(0, #""type":"signature_delta","signature":"c2ln""#) + StreamSample.blockStop(0)
            + StreamSample.block(1, #""type":"redacted_thinking","data":"AAA""#) + StreamSample.blockStop(1)
            + StreamSample.event("message_delta", #""delta":{"stop_reason":"pause_turn"},"usage":{"output_tokens":5}"#)
            + StreamSample.end(
                "refusal",
                usage:
                    #""output_tokens":8,"cache_read_input_tokens":null,"output_tokens_details":{"thinking_tokens":3}"#
            )
        let response = StreamReading(stream.utf8).response
        #expect(response?.usage == Usage(input: 9, output: 8, thinking: 3))
        #expect(response?.content == [.thinking(text: "Hm.", signature: "c2ln"), .redactedThinking(data: "AAA")])
        #expect(response?.stopReason == .refusal)
    }
}
