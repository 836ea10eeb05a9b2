import Responders

@testable import PluginLines

/// The lines of a stream, taken in pieces of `size` bytes.
private func lines(of bytes: UnsafeBufferPointer<UInt8>, inPiecesOf size: Int) -> [LineSplitter.Line] {
    var splitter = LineSplitter(limit: 512)
    var lines: [LineSplitter.Line] = []
    var start = 0
    while start < bytes.count {
        let end = min(start + size, bytes.count)
        lines += splitter.append(UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: bytes[start..<end])))
        start = end
    }
    return lines + splitter.finish()
}

/// JSON that was read comes back from what it is written as, and a verdict that was read is within its bounds.
private func read(_ line: [UInt8]) {
    if let value = line.withUnsafeBufferPointer({ try? JSONValue(object: $0) }) {
        let again = value.bytes.withUnsafeBufferPointer { try? JSONValue(object: $0) }
        precondition(again == value, "not the same again: \(String(decoding: line, as: UTF8.self))")
    }
    let frame = try? PluginFrame(line: line)
    if case .result(_, let result, _)? = frame {
        precondition(result.values.count <= 32)
        precondition(result.values.allSatisfy { $0.key.utf8.count <= 64 && $0.value.utf8.count <= 4_096 })
        if let reply = result.reply { check(reply) }
    }
    guard case .verdict(_, .reply(let reply, _, _, let found))? = frame else { return }
    check(reply)
    precondition(found.tags.count <= 8)
}

private func check(_ reply: Reply) {
    precondition(1...Reply.maximumTextBytes ~= reply.text.utf8.count)
    precondition(reply.text.contains { !$0.isWhitespace })
    precondition(reply.choices.count <= Reply.maximumChoices && reply.links.count <= Reply.maximumLinks)
}

/// A session in which two turns and an action are asked for: whatever the lines are, each ends once, and nothing is done for another.
private func converse(_ lines: [LineSplitter.Line]) {
    var state = PluginSessionState(name: "fuzz", config: .object([]))
    var finished: [Int: Int] = [:]
    func count(_ effects: [PluginSessionState.Effect]) {
        for effect in effects {
            switch effect {
            case .finish(let call, _): finished[call, default: 0] += 1
            case .report(let incident):
                precondition(incident.details.values.allSatisfy { $0.utf8.count <= 8_192 })
                let hasText = incident.details.values.contains { $0.contains("my secret order number") }
                precondition(!hasText, "a visitor's text is logged")
            case .send, .kill: break
            }
        }
    }
    let turn = Turn(
        id: TurnID("t_fuzz"),
        message: Incoming(id: "m1", text: "my secret order number"),
        conversation: Conversation(sessionID: "s1"),
        localTime: TimeOfDay(minutes: 0)
    )
    count(state.begin())
    let ready = #"{"type":"ready","protocol":1,"name":"n","stages":["answer"],"actions":["book"],"maxConcurrency":2}"#
    count(state.take(Array(ready.utf8), at: .zero))
    let action = Action(key: "t_fuzz/1", operation: "book", fields: ["order": "my secret order number"])
    for call in 1...3 {
        count(state.ask(call, turn, for: call == 3 ? action : nil, limit: .seconds(2), at: .zero))
    }
    for (index, line) in lines.enumerated() {
        let now = Duration.milliseconds(index)
        if index == 3 { count(state.cancel(2, for: .stop, at: now)) }
        if line.isCut { count(state.takeLongLine()) } else { count(state.take(line.bytes, at: now)) }
        count(state.takeComplaint(line.bytes, at: now))
    }
    count(state.end(as: .restarting))
    precondition(finished.keys.allSatisfy { 1...3 ~= $0 }, "a call that nobody made: \(finished)")
    precondition(finished.values.allSatisfy { $0 == 1 }, "a call ended twice: \(finished)")
    precondition(finished[1] == 1 && finished[3] == 1, "a call never ended: \(finished)")
}

/// Any bytes as the output of a plugin.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPluginLines(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: data, count: count)
    let whole = lines(of: bytes, inPiecesOf: max(1, count))
    let size = 1 + Int(bytes.first ?? 0) % 64
    precondition(lines(of: bytes, inPiecesOf: size) == whole, "other lines in pieces of \(size)")
    for line in whole { read(line.bytes) }
    converse(whole)
    return 0
}
