import Access
import Hub
import NIOCore
import Synchronization

/// A request that stays open to bring messages: a long poll or a stream of events.
protocol RequestLink: Link {
    /// The connection that it came on.
    var connection: ObjectIdentifier { get }
    /// The room that it is of.
    var room: Room { get }
    /// What its token gives; nothing where none was shown.
    var grant: Grant? { get }

    /// Ends it.
    ///
    /// Any thread.
    func end(_ reason: RequestEnd)
}

extension RequestLink {
    /// Its name for those who run the server.
    var name: String { "r-\(UInt(bitPattern: self.connection.hashValue))" }
}

/// Why a request that brings messages ends before its time.
enum RequestEnd: Sendable {
    /// The client has gone.
    case gone
    /// The same tab has sent another one.
    case replaced
    /// The server stops.
    case draining
    /// The token isn't accepted any more.
    case revoked
    /// The token has run out.
    case expired
    /// The client reads more slowly than it is written to.
    case slow
}

/// The requests that stay open.
///
/// Any thread. Each tab has one at most: a second one ends the first.
final class OpenRequests: Sendable {
    private struct State {
        var ofClients: [String: any RequestLink] = [:]
        var ofConnections: [ObjectIdentifier: any RequestLink] = [:]
    }

    private let state = Mutex(State())

    /// All of them.
    var links: [any RequestLink] { self.state.withLock { Array($0.ofConnections.values) } }

    /// Ends those to which no answer is on its way, since the server stops.
    ///
    /// - Returns: Whether any was left open.
    func endIdle() -> Bool {
        var isAnyOpen = false
        for link in self.links {
            if link.room.isAnswering { isAnyOpen = true } else { link.end(.draining) }
        }
        return isAnyOpen
    }

    /// Ends all of them.
    func endAll() { for link in self.links { link.end(.draining) } }

    /// Lists a request.
    ///
    /// - Parameters:
    ///   - link: The request.
    ///   - client: Names the tab.
    func add(_ link: any RequestLink, of client: String) {
        let former = self.state.withLock { state in
            state.ofConnections[link.connection] = link
            return state.ofClients.updateValue(link, forKey: client)
        }
        former?.end(.replaced)
    }

    /// Ends the one of a connection whose client has gone: it must not keep its place in the room.
    func end(of channel: any Channel) {
        self.state.withLock { $0.ofConnections[ObjectIdentifier(channel)] }?.end(.gone)
    }

    /// Ends those whose tokens are not accepted any more.
    func end(_ revocation: Revocation) {
        for link in self.links { if let grant = link.grant, revocation.covers(grant) { link.end(.revoked) } }
    }

    /// Whether a request is the last one of its tab.
    func isCurrent(_ link: any RequestLink, of client: String) -> Bool {
        self.state.withLock { $0.ofClients[client] === link }
    }

    func remove(_ link: any RequestLink, of client: String) {
        self.state.withLock { state in
            if state.ofClients[client] === link { state.ofClients[client] = nil }
            if state.ofConnections[link.connection] === link { state.ofConnections[link.connection] = nil }
        }
    }
}
