internal import Responders
internal import Synchronization

/// One turn that Claude answers: calls of the model and of tools, one after the other, until there is a reply.
struct ClaudeTurn: Sendable {
    /// How a turn ended.
    enum Ending: Sendable {
        /// The text was shown, or this replaces it.
        case reply(Reply)
        /// Nothing was shown, and the next responder is asked.
        case pass(TraceReason)
        /// It broke off.
        case fail(Failure)
        /// The account, the key, the model or the address: nobody need ask again soon.
        case refusedSetup(RefusedRequest)
        /// The API wants to be left alone that long.
        case busy(Duration)
    }

    /// How often the model is called in a turn, and how many tools.
    static let maximumCalls = 4
    static let maximumToolCalls = 6
    /// How often a response that paused is sent back.
    private static let maximumPauses = 2

    let settings: ClaudeSettings
    let call: MessagesCall
    let budget: BudgetKeeper
    let clock: TurnClock
    let metrics: PluginMetrics
    let turn: Turn
    let tools: ToolBox
    let userID: String
    /// By the clock: no request begins behind it.
    let deadline: Duration
    /// Takes the pieces of the reply.
    let output: ReplyWriter
    /// Where the calls are noted.
    let note: @Sendable (CallRecord) -> Void

    /// What has become of the turn between two calls.
    private struct Progress {
        var prompt: Prompt
        /// The model's own messages of this turn, and the results of tools.
        var added: [MessagesRequest.Message] = []
        var calls = 0
        var toolCalls = 0
        var pauses = 0
        var hasHalved = false
    }

    /// Asks until there is a reply.
    func run(_ fence: Fence) async -> Ending {
        do throws(Budget.Refusal) {
            try self.budget.beginTurn(self.turn)
        } catch {
            return self.spent(error)
        }
        var progress = Progress(prompt: Prompt(self.turn, self.settings, fence))
        while progress.calls < Self.maximumCalls {
            progress.calls += 1
            if let ending = await self.step(&progress, fence) { return ending }
        }
        return self.output.hasWritten ? .reply(self.output.reply()) : .fail(Failure("too-many-calls"))
    }

    /// One call of the model, and what follows from it.
    private func step(_ progress: inout Progress, _ fence: Fence) async -> Ending? {
        var request = self.request(progress)
        let reservation: Budget.Reservation
        do throws(Budget.Refusal) {
            reservation = try self.budget.reserve(request, for: self.turn)
        } catch {
            return self.output.hasWritten ? .reply(self.output.reply()) : self.spent(error)
        }
        request.maxTokens = reservation.maxTokens
        if case .enabled(let tokens)? = request.thinking, tokens >= request.maxTokens { request.thinking = nil }
        var record = CallRecord(number: progress.calls, model: request.model)
        let response: MessagesResponse
        do throws(CallFailure) {
            response = try await self.call.response(to: request, until: self.deadline, record: &record) {
                [output] event in
                if case .text(let piece) = event { try output.write(piece) }
            }
        } catch {
            self.settle(reservation, record)
            self.note(record)
            return self.ending(of: error, &progress)
        }
        self.settle(reservation, record)
        let uses = response.stopReason == .toolUse ? response.toolUses : []
        let ending = self.ending(of: response, &progress)
        guard ending == nil, !uses.isEmpty else {
            self.note(record)
            return ending
        }
        let results = await self.results(of: uses, &progress, fence, &record)
        self.note(record)
        progress.added.append(.init(role: .assistant, content: response.content))
        progress.added.append(.init(role: .user, content: results))
        // What was said before stays, and what comes stands behind a blank line.
        self.output.beginPart()
        return nil
    }

