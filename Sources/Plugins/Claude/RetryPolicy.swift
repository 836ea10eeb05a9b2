/// Whether and when a request is sent again.
struct RetryPolicy: Sendable {
    /// How often at most.
    var retries: Int
    /// From 0 up to but not including 1.
    var random: @Sendable () -> Double = { Double.random(in: 0..<1) }
    /// Now, in milliseconds since 1970-01-01T00:00:00Z, for a `retry-after` that is a date.
    var wallClock: @Sendable () -> Int64

    /// The pause before the next attempt.
    ///
    /// - Parameters:
    ///   - failure: What came of the last one.
    ///   - count: How many attempts were repeated already.
    /// - Returns: The pause; nothing where there is to be no further attempt.
    func pause(after failure: CallFailure, count: Int) -> Duration? {
        guard count < self.retries else { return nil }
        switch failure {
        case .unanswered(let unanswered): return unanswered.mayRepeat ? self.backoff(count) : nil
        // Its time is over already.
        case .late: return .zero
        case .refused(let refused):
            guard refused.isWorthRepeating else { return nil }
            return refused.wait(self.wallClock()) ?? self.backoff(count)
        case .broken, .cancelled: return nil
        }
    }

    /// Half a second, doubling up to eight, less up to a quarter.
    private func backoff(_ count: Int) -> Duration {
        let longest = min(Duration.milliseconds(500) * (1 << min(count, 8)), .seconds(8))
        return longest * (0.75 + self.random() / 4)
    }
}

/// Why there is no whole response.
enum CallFailure: Error, Sendable {
    case unanswered(Unanswered)
    /// The API answered with an error.
    case refused(RefusedRequest)
    /// Nothing of the reply came in time.
    case late
    /// It broke off after its first byte: nothing is sent again then.
    case broken(StreamError)
    case cancelled

    /// The word of the trace.
    var code: String {
        switch self {
        case .unanswered: "unreachable"
        case .refused(let refused): refused.error.type.isEmpty ? "status-\(refused.status)" : refused.error.code
        case .late: "timeout"
        case .broken(let error): error.code
        case .cancelled: "cancelled"
        }
    }
}

/// A response that is an error.
struct RefusedRequest: Sendable, Hashable {
    var status: Int
    var error: APIError
    /// By names in lower case.
    var headers: [String: String] = [:]

    /// Whether the header says so, or else the status.
    var isWorthRepeating: Bool {
        switch self.headers["x-should-retry"] {
        case "true": true
        case "false": false
        default: self.status == 408 || self.status == 409 || self.status == 429 || self.status >= 500
        }
    }

    /// Whether it is the key, the account, the model or the address: nothing that another attempt would change.
    var isSetup: Bool { [401, 402, 403, 404].contains(self.status) }

    /// What the headers want to be waited, from now in milliseconds since 1970-01-01T00:00:00Z; nothing where they say nothing
    /// that can be read.
    func wait(_ now: Int64) -> Duration? {
        if let text = self.headers["retry-after-ms"], let milliseconds = Double(text), milliseconds >= 0 {
            return Self.seconds(milliseconds / 1_000)
        }
        guard let text = self.headers["retry-after"] else { return nil }
        if let seconds = Double(text) { return seconds >= 0 ? Self.seconds(seconds) : nil }
        guard let date = httpDate(text) else { return nil }
        return .milliseconds(max(0, date - now))
    }

    /// A day is as good as for ever.
    private static func seconds(_ seconds: Double) -> Duration {
        .milliseconds(Int64(min(seconds.isFinite ? seconds : 86_400, 86_400) * 1_000))
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z of `Sun, 06 Nov 1994 08:49:37 GMT`: RFC 9110, section 5.6.7.
private func httpDate(_ text: String) -> Int64? {
    let parts = text.split { $0 == " " || $0 == ":" || $0 == "," }
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    guard parts.count == 8, parts[7] == "GMT", let month = months.firstIndex(of: String(parts[2])),
        let day = Int(parts[1]), let year = Int(parts[3]), let hour = Int(parts[4]), let minute = Int(parts[5]),
        let second = Int(parts[6]), 1...31 ~= day, 1970...9999 ~= year, 0...23 ~= hour, 0...59 ~= minute,
        0...60 ~= second
    else { return nil }
    // Days of the civil calendar, with years that begin in March.
    let shifted = month >= 2 ? year : year - 1
    let dayOfYear = (153 * ((month + 10) % 12) + 2) / 5 + day - 1
    let days = shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    return Int64(((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000
}
