import Messages
import Synchronization

extension Hub {
    /// Forgets what it has of a session: nothing that is said in its room from now on is kept, and whoever comes opens
    /// another one.
    ///
    /// For what was erased elsewhere. Connections are closed.
    ///
    /// - Parameter key: The room; nothing happens where it isn't in memory.
    public func forget(_ key: RoomKey) {
        // One that is being opened is opened from what was there before.
        self.shard(of: key).opening.withLock { $0[key] = nil }
        self.dropForgotten(key)
    }

    /// Takes a room out of its table and keeps nothing of it.
    func dropForgotten(_ key: RoomKey) {
        let room = self.shard(of: key).rooms.withLock { $0.removeValue(forKey: key) }
        self.context.desk.remove(key)
        guard let room else { return }
        self.roomCount.wrappingSubtract(1, ordering: .relaxed)
        room.forget()
    }
}

extension Room {
    /// Keeps nothing from now on, and closes every connection.
    func forget() {
        self.state.withLock { state in
            state.isForgotten = true
            state.shrinkHistory(to: 0)
            state.companion = nil
            state.standing = Standing()
            self.keep(&state)
            for member in state.members { member.link.close(.revoked, reason: "revoked") }
        }
    }
}