    private func request(_ progress: Progress) -> MessagesRequest {
        var request = MessagesRequest(
            model: self.settings.model,
            maxTokens: self.settings.maxTokens,
            system: progress.prompt.system,
            messages: progress.prompt.messages + progress.added,
            isStreamed: self.settings.isStreamed
        )
        request.tools = self.settings.tools.sorted().compactMap { name in
            self.tools.declaration(of: name).map { declaration in
                .init(
                    name: name,
                    description: declaration.description,
                    inputSchema: JSONValue(declaration.schema.note)
                )
            }
        }
        let isLast = progress.calls >= Self.maximumCalls || progress.toolCalls >= Self.maximumToolCalls
        request.toolChoice = request.tools.isEmpty ? nil : isLast ? MessagesRequest.ToolChoice.none : .auto
        request.cache = self.settings.cache
        request.userID = self.userID
        request.thinking = self.settings.thinking
        request.effort = self.settings.effort
        request.serviceTier = self.settings.serviceTier
        return request
    }

    private func settle(_ reservation: Budget.Reservation, _ record: CallRecord) {
        let usage = record.charged
        self.budget.settle(reservation, usage)
        let help = "Tokens that Claude read and wrote."
        for (kind, count) in [
            ("input", usage.input), ("output", usage.output), ("cache-write", usage.cacheWrite),
            ("cache-read", usage.cacheRead),
        ] where count > 0 {
            self.metrics.count(.init("claude_tokens_total", help: help, labels: ["kind": kind]), count)
        }
    }

    private func spent(_ refusal: Budget.Refusal) -> Ending {
        switch refusal {
        case .day: return .pass("budget-day")
        case .session:
            guard let text = self.settings.budgetSpent, self.budget.informs(self.turn) else {
                return .pass("budget-session")
            }
            return .reply(Reply(text, format: .plain))
        }
    }
}

// MARK: How a call ends

extension ClaudeTurn {
    /// What a response means for the turn; nothing where it goes on.
    private func ending(of response: MessagesResponse, _ progress: inout Progress) -> Ending? {
        if response.unknownBlocks > 0 {
            self.count(
                "claude_unknown_blocks_total",
                "Blocks of responses whose type is not known.",
                response.unknownBlocks
            )
        }
        switch response.stopReason {
        case .toolUse? where !response.toolUses.isEmpty: return nil
        case .maxTokens?: return self.shortened()
        case .refusal?: return .reply(Reply(self.settings.refused, format: .plain))
        case .pauseTurn?:
            guard progress.pauses < Self.maximumPauses, !response.content.isEmpty else { break }
            progress.pauses += 1
            progress.added.append(.init(role: .assistant, content: response.content))
            return nil
        case .contextWindowExceeded?:
            guard !self.output.hasWritten else { return self.shortened() }
            return self.halved(&progress) ? nil : .fail(Failure("context-full"))
        case .endTurn?, .stopSequence?: break
        default:
            self.count("claude_unknown_stop_reasons_total", "Responses that ended for a reason that is not known.", 1)
        }
        return self.output.hasWritten ? .reply(self.output.reply()) : .fail(Failure(.emptyReply))
    }

    private func shortened() -> Ending {
        guard self.output.hasWritten else { return .fail(Failure(.emptyReply)) }
        return .reply(self.output.reply(followedBy: self.settings.shortened))
    }

    /// What a failed call means for the turn; nothing where it is made again.
    private func ending(of failure: CallFailure, _ progress: inout Progress) -> Ending? {
        guard !self.output.hasWritten else { return .fail(self.failure(of: failure)) }
        switch failure {
        case .refused(let refused) where refused.status == 413:
            return self.halved(&progress) ? nil : .fail(self.failure(of: failure))
        case .refused(let refused) where refused.isSetup: return .refusedSetup(refused)
        case .refused(let refused) where refused.status == 429 || refused.status == 503 || refused.status == 529:
            guard let wait = refused.wait(self.call.policy.wallClock()) else { break }
            return .busy(wait)
        default: break
        }
        return .fail(self.failure(of: failure))
    }

