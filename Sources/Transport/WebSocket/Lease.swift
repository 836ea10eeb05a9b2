import Access
import Hub
import Messages

/// For how long a connection may stay: what its token gives, on the wheel that ends it with the token.
///
/// Lives on the event loop of the connection.
final class Lease: Timed {
    /// What the token gives.
    private(set) var grant: Grant
    var wheelPlace = TimingWheel.Place()
    private unowned let connection: WebSocketHandler
    /// When it ends, in nanoseconds of the clock that never goes back: a change of the time of day moves no deadline.
    private var ends: UInt64 = 0

    init(_ grant: Grant, of connection: WebSocketHandler) {
        self.grant = grant
        self.connection = connection
        self.begin()
    }

    /// Takes the next token.
    func renew(_ grant: Grant) {
        self.grant = grant
        self.begin()
    }

    /// Takes the deadline away, since the connection has ended.
    func end() { self.connection.loop.expiries.cancel(self) }

    private func begin() {
        let clocks = self.connection.loop.clocks
        let left = max(0, self.grant.expires.milliseconds - clocks.timestamp().milliseconds)
        self.ends = clocks.nanoseconds() + UInt64(left) * 1_000_000
        self.wait()
    }

    private func wait() {
        let now = self.connection.loop.clocks.nanoseconds()
        let seconds = self.ends > now ? (self.ends - now + 999_999_999) / 1_000_000_000 : 1
        self.connection.loop.expiries.set(self, in: Int(min(seconds, UInt64(Int32.max))))
    }

    func deadlineReached() {
        // A token may live longer than the wheel reaches.
        if self.connection.loop.clocks.nanoseconds() < self.ends { self.wait() } else { self.connection.tokenExpired() }
    }
}

@available(*, unavailable)
extension Lease: Sendable {}
