@testable import EventStreams

/// What came of a stream.
private struct Reading {
    var reader = EventStreamReader()
    var events: [StreamEvent] = []
    var error: StreamError?

    /// Reads a body in pieces of `size` bytes.
    init(_ bytes: UnsafeRawBufferPointer, inPiecesOf size: Int) {
        var start = 0
        do throws(StreamError) {
            while start < bytes.count {
                let end = min(start + size, bytes.count)
                try self.reader.receive(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), to: &self.events)
                start = end
            }
            try self.reader.finish()
        } catch {
            self.error = error
        }
    }
}

/// Any bytes as the stream of a response: the same in pieces of every size, and never a text that isn't in the response.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzEventStream(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = UnsafeRawBufferPointer(start: data, count: count)
    let whole = Reading(bytes, inPiecesOf: max(1, count))
    for size in [1, 2 + Int(bytes.first ?? 0) % 16] {
        let pieces = Reading(bytes, inPiecesOf: size)
        precondition(pieces.events == whole.events && pieces.error == whole.error, "other events in pieces of \(size)")
        precondition(pieces.reader.response == whole.reader.response)
    }
    precondition((whole.error == nil) == whole.reader.hasEnded || whole.error != .cut)
    let ends = whole.events.filter { if case .ended = $0 { true } else { false } }
    precondition(ends.count == (whole.reader.hasEnded ? 1 : 0), "ended \(ends.count) times")
    let starts = whole.events.filter { if case .started = $0 { true } else { false } }
    precondition(starts.count <= 1)
    let shown = whole.events.map { if case .text(let text) = $0 { text } else { "" } }.joined()
    precondition(shown.hasPrefix(whole.reader.response.text), "a block has a text that was never shown")
    if whole.reader.hasEnded { precondition(shown == whole.reader.response.text) }
    precondition(shown.utf8.count <= whole.reader.outputBytes)
    return 0
}