    private func failure(of failure: CallFailure) -> Failure {
        switch failure {
        case .unanswered(let unanswered): Failure(.unavailable, unanswered.problem)
        case .refused(let refused):
            Failure(.unavailable, "status \(refused.status), \(failure.code)\(Self.shown(refused.error.requestID))")
        case .late: Failure(.timeout)
        case .broken(let error): Failure(TraceReason(rawValue: error.code), error.problem)
        case .cancelled: Failure(.cancelled)
        }
    }

    /// The id of a request, as far as it can be one.
    static func shown(_ requestID: String?) -> String {
        guard let requestID else { return "" }
        let isName = requestID.utf8.allSatisfy { 0x21...0x7E ~= $0 }
        return isName ? ", request \(requestID.prefix(80))" : ""
    }

    /// Leaves half of the history out, once.
    private func halved(_ progress: inout Progress) -> Bool {
        guard !progress.hasHalved else { return false }
        progress.hasHalved = true
        progress.prompt.halveHistory()
        return true
    }

    private func count(_ name: String, _ help: String, _ amount: Int) {
        self.metrics.count(.init(name, help: help), amount)
    }
}

// MARK: Tools

extension ClaudeTurn {
    /// Calls the tools at the same time.
    ///
    /// - Returns: A result for each call, in its order.
    private func results(
        of uses: [ContentBlock.ToolUse],
        _ progress: inout Progress,
        _ fence: Fence,
        _ record: inout CallRecord
    ) async -> [ContentBlock] {
        let allowed = max(0, Self.maximumToolCalls - progress.toolCalls)
        progress.toolCalls += uses.count
        let answers = await withTaskGroup(of: (Int, ToolBox.Result, Duration).self) { group in
            for (index, use) in uses.enumerated() {
                group.addTask {
                    let begun = self.clock.now
                    let result =
                        index < allowed
                        ? await self.result(of: use) : .init("no more tools in this turn", failure: .limit)
                    return (index, result, self.clock.now - begun)
                }
            }
            var answers: [Int: (ToolBox.Result, Duration)] = [:]
            for await (index, result, duration) in group { answers[index] = (result, duration) }
            return answers
        }
        return uses.enumerated().map { index, use in
            let (result, duration) = answers[index] ?? (.init("the tool failed", failure: .error), .zero)
            record.tools.append(.init(use, result, duration))
            let outcome = result.failure?.rawValue ?? "ok"
            let labels = ["tool": self.settings.tools.contains(use.name) ? use.name : "other", "outcome": outcome]
            self.metrics.count(.init("claude_tool_calls_total", help: "Calls of tools.", labels: labels), 1)
            // An error is ours; what a tool found may be a stranger's.
            let text = result.failure == nil ? fence.around(result.text, source: use.name) : fence.harmless(result.text)
            return .toolResult(.init(id: use.id, text: text, isError: result.failure != nil))
        }
    }

    private func result(of use: ContentBlock.ToolUse) async -> ToolBox.Result {
        // The chain may have more tools than the operator lets the model have.
        guard self.settings.tools.contains(use.name) else { return .init("no such tool", failure: "no-such-tool") }
        return await self.tools.call(
            use.name,
            Note(use.input.withoutNulls),
            in: self.turn,
            within: self.settings.toolTimeout,
            on: self.clock
        )
    }
}

extension CallRecord.ToolRecord {
    fileprivate init(_ use: ContentBlock.ToolUse, _ result: ToolBox.Result, _ duration: Duration) {
        let input = use.input.bytes
        self.init(
            name: String(use.name.prefix(64)),
            inputBytes: input.count,
            inputDigest: digest(input),
            duration: duration,
            resultBytes: result.text.utf8.count,
            failure: result.failure
        )
    }
}

extension JSONValue {
    /// The object without the members that are null, which are as good as missing.
    fileprivate var withoutNulls: JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { $0.value != .null })
    }
}
