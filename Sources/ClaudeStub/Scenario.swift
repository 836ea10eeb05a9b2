internal import Plugins

/// Something that the stub does in place of an answer, so that a client can be tried with it.
enum Scenario: Sendable, Hashable {
    // What the model says.
    case tool(name: String, input: JSONValue)
    case twoTools
    case refuse(category: String?)
    case maxTokens, pause, contextFull, thinking, inject
    case unknownBlock, unknownEvent, unknownStop, extraFields
    // What goes wrong before the stream.
    case error(Fault)
    case badGateway, redirect, wrongType, jsonBody
    // What goes wrong within it.
    case midstreamError, cut, noMessageStop, noMessageDelta, noMessageStart, badIndex, badJSON
    case endless
    /// So many bytes of text.
    case huge(bytes: Int)
    // How it is written.
    case crlf, comments, noEventLines
    case chunks(Int)
    // When. All in milliseconds.
    case slowFirst(Int), slowBetween(Int), hang
    /// The connection is closed behind the response, without a word.
    case drop

    /// An error, perhaps only a number of times.
    struct Fault: Sendable, Hashable {
        var error: StubError
        /// How often; nothing means always.
        var times: Int?
    }

    /// Reads the name of a scenario and its values; nothing where the text is none.
    init?(_ text: String) {
        let text = text.drop { $0 == " " }
        let word = String(text.prefix { $0 != " " && $0 != ":" })
        let rest = text.dropFirst(word.count).drop { $0 == " " || $0 == ":" }
        if let plain = Self.plain[word], rest.isEmpty {
            self = plain
            return
        }
        switch word {
        case "tool":
            let name = rest.prefix { $0 != " " }
            let json = rest.dropFirst(name.count).drop { $0 == " " }
            guard !name.isEmpty, let input = try? JSONValue(bytes: Array((json.isEmpty ? "{}" : json).utf8)) else {
                return nil
            }
            self = .tool(name: String(name), input: input)
        case "refuse": self = .refuse(category: rest.isEmpty ? nil : String(rest))
        case "err":
            guard let fault = Fault(String(rest)) else { return nil }
            self = .error(fault)
        case "chunks", "slow-first", "slow-between", "huge":
            guard let number = rest.isEmpty && word == "huge" ? 9_000_000 : Int(rest), 1...1_000_000_000 ~= number
            else {
                return nil
            }
            switch word {
            case "chunks": self = .chunks(number)
            case "slow-first": self = .slowFirst(number)
            case "huge": self = .huge(bytes: number)
            default: self = .slowBetween(number)
            }
        default: return nil
        }
    }

    private static let plain: [String: Scenario] = [
        "two-tools": .twoTools, "maxtok": .maxTokens, "pause": .pause, "context-full": .contextFull,
        "thinking": .thinking, "inject": .inject, "unknown-block": .unknownBlock, "unknown-event": .unknownEvent,
        "unknown-stop": .unknownStop, "extra-fields": .extraFields, "html-502": .badGateway, "redirect": .redirect,
        "wrong-type": .wrongType, "json-body": .jsonBody, "midstream-error": .midstreamError, "cut": .cut,
        "no-message-stop": .noMessageStop, "no-message-delta": .noMessageDelta, "no-message-start": .noMessageStart,
        "bad-index": .badIndex, "bad-json": .badJSON, "endless": .endless, "crlf": .crlf, "comments": .comments,
        "no-event-lines": .noEventLines, "hang": .hang, "drop": .drop,
    ]
}

extension Scenario.Fault {
    /// Reads `STATUS[:CODE][:retry-after=N][:retry-after-ms=N][:times=N][:noretry]`.
    fileprivate init?(_ text: String) {
        var parts = text.split(separator: ":").map(String.init)
        guard let status = parts.first.flatMap(Int.init), 400...599 ~= status else { return nil }
        parts.removeFirst()
        self.error = StubError(status, "The stub was asked for status \(status).")
        for part in parts {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            switch (pair[0], pair.count) {
            case ("retry-after", 2), ("retry-after-ms", 2):
                self.error.headers.append(.init(name: pair[0], value: pair[1]))
            case ("times", 2):
                guard let times = Int(pair[1]), times > 0 else { return nil }
                self.times = times
            case ("noretry", 1): self.error.headers.append(.init(name: "x-should-retry", value: "false"))
            case (_, 1): self.error.code = pair[0]
            default: return nil
            }
        }
    }
}
