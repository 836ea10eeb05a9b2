public import Messages
import Synchronization

extension Hub {
    /// Lists the conversations that waited for a person or had one when the server last stopped.
    ///
    /// To be called before anybody comes.
    public func restore(_ conversations: [(key: RoomKey, standing: Standing)]) {
        let now = self.context.clocks.timestamp().milliseconds
        for (key, standing) in conversations {
            let start = standing.state == .waiting ? standing.since.milliseconds : now
            self.context.desk.note(key, standing, due: start + self.options.times(of: key.site).returnMilliseconds)
        }
    }

    /// Whether an agent of a site is there, and the site is open.
    public func isStaffed(_ site: SiteID) -> Bool { self.context.isStaffed(site) }

    /// Has conversations looked at that may be over.
    func settleConversations() {
        let time = self.context.clocks.timestamp()
        for key in self.context.desk.due(at: time.milliseconds, isOpen: { self.options.isOpen($0, time) }) {
            self.whenOpen(key) { error in
                // What can't be read now is looked at again.
                guard error == nil else { return }
                guard let room = self.shard(of: key).rooms.withLock({ $0[key] }) else {
                    return self.context.desk.remove(key)
                }
                room.settleConversation()
            }
        }
    }
}

extension HubContext {
    func isStaffed(_ site: SiteID) -> Bool {
        self.desk.hasAgent(at: site) && self.options.isOpen(site, self.clocks.timestamp())
    }

    /// Whether nobody is there, and has not been for a while.
    func isDeserted(_ site: SiteID, at time: Timestamp) -> Bool {
        self.desk.isDeserted(site, at: time.milliseconds) || !self.options.isOpen(site, time)
    }
}
