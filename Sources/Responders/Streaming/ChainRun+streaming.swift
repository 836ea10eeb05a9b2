extension ChainRun {
    /// Plays the streamed reply that a responder has returned, and takes what came of it.
    ///
    /// - Parameter sink: Where its pieces are shown, and the replies before it.
    mutating func play(to sink: (any ReplySink)?) async {
        guard let streaming else { return }
        self.lastReading = nil
        let number = self.replies.count + 1
        let played = await StreamedCall.play(
            streaming.stream,
            to: sink.map {
                OrderedSink(sink: $0, earlier: Array(self.replies[self.shownCount...]), shown: self.shownCount)
            },
            number: number,
            permit: streaming.isHeld ? nil : streaming.permit,
            limits: self.streamLimits(askedAt: streaming.askedAt),
            on: self.chain.clock
        )
        if streaming.isHeld { streaming.permit?.abandon() }
        self.take(played, of: streaming)
        guard played.isShown, let (reply, finish) = played.reply else { return }
        sink?.end(reply, finish)
        self.shownCount = number
    }

    /// What is left of the turn's time and of the entry's call.
    private func streamLimits(askedAt: Duration) -> StreamedCall.Limits {
        let entry = self.chain.entries[self.index]
        let now = self.chain.clock.now
        let untilShown = self.startedAt + self.chain.deadline - Self.fallbackReserve - now
        return StreamedCall.Limits(
            firstPiece: min(entry.firstPiece, untilShown),
            nextPiece: entry.nextPiece,
            whole: min(askedAt + entry.timeout, self.startedAt + self.chain.streamDeadline) - now
        )
    }
}

/// Shows the replies before a streamed one when that begins: until then they wait for the end of the turn.
private struct OrderedSink: ReplySink {
    let sink: any ReplySink
    let earlier: [Reply]
    /// How many replies of the turn were shown before them.
    let shown: Int

    func show(_ reply: Reply, number: Int) { self.sink.show(reply, number: number) }

    func begin(number: Int, stop: @escaping @Sendable () -> Void) -> Bool {
        for (index, reply) in self.earlier.enumerated() { self.sink.show(reply, number: self.shown + index + 1) }
        return self.sink.begin(number: number, stop: stop)
    }

    func append(_ piece: String) { self.sink.append(piece) }
    func end(_ reply: Reply, _ finish: StreamFinish) { self.sink.end(reply, finish) }
}

extension StreamedCall.Played {
    /// The reply that the visitor is left with, and why it ended; nothing where that is none.
    var reply: (reply: Reply, finish: StreamFinish)? {
        switch self.end {
        case .complete(var reply):
            guard !reply.isEmpty || self.isShown else { return nil }
            // What was shown stays, whatever the responder says at its end.
            if reply.isEmpty { reply.text = self.text }
            _ = reply.bound()
            return (reply, .complete)
        case .stopped: return (Reply(self.text), .stopped)
        case .failed(let failure):
            guard self.isShown else { return nil }
            return (Reply(self.text), failure.code == .timeout ? .timeout : .error)
        }
    }

    /// What that says about the responder; a visitor who wants no more says nothing.
    var result: CircuitBreaker.Result {
        switch self.end {
        case .complete: self.reply == nil ? .failure : .success
        case .stopped: .neutral
        case .failed(let failure): failure.code == .cancelled ? .neutral : .failure
        }
    }

    /// Why there is no reply.
    var failure: Failure {
        guard case .failed(let failure) = self.end else { return Failure(.emptyReply) }
        return failure
    }

    /// What an error said that cut the reply off.
    var problem: String? {
        guard case .failed(let failure) = self.end else { return nil }
        return failure.problem
    }
}
