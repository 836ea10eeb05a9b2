internal import NIOCore
internal import Responders
internal import Synchronization

/// One call of the model: attempts within their time limits until there is a response.
struct MessagesCall: Sendable {
    let client: any MessagesClient
    let clock: TurnClock
    let policy: RetryPolicy
    /// From the request to the first piece of text, or to the begin of a tool's call.
    let firstChunk: Duration
    /// From one event to the next, once there was one of those.
    let nextChunk: Duration

    /// How long the end of a body is waited for behind a whole response, so that its connection can be used again.
    private static let patienceAtEnd = Duration.milliseconds(200)

    /// Sends a request until it is answered.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - deadline: By the clock: no attempt begins behind it.
    ///   - record: Takes what happens.
    ///   - onEvent: Told of each event of the response, in order; what it throws ends the call.
    /// - Returns: The whole response.
    /// - Throws: Why there is none. Behind the first piece of a reply nothing is repeated.
    func response(
        to request: MessagesRequest,
        until deadline: Duration,
        record: inout CallRecord,
        onEvent: @escaping @Sendable (StreamEvent) throws -> Void
    ) async throws(CallFailure) -> MessagesResponse {
        let body = request.bytes
        let startedAt = self.clock.now
        defer { record.total = self.clock.now - startedAt }
        while true {
            let attempt = Attempt(startedAt: self.clock.now)
            do throws(CallFailure) {
                let response = try await self.run(attempt, body, request.isStreamed, until: deadline, onEvent)
                record.take(attempt.state, from: startedAt)
                record.usage = response.usage
                record.stopReason = response.stopReason
                record.refusal = response.refusal?.category
                return response
            } catch {
                let state = attempt.state
                record.take(state, from: startedAt)
                record.charge(state)
                let pause = state.hasOutput ? nil : self.policy.pause(after: error, count: record.retries.count)
                guard !Task.isCancelled, let pause, self.clock.now + pause < deadline else {
                    record.failure = error.code
                    throw error
                }
                record.retries.append(.init(code: error.code, pause: pause))
                guard (try? await self.clock.sleep(for: pause)) != nil else { throw .cancelled }
            }
        }
    }

    private func run(
        _ attempt: Attempt,
        _ body: [UInt8],
        _ isStreamed: Bool,
        until deadline: Duration,
        _ onEvent: @escaping @Sendable (StreamEvent) throws -> Void
    ) async throws(CallFailure) -> MessagesResponse {
        do {
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.exchange(attempt, body, isStreamed, until: deadline, onEvent) }
                group.addTask { try await self.watch(attempt, isStreamed) }
                group.addTask {
                    for await _ in attempt.whole {}
                    try await self.clock.sleep(for: Self.patienceAtEnd)
                }
                defer { group.cancelAll() }
                try await group.next()
                guard let response = attempt.state.response else { throw CallFailure.late }
                return response
            }
        } catch let failure as CallFailure {
            throw failure
        } catch let unanswered as Unanswered {
            throw .unanswered(unanswered)
        } catch let error as StreamError {
            throw .broken(error)
        } catch {
            // What is thrown by whoever takes the events, or a cancellation.
            throw .cancelled
        }
    }

    /// Ends when a limit is over.
    private func watch(_ attempt: Attempt, _ isStreamed: Bool) async throws {
        while true {
            let state = attempt.state
            let end =
                if state.hasOutput {
                    state.lastEventAt + self.nextChunk
                } else if isStreamed {
                    attempt.startedAt + self.firstChunk
                } else {
                    // The whole has to be written before its first byte is here: the turn's own limit holds.
                    attempt.startedAt + .seconds(3_600)
                }
            let left = end - self.clock.now
            guard left > .zero else { return }
            try await self.clock.sleep(for: left)
        }
    }

    private func exchange(
        _ attempt: Attempt,
        _ body: [UInt8],
        _ isStreamed: Bool,
        until deadline: Duration,
        _ onEvent: @Sendable (StreamEvent) throws -> Void
    ) async throws {
        let limit = max(deadline - self.clock.now, .milliseconds(1))
        let answer = try await self.client.send(body, within: limit)
        attempt.begin(answer)
        guard answer.status == 200 else { throw CallFailure.refused(await Self.refusal(answer)) }
        if isStreamed, answer.contentType == "text/event-stream" {
            try await self.read(answer, attempt, onEvent)
        } else {
            let response = try await Self.whole(answer)
            for block in response.content { if let text = block.text, !text.isEmpty { try onEvent(.text(text)) } }
            try onEvent(.ended(response))
            attempt.end(response, at: self.clock.now)
        }
    }

    private func read(
        _ answer: MessagesAnswer,
        _ attempt: Attempt,
        _ onEvent: @Sendable (StreamEvent) throws -> Void
    ) async throws {
        var reader = EventStreamReader()
        do {
            for try await buffer in answer.body {
                var events: [StreamEvent] = []
                let result = buffer.readableBytesView.withUnsafeBytes { bytes in
                    Result { () throws(StreamError) in try reader.receive(bytes, to: &events) }
                }
                attempt.take(events, reader, at: self.clock.now)
                for event in events { try onEvent(event) }
                try result.get()
            }
        } catch let error as StreamError {
            throw error
        } catch {
            // A connection that breaks says nothing about a response that is whole.
            guard !reader.hasEnded else { return }
            try Task.checkCancellation()
            throw error is CancellationError ? error : StreamError.cut
        }
        try Task.checkCancellation()
        try reader.finish()
    }

    /// A response that came in one piece.
    private static func whole(_ answer: MessagesAnswer) async throws -> MessagesResponse {
        guard answer.contentType == "application/json" else {
            throw StreamError.badResponse("status 200 with the type \(logged(String(answer.contentType.prefix(60))))")
        }
        let bytes = try await self.bytes(of: answer, atMost: EventStreamReader.maximumBytes)
        do {
            let value = try JSONValue(bytes: bytes)
            if let error = APIError(value) { throw CallFailure.refused(.init(status: 200, error: error)) }
            return try MessagesResponse(value)
        } catch let error as WireProblem {
            throw error.code == "response-too-large"
                ? StreamError.tooLarge(error.problem) : StreamError.badResponse(error.problem)
        }
    }

    private static func refusal(_ answer: MessagesAnswer) async -> RefusedRequest {
        var error = APIError()
        if answer.contentType == "application/json", let bytes = try? await self.bytes(of: answer, atMost: 65_536),
            let value = try? JSONValue(bytes: bytes)
        {
            error = APIError(value) ?? error
        }
        error.requestID = error.requestID ?? answer.requestID
        return RefusedRequest(status: answer.status, error: error, headers: answer.headers)
    }

    private static func bytes(of answer: MessagesAnswer, atMost limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            for try await buffer in answer.body {
                guard bytes.count + buffer.readableBytes <= limit else {
                    throw StreamError.tooLarge("the response has more than \(limit) bytes")
                }
                bytes.append(contentsOf: buffer.readableBytesView)
            }
        } catch let error as StreamError {
            throw error
        } catch {
            try Task.checkCancellation()
            throw StreamError.cut
        }
        return bytes
    }
}
