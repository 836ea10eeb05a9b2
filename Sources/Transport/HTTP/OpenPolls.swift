import Access
import NIOCore
import Synchronization

/// The polls that wait, one for each client: a second one ends the first.
final class OpenPolls: Sendable {
    private struct State {
        var links: [String: PollLink] = [:]
        var ofConnections: [ObjectIdentifier: PollLink] = [:]
    }

    private let state = Mutex(State())

    /// Ends all of them, since the server stops.
    func wakeAll() { for link in self.state.withLock({ Array($0.links.values) }) { link.wake() } }

    func replace(_ key: String, with link: PollLink) {
        let former = self.state.withLock { state in
            state.ofConnections[link.connection] = link
            return state.links.updateValue(link, forKey: key)
        }
        former?.wake()
    }

    /// Ends the one of a connection whose client has gone: it must not keep its place in the room.
    func end(of channel: any Channel) {
        self.state.withLock { $0.ofConnections.removeValue(forKey: ObjectIdentifier(channel)) }?.wake()
    }

    /// Ends those whose tokens are not accepted any more.
    func end(_ revocation: Revocation) {
        let links = self.state.withLock { Array($0.links.values) }
        for link in links { if let grant = link.grant, revocation.covers(grant) { link.wake() } }
    }

    func isCurrent(_ key: String, _ link: PollLink) -> Bool { self.state.withLock { $0.links[key] === link } }

    func remove(_ key: String, _ link: PollLink) {
        self.state.withLock { state in
            if state.links[key] === link { state.links[key] = nil }
            if state.ofConnections[link.connection] === link { state.ofConnections[link.connection] = nil }
        }
    }
}
