import Hub

/// The limits of a room's calls as buckets that leak: exact, and written another way than the hub does it.
struct RateReference {
    /// What is limited by itself.
    enum Call {
        case message, resume, history, typing, presence, poll

        /// Nanoseconds after which one more may come, and how many may come at once: the defaults of the hub.
        fileprivate var limit: (interval: UInt64, burst: UInt64) {
            switch self {
            case .message: (500_000_000, 10)
            case .resume: (5_000_000_000, 2)
            case .history, .presence: (500_000_000, 5)
            case .typing: (1_000_000_000, 4)
            case .poll: (200_000_000, 20)
            }
        }

        /// Whether it is limited in a schedule.
        fileprivate func isLimited(_ options: HubOptions) -> Bool {
            switch self {
            case .message: options.messageRate != nil
            case .resume: options.resumeRate != nil
            case .history: options.historyRate != nil
            case .typing: options.typingRate != nil
            case .presence: options.presenceRate != nil
            case .poll: options.pollRate != nil
            }
        }
    }

    /// How full each bucket was, and when.
    private var buckets: [Call: (level: UInt64, at: UInt64)] = [:]

    /// Whether a call may be made now; if so it counts.
    mutating func takes(_ call: Call, _ options: HubOptions, at now: UInt64) -> Bool {
        guard call.isLimited(options) else { return true }
        let (interval, burst) = call.limit
        let bucket = self.buckets[call] ?? (0, now)
        let level = bucket.level - min(bucket.level, now - bucket.at)
        guard level <= (burst - 1) * interval else {
            self.buckets[call] = (level, now)
            return false
        }
        self.buckets[call] = (level + interval, now)
        return true
    }
}

extension World {
    /// Whether a call of a room may be made now; to be asked once for each call, when it was made.
    func takes(_ call: RateReference.Call, in run: RoomRun) -> Bool {
        run.rates.takes(call, self.schedule.options, at: self.now)
    }
}
