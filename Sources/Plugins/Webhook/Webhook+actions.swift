public import Responders

/// What rules have the service do.
extension Webhook {
    public var operations: [String] { self.ready?.actions ?? [] }

    /// What the service can do it says itself, when it is asked for the first time.
    public var hasOpenOperations: Bool { true }

    public func perform(_ action: Action, in turn: Turn) async throws -> ActionResult {
        await self.waitUntilReady()
        guard let ready = self.begin(turn, action) else { return try PluginAnswer.verdict(self.refusal).result() }
        defer { self.end() }
        guard ready.actions.contains(action.operation) else {
            throw Failure(.unknownOperation, "the service doesn't offer the action")
        }
        let limit = CallLimit.current ?? Self.manifest.timeout
        let body = HostFrame.action(id: action.key, action, in: turn, limit: limit).bytes
        do {
            // By its key the service knows an action that it has done already.
            let answer = try await self.send(body, key: action.key, mayRepeat: ready.isIdempotent, within: limit)
            return try await self.result(of: action, in: answer)
        } catch let failure as Failure {
            throw failure
        } catch let wait as RetryAfter {
            throw wait
        } catch is CancellationError {
            throw Failure(.cancelled)
        } catch {
            throw self.problem(with: error)
        }
    }

    private func result(of action: Action, in answer: TargetClient.Answer) async throws -> ActionResult {
        switch answer.status {
        case 200:
            let (result, failure) = try await answer.result(of: action.key)
            if let failure { throw self.bounded(failure) }
            return result
        case 204: return ActionResult()
        case 422: throw self.bounded(Failure(try await Self.reason(in: answer) ?? .pluginFailed))
        case 429, 503: throw self.pause(after: answer) ?? Self.unexpected(answer.status) as any Error
        default: throw Self.unexpected(answer.status)
        }
    }
}
