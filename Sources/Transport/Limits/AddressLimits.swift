public import Hub
import Messages
import Synchronization

/// What the clients of one address may do, and all clients of the server; nothing turns a limit off.
public struct AddressLimitOptions: Sendable {
    /// Messages of visitors from one address.
    public var messages: RateLimit? = RateLimit(20, burst: 100)
    /// Handshakes and streams that one address opens.
    public var handshakes: RateLimit? = RateLimit(10, burst: 60)
    /// New sessions of one address.
    public var sessions: RateLimit? = RateLimit(10, perSeconds: 60, burst: 20)
    /// Tokens of one address that are no good.
    public var failures: RateLimit? = RateLimit(20, perSeconds: 60, burst: 20)
    /// Messages of the visitors of one site.
    public var siteMessages: RateLimit? = RateLimit(200, burst: 1_000)
    /// WebSockets that one address has open.
    public var connections: Int? = 200
    /// Connections that the whole server accepts.
    public var accepts: RateLimit? = RateLimit(500, burst: 1_000)
    /// WebSockets that the whole server has open.
    public var allConnections: Int? = 20_000
    /// Addresses that are remembered.
    public var addresses = 100_000

    public init() {}

    /// No limit at all: for measurements.
    public static var none: AddressLimitOptions {
        var options = AddressLimitOptions()
        (options.messages, options.handshakes, options.sessions, options.failures) = (nil, nil, nil, nil)
        (options.connections, options.accepts, options.allConnections) = (nil, nil, nil)
        options.siteMessages = nil
        return options
    }
}

/// What the clients of one address may do, over WebSocket and HTTP together; and all clients of the server.
///
/// Any thread. The table is bounded: an address that has been quiet for long enough to have its whole burst again costs
/// nothing to forget, and is forgotten first.
final class AddressLimits: Sendable {
    /// Something that is counted for each address.
    enum Action: Int, Sendable { case message, handshake, session, failure }

    /// The clients of one address.
    final class Record: Sendable {
        fileprivate struct State: Sendable {
            var arrivals = InlineArray<4, UInt64>(repeating: 0)
            var connections = 0
            var latest: UInt64 { max(max(self.arrivals[0], self.arrivals[1]), max(self.arrivals[2], self.arrivals[3])) }
        }

        fileprivate let state = Mutex(State())
    }

    let options: AddressLimitOptions
    private let records = Mutex<[ClientAddress: Record]>([:])
    private let nextAccept = Mutex<UInt64>(0)
    /// Of the sites of the configuration, which are few.
    private let siteArrivals = Mutex<[SiteID: UInt64]>([:])
    private let connectionCount = Atomic<Int>(0)

    init(_ options: AddressLimitOptions = AddressLimitOptions()) { self.options = options }

    /// The record of an address.
    ///
    /// - Parameters:
    ///   - address: Nothing for clients whose address isn't known, which share one record.
    ///   - now: Nanoseconds of a clock that never goes back.
    /// - Returns: The record, the same for all of its clients.
    func record(of address: ClientAddress?, at now: UInt64) -> Record {
        guard let address else { return self.unknown }
        return self.records.withLock { records in
            if let record = records[address] { return record }
            if records.count >= self.options.addresses { self.makeRoom(in: &records, at: now) }
            // Everybody in the table is connected or over a limit: newcomers share a record.
            guard records.count < self.options.addresses else { return self.unknown }
            let record = Record()
            records[address] = record
            return record
        }
    }

    private let unknown = Record()

    /// Takes one action of an address, or says how long to wait for it.
    ///
    /// - Parameters:
    ///   - action: What it does.
    ///   - record: Its record.
    ///   - now: Nanoseconds.
    /// - Returns: Nothing if it may, else the nanoseconds until it would be.
    func refuse(_ action: Action, of record: Record, at now: UInt64) -> UInt64? {
        guard let limit = self.limit(of: action) else { return nil }
        return record.state.withLock { limit.refuse(&$0.arrivals[action.rawValue], at: now) }
    }

    /// How long an address would have to wait for an action; nothing is taken.
    func refusal(of action: Action, by record: Record, at now: UInt64) -> UInt64? {
        guard let limit = self.limit(of: action) else { return nil }
        var arrival = record.state.withLock { $0.arrivals[action.rawValue] }
        return limit.refuse(&arrival, at: now)
    }

