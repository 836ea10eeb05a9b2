internal import Responders

/// An answer that comes line by line, and is read while its first pieces are shown.
struct AnswerReading: Sendable {
    let answer: TargetClient.Answer
    let turn: Turn
    let token: String?
    /// Takes the pieces, and the verdict behind them.
    let pieces: PluginStream.Input
    /// Ends when nobody wants the reply any more.
    let unwanted: AsyncStream<Never>

    /// Reads the answer to its end, or until nobody wants it any more: then the connection is closed.
    ///
    /// - Parameter read: Reads it and returns the verdict; gives each piece to ``pieces``.
    func run(_ read: @escaping @Sendable (AnswerReading) async -> Verdict) async {
        await withTaskGroup(of: Verdict?.self) { group in
            group.addTask { await read(self) }
            group.addTask {
                for await _ in self.unwanted {}
                return nil
            }
            let verdict = await group.next() ?? nil
            group.cancelAll()
            self.pieces.end(with: .verdict(verdict ?? .fail(Failure(.cancelled))))
        }
    }
}

extension Webhook {
    /// The verdict of an answer that comes line by line, as soon as its first line says which one it is.
    func verdict(in answer: TargetClient.Answer, on turn: Turn, _ token: String?) async -> Verdict {
        let (unwanted, end) = AsyncStream.makeStream(of: Never.self)
        let (stream, pieces) = PluginStream.make { _ in end.finish() }
        pieces.onTermination = { _ in end.finish() }
        let reading = AnswerReading(answer: answer, turn: turn, token: token, pieces: pieces, unwanted: unwanted)
        guard self.read(reading) else { return .pass(reason: .notRunning) }
        switch await stream.first() {
        case .text(let text): return .stream(stream.reply(beginning: text))
        case .end(let answer): return answer.verdict
        case nil: return .fail(Failure(.cancelled))
        }
    }
}
