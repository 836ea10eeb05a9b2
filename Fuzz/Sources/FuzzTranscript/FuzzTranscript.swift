import Diagnostics
import Responders

/// A conversation that was read, written as a file again.
private func written(_ transcript: Transcript) -> String? {
    var lines = transcript.settings.map { "\($0.key.rawValue): \($0.value)" }
    for step in transcript.steps {
        switch step.action {
        case .says(let text): lines.append(contentsOf: marked(text, ">"))
        case .agentSays(let text): lines.append(contentsOf: marked(text, "agent>"))
        case .expects(.exactly(let text)):
            let quoted = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            // Other line breaks have no escape.
            guard !quoted.contains(where: { $0 == "\r\n" }) else { return nil }
            lines.append("< \"\(quoted)\"")
        case .expects(.matches(let pattern)): lines.append("< /\(pattern)/")
        case .expects(.contains(let part)): lines.append("< ~ \(part)")
        case .expects(.anything): lines.append("< *")
        case .expectsNoReply: lines.append("<-")
        case .checks(.note(let name), let value): lines.append("= note \(name): \(value)")
        case .checks(let check, let value): lines.append("= \(check): \(value)")
        case .passes(let duration): lines.append("+ \(duration.written)")
        case .disturbs(.fail(let name, let code)): lines.append("! fail \(name) \(code)")
        case .disturbs(.delay(let name, let duration)): lines.append("! delay \(name) \(duration.written)")
        case .disturbs(.drop(let name)): lines.append("! drop \(name)")
        case .disturbs(let other): lines.append("! \(other)")
        }
    }
    return lines.joined(separator: "\n")
}

private func marked(_ text: String, _ mark: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { index, line in
        "\(index == 0 ? mark : ">>") \(line)"
    }
}

/// Any bytes as a `.chat` file: what is read is within its bounds and comes back from what it is written as, and mistakes
/// stand at places of the file.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzTranscript(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: data, count: count), as: UTF8.self)
    let lineCount = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.count
    do throws(Rejection) {
        let transcript = try Transcript(parsing: text, file: "a.chat")
        precondition(transcript.steps.count <= Transcript.maximumSteps)
        precondition(transcript.steps.allSatisfy { 1...lineCount ~= $0.place.line })
        precondition(Set(transcript.settings.map(\.key)).count == transcript.settings.count)
        guard let again = written(transcript) else { return 0 }
        do throws(Rejection) {
            let second = try Transcript(parsing: again, file: "a.chat")
            precondition(second.steps.map(\.action) == transcript.steps.map(\.action), "not the same again: \(again)")
            precondition(second.settings.map(\.value) == transcript.settings.map(\.value))
        } catch {
            preconditionFailure("can't be read again: \(error) \(again)")
        }
    } catch {
        precondition(1...50 ~= error.diagnostics.count)
        precondition(error.diagnostics.allSatisfy { 1...lineCount ~= $0.place.line && $0.place.column >= 1 })
    }
    return 0
}
