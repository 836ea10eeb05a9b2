internal import Messages
package import Responders

/// What a plugin says about itself.
package struct PluginReady: Sendable, Hashable {
    package var name: String
    package var version: String?
    package var stages: Set<Stage>
    /// Whether it may send deltas.
    package var streams = false
    /// How many turns it takes at a time.
    package var maxConcurrency = 1
    /// Whether a turn that was sent twice does nothing twice.
    package var isIdempotent = false
    /// What others of its chain may ask it to do.
    package var actions: [String] = []
    /// What the server asked it to send back, over HTTP.
    package var challenge: String?

    package static let maximumConcurrency = 256
    package static let maximumActions = 16
}

/// One object that a plugin sends.
package enum PluginFrame: Sendable, Hashable {
    case ready(PluginReady)
    case verdict(id: String, Verdict)
    /// What came of an action: its values, or that it failed.
    case result(id: String, ActionResult, failure: Failure?)
    case delta(id: String, index: Int, text: String)
    case pong(Int)
    case log(level: LogLevel, text: String)
    /// One of a type that this server doesn't know: ignored.
    case other(type: String)

    package enum LogLevel: String, Sendable, CaseIterable { case debug, info, notice, warning, error }

    /// The version of the protocol that this server speaks.
    package static let protocolVersion = 1
    /// The longest line, in bytes without its end, and the longest answer over HTTP.
    package static let maximumBytes = 262_144
    static let maximumLogBytes = 1_024
    static let maximumIDBytes = 64

    /// Reads one line.
    ///
    /// - Parameter line: The line without its end.
    /// - Throws: Everything that is wrong with it.
    package init(line: [UInt8]) throws(WireProblems) {
        let value: JSONValue
        do throws(WireProblem) {
            value = try JSONValue(line: line)
        } catch {
            throw WireProblems(all: [error])
        }
        do throws(WireProblems) {
            try self.init(value)
        } catch {
            var problems = error
            if case .text(let type)? = value["type"] { problems.type = type } else { problems.type = "" }
            if case .text(let id)? = value["id"] { problems.id = id }
            throw problems
        }
    }

    init(_ value: JSONValue) throws(WireProblems) {
        var type = FrameReader(value, name: "frame")
        let word = type.requiredText("type", hint: "write type: ready, verdict, result, delta, pong or log")
        try type.check()
        var reader = FrameReader(value, name: word)
        switch word {
        case "ready": self = .ready(reader.ready())
        case "verdict": self = .verdict(id: reader.id(), reader.verdict())
        case "result":
            let (result, failure) = reader.result()
            self = .result(id: reader.id(), result, failure: failure)
        case "delta":
            let index = reader.integer("index", in: 0...1_000_000)
            if index == nil, reader.problems.isEmpty {
                reader.refuse("missing-field", "index", "missing", hint: "count the deltas of a turn from 0")
            }
            let text = reader.requiredText(
                "text",
                atMost: Reply.maximumTextBytes,
                hint: "write the next piece of the reply"
            )
            self = .delta(id: reader.id(), index: index ?? 0, text: text)
        case "pong":
            let number = reader.integer("n", in: 0...Limits.largestInteger)
            if number == nil, reader.problems.isEmpty {
                reader.refuse("missing-field", "n", "missing", hint: "send back the n of the ping")
            }
            self = .pong(number ?? 0)
        case "log":
            let text = reader.requiredText("text", hint: "write what happened")
            self = .log(level: reader.word("level", LogLevel.self) ?? .notice, text: text)
        default: self = .other(type: String(word.prefix(40)))
        }
        try reader.check()
    }
}

extension FrameReader {
    mutating func id() -> String {
        self.requiredText("id", atMost: PluginFrame.maximumIDBytes, hint: "send back the id of the turn")
    }

    mutating func ready() -> PluginReady {
        let number = self.integer("protocol", in: 0...Limits.largestInteger)
        if let number, number != PluginFrame.protocolVersion {
            let problem = "\(number); this server speaks \(PluginFrame.protocolVersion)"
            self.refuse("protocol-mismatch", "protocol", problem, hint: "write \"protocol\":1")
        } else if number == nil, self.problems.isEmpty {
            self.refuse("missing-field", "protocol", "missing", hint: "write \"protocol\":1")
        }
        var ready = PluginReady(
            name: self.requiredText("name", atMost: 64, hint: "write the plugin's name"),
            stages: []
        )
        ready.version = self.text("version", atMost: 64)
        for (index, word) in self.texts("stages", atMost: Stage.allCases.count, bytes: 40).enumerated() {
            if let stage = Stage(rawValue: word) {
                ready.stages.insert(stage)
            } else {
                let hint = "write guard, enrich, answer, fallback or after"
                self.refuse("unknown-word", "stages[\(index)]", "\"\(word)\"", hint: hint)
            }
        }
        if ready.stages.isEmpty, self.problems.isEmpty {
            self.refuse("missing-field", "stages", "no stage", hint: "write \"stages\":[\"answer\"]")
        }
        ready.streams = self.flag("streams") ?? false
        ready.maxConcurrency = self.integer("maxConcurrency", in: 1...PluginReady.maximumConcurrency) ?? 1
        ready.isIdempotent = self.flag("idempotent") ?? false
        ready.actions = self.actions()
        ready.challenge = self.text("challenge", atMost: 128)
        return ready
    }
}
