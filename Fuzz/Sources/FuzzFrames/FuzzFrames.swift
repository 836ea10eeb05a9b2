@testable import FrameParsing
import Messages

/// What one run of the parser gave.
private struct Outcome: Equatable {
    var events: [String] = []
    var violation: FrameParser.Violation?
}

/// Feeds a parser with pieces and writes down what comes out.
private func run(_ pieces: [UnsafeRawBufferPointer]) -> Outcome {
    var parser = FrameParser(options: .init(maximumMessageBytes: 1_024, acceptsBinary: true))
    var scratch: [UInt8] = []
    var outcome = Outcome()
    for piece in pieces {
        do throws(FrameParser.Violation) {
            try parser.consume(piece, scratch: &scratch) { event in
                outcome.events.append(describe(event))
                return true
            }
        } catch {
            outcome.violation = error
            return outcome
        }
    }
    return outcome
}

private func describe(_ event: FrameParser.Event) -> String {
    switch event {
    case .text(let bytes): "text \(Array(bytes))"
    case .binary(let bytes): "binary \(Array(bytes))"
    case .ping(let bytes): "ping \(Array(bytes))"
    case .pong(let bytes): "pong \(Array(bytes))"
    case .close(let code): "close \(code?.rawValue ?? 0)"
    }
}

/// The first byte chooses how the rest is cut: any cut gives what the whole gives.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFrames(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let input = UnsafeRawBufferPointer(start: data + 1, count: count - 1)
    let whole = run([input])
    let step = Int(data[0] % 32) + 1
    var pieces: [UnsafeRawBufferPointer] = []
    var start = 0
    while start < input.count {
        let end = min(input.count, start + step)
        pieces.append(UnsafeRawBufferPointer(rebasing: input[start..<end]))
        start = end
    }
    precondition(run(pieces) == whole, "cut into pieces of \(step) bytes: \(run(pieces)); whole: \(whole)")
    let cut = Int(data[0]) * input.count / 256
    let halves = [input[..<cut], input[cut...]].map { UnsafeRawBufferPointer(rebasing: $0) }
    precondition(run(halves) == whole, "cut at \(cut): \(run(halves)); whole: \(whole)")
    return 0
}
