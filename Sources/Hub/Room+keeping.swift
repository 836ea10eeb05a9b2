import Messages
import Synchronization

extension RoomState {
    /// What of a room is in the log, and who waits for it.
    struct Keeping: Sendable {
        /// The number of the last message of which it is known what became.
        var settled = 0
        /// The number of the last message that is in memory alone.
        var lastInMemory = 0
        /// Messages that the log hasn't taken yet, in the order of their numbers.
        var untaken: [LoggedMessage] = []
        /// Senders that haven't been told yet.
        var receipts: [Receipt] = []

        /// Whether something is to be tried again, or somebody waits.
        var isPending: Bool { !self.untaken.isEmpty || !self.receipts.isEmpty }
    }

    /// Somebody who is told when a message is kept.
    struct Receipt: Sendable {
        enum Sender: Sendable {
            case link(any Link, id: String)
            case call(@Sendable (Result<Room.Acknowledgement, ClientError>) -> Void)
        }

        let seq: Int
        let isDuplicate: Bool
        /// When the message was sent, in nanoseconds.
        let since: UInt64
        let sender: Sender
    }
}

/// Acknowledgements follow the log; what is shown doesn't wait for it.
extension Room {
    /// Offers the log what was said since the last call.
    ///
    /// Called with the lock held, after everything that gives a message its number.
    func keep(_ state: inout RoomState) {
        guard let log = self.hub.log else { return }
        guard !state.isForgotten else {
            state.keeping.untaken = []
            return
        }
        while let record = state.keeping.untaken.first {
            let seq = record.seq
            switch log.append(record, completion: { outcome in self.settle(seq, outcome) }) {
            case .taken: state.keeping.untaken.removeFirst()
            case .memoryOnly:
                state.keeping.untaken.removeFirst()
                self.settle(seq, .memoryOnly, &state)
            case .notNow:
                self.scheduleTick(&state)
                return
            }
        }
    }

    /// Tells a sender at once if its message is kept, and otherwise when it is.
    ///
    /// Called with the lock held.
    func acknowledge(
        _ acknowledgement: Acknowledgement,
        to sender: RoomState.Receipt.Sender,
        at now: UInt64,
        _ state: inout RoomState
    ) {
        guard self.hub.log != nil, acknowledgement.seq > state.keeping.settled else {
            self.tell(sender, .success(acknowledgement.durable(unless: state.keeping.lastInMemory)))
            return
        }
        let isDuplicate = acknowledgement.isDuplicate
        let receipt = RoomState.Receipt(
            seq: acknowledgement.seq,
            isDuplicate: isDuplicate,
            since: now,
            sender: sender
        )
        state.keeping.receipts.append(receipt)
        self.scheduleTick(&state)
    }

    private func settle(_ seq: Int, _ outcome: LogOutcome) { self.state.withLock { self.settle(seq, outcome, &$0) } }

    private func settle(_ seq: Int, _ outcome: LogOutcome, _ state: inout RoomState) {
        state.keeping.settled = max(state.keeping.settled, seq)
        self.hub.noteVacancy()
        if case .memoryOnly = outcome { state.keeping.lastInMemory = max(state.keeping.lastInMemory, seq) }
        guard !state.keeping.receipts.isEmpty else { return }
        let due = state.keeping.receipts.filter { $0.seq <= seq }
        state.keeping.receipts.removeAll { $0.seq <= seq }
        for receipt in due {
            if case .failed = outcome {
                self.tell(receipt.sender, .failure(Self.notKept))
            } else {
                let told = Acknowledgement(seq: receipt.seq, epoch: state.epoch, isDuplicate: receipt.isDuplicate)
                self.tell(receipt.sender, .success(told.durable(unless: state.keeping.lastInMemory)))
            }
        }
    }

    /// Tells those that have waited for too long; who sends the message again waits for the same one.
    ///
    /// Called with the lock held.
    func endReceipts(at now: UInt64, _ state: inout RoomState) {
        let isOver = { (receipt: RoomState.Receipt) in now >= receipt.since + HubOptions.receiptNanoseconds }
        for receipt in state.keeping.receipts where isOver(receipt) {
            self.tell(receipt.sender, .failure(Self.notKept))
        }
        state.keeping.receipts.removeAll(where: isOver)
    }

    private func tell(_ sender: RoomState.Receipt.Sender, _ result: Result<Acknowledgement, ClientError>) {
        switch (sender, result) {
        case (.call(let body), _): body(result)
        case (.link(let link, let id), .success(let acknowledgement)):
            link.send(Frame(acknowledgement.frame(id: id)))
        case (.link(let link, let id), .failure(let error)):
            var error = error
            error.id = id
            link.send(Frame(ServerFrame.error(error)))
        }
    }

    static let notKept = ClientError(
        .unavailable,
        "the message can't be stored at the moment; send it again",
        retryAfterMilliseconds: 5_000
    )
}

extension Room {
    /// What a sender is told about its message.
    public struct Acknowledgement: Hashable, Sendable {
        public let seq: Int
        public let epoch: String
        public let isDuplicate: Bool
        /// Whether it outlives the process, where messages do.
        public private(set) var isDurable = true

        init(seq: Int, epoch: String, isDuplicate: Bool) {
            self.seq = seq
            self.epoch = epoch
            self.isDuplicate = isDuplicate
        }

        /// The same, for a room whose messages up to a number may be in memory alone.
        func durable(unless lastInMemory: Int) -> Acknowledgement {
            var acknowledgement = self
            acknowledgement.isDurable = self.seq > lastInMemory
            return acknowledgement
        }

        /// The `ack` frame.
        public func frame(id: String) -> [UInt8] {
            ServerFrame.ack(
                id: id,
                seq: self.seq,
                epoch: self.epoch,
                isDuplicate: self.isDuplicate,
                isDurable: self.isDurable
            )
        }
    }
}