    /// Takes a visitor's message.
    ///
    /// - Parameters:
    ///   - id: The client's id of it, for the refusal.
    ///   - record: The record of the address.
    ///   - site: Whose visitor it is.
    ///   - clocks: The time.
    /// - Throws: `rate_limited`.
    func take(
        _ id: String?,
        of record: Record,
        for site: SiteID,
        at clocks: any Clocks
    ) throws(ClientError) {
        guard self.options.messages != nil || self.options.siteMessages != nil else { return }
        let now = clocks.nanoseconds()
        // The address first: what is refused to one client must not use up what all visitors of a site share.
        if let wait = self.refuse(.message, of: record, at: now) {
            throw ClientError(
                .rateLimited,
                "too many messages of this address",
                waitingNanoseconds: wait,
                id: id
            )
        }
        if let limit = self.options.siteMessages,
            let wait = self.siteArrivals.withLock({ limit.refuse(&$0[site, default: 0], at: now) })
        {
            throw ClientError(
                .rateLimited,
                "too many messages of this site",
                waitingNanoseconds: wait,
                id: id
            )
        }
    }

    private func limit(of action: Action) -> RateLimit? {
        switch action {
        case .message: self.options.messages
        case .handshake: self.options.handshakes
        case .session: self.options.sessions
        case .failure: self.options.failures
        }
    }

    /// Takes one handshake of the whole server, or says how long to wait for it.
    func refuseAccept(at now: UInt64) -> UInt64? {
        guard let limit = self.options.accepts else { return nil }
        return self.nextAccept.withLock { limit.refuse(&$0, at: now) }
    }

    /// Why a connection can't be opened.
    enum Full: Sendable { case address, server }

    /// Counts a connection, or says what is full; ended by ``close(_:)``.
    func open(_ record: Record) -> Full? {
        let count = self.connectionCount.wrappingAdd(1, ordering: .relaxed).newValue
        guard count <= self.options.allConnections ?? .max else {
            self.connectionCount.wrappingSubtract(1, ordering: .relaxed)
            return .server
        }
        let isOpen = record.state.withLock { state in
            guard state.connections < self.options.connections ?? .max else { return false }
            state.connections += 1
            return true
        }
        if !isOpen { self.connectionCount.wrappingSubtract(1, ordering: .relaxed) }
        return isOpen ? nil : .address
    }

    /// Counts a connection.
    ///
    /// - Throws: `rate_limited` or `overloaded`, by what is full.
    func take(connectionOf record: Record) throws(ClientError) {
        switch self.open(record) {
        case nil: return
        case .address:
            let text = "this address has \(self.options.connections ?? 0) connections already"
            throw ClientError(.rateLimited, text, retryAfterMilliseconds: 5_000)
        case .server: throw ClientError(.overloaded, "the server is full", retryAfterMilliseconds: 5_000)
        }
    }

    func close(_ record: Record) {
        record.state.withLock { $0.connections -= 1 }
        self.connectionCount.wrappingSubtract(1, ordering: .relaxed)
    }

    /// How many addresses are remembered.
    var count: Int { self.records.withLock { $0.count } }

    /// Forgets addresses: those that are as good as new, and if there are none the tenth that has been quiet for longest,
    /// but never one that is over a limit or connected.
    private func makeRoom(in records: inout [ClientAddress: Record], at now: UInt64) {
        records = records.filter { _, record in
            record.state.withLock { $0.connections > 0 || $0.latest > now }
        }
        guard records.count >= self.options.addresses else { return }
        let free = records.filter { !self.isLimited($0.value, at: now) }
            .sorted { left, right in
                left.value.state.withLock { $0.latest } < right.value.state.withLock { $0.latest }
            }
        for (address, _) in free.prefix(max(1, self.options.addresses / 10)) { records[address] = nil }
    }

    private func isLimited(_ record: Record, at now: UInt64) -> Bool {
        record.state.withLock { state in
            guard state.connections == 0 else { return true }
            return [Action.message, .handshake, .session, .failure].contains { action in
                var arrival = state.arrivals[action.rawValue]
                return self.limit(of: action)?.refuse(&arrival, at: now) != nil
            }
        }
    }
}

extension ClientError {
    /// The answer to an address that shows bad tokens again and again.
    static func tooManyFailures(waitingNanoseconds wait: UInt64) -> ClientError {
        ClientError(.rateLimited, "too many tries that gave no access", waitingNanoseconds: wait)
    }
}
