import Messages
import Synchronization

/// What agents work with: which conversations of their site wait for a person or have one, and who of them is there.
///
/// Safe on any thread. Rooms call it with their locks held, so it calls no room.
final class AgentDesk: Sendable {
    fileprivate struct Entry {
        var standing: Standing
        /// When the room has to look at it again, in milliseconds of the time of day.
        var due: Int64
    }

    fileprivate struct SiteDesk {
        var conversations: [SessionID: Entry] = [:]
        /// Those who see the list.
        var watchers: [any Link] = []
        /// How many connections agents have, here and in rooms.
        var agents = 0
        /// Since when there has been none, in milliseconds of the time of day.
        var vacantSince: Int64
    }

    private struct State {
        var sites: [SiteID: SiteDesk] = [:]
        /// How many conversations there are in all.
        var count = 0
    }

    /// How many conversations may wait or be with a person at once.
    static let maximumConversations = 10_000
    /// How many of them one frame lists: those that wait longest.
    static let listedConversations = 200
    /// How long agents may be gone before nobody counts as there: a page that is loaded anew is no farewell.
    static let graceMilliseconds: Int64 = 60_000

    private let state = Mutex(State())
    /// When the desk was opened, in milliseconds of the time of day.
    private let opened: Int64

    init(openedAt time: Timestamp) { self.opened = time.milliseconds }

    private func withSite<R: Sendable>(_ site: SiteID, _ body: (inout SiteDesk, inout Int) -> sending R) -> R {
        self.state.withLock { state in
            body(&state.sites[site, default: SiteDesk(vacantSince: self.opened)], &state.count)
        }
    }

    /// Whether one more conversation may wait.
    var hasPlace: Bool { self.state.withLock { $0.count < Self.maximumConversations } }

    // MARK: Conversations

    /// Lists a conversation as it stands, or strikes it off, and tells those who watch.
    func note(_ key: RoomKey, _ standing: Standing, due: Int64) {
        self.withSite(key.site) { site, count in
            let wasListed = site.conversations[key.session] != nil
            guard wasListed || standing.state.isAttended else { return }
            if standing.state.isAttended {
                site.conversations[key.session] = Entry(standing: standing, due: due)
                if !wasListed { count += 1 }
            } else {
                site.conversations[key.session] = nil
                count -= 1
            }
            let item = ListedConversation(key.session, standing)
            let frame = Frame(ServerFrame.conversations([item], isWhole: false))
            for link in site.watchers { link.send(frame) }
        }
    }

    /// Has the room look at a conversation at another time.
    func postpone(_ key: RoomKey, to due: Int64) {
        self.withSite(key.site) { site, _ in site.conversations[key.session]?.due = due }
    }

    /// Strikes a conversation off that is no more.
    func remove(_ key: RoomKey) { self.note(key, Standing(.closed), due: 0) }

    /// The conversations that have to be looked at.
    func due(at now: Int64, isOpen: (SiteID) -> Bool) -> [RoomKey] {
        self.state.withLock { state in
            state.sites.flatMap { name, site -> [RoomKey] in
                guard !site.conversations.isEmpty else { return [] }
                let isDeserted = site.isDeserted(at: now) || !isOpen(name)
                return site.conversations.compactMap { session, entry in
                    let isDue = entry.due <= now || (isDeserted && entry.standing.state == .waiting)
                    return isDue ? RoomKey(site: name, session: session) : nil
                }
            }
        }
    }

    // MARK: Agents

    /// Shows the list to a link, and every change of it from now on.
    func enter(_ link: any Link, of site: SiteID) {
        self.withSite(site) { site, _ in
            site.watchers.append(link)
            let all = site.conversations.map { ListedConversation($0, $1.standing) }
            let sorted = all.sorted { left, right in
                (left.since.milliseconds, left.session.rawValue) < (right.since.milliseconds, right.session.rawValue)
            }
            let shown = Array(sorted.prefix(Self.listedConversations))
            link.send(Frame(ServerFrame.conversations(shown, isWhole: true, left: all.count - shown.count)))
        }
    }

    func leave(_ link: any Link, of site: SiteID) {
        self.withSite(site) { site, _ in site.watchers.removeAll { $0 === link } }
    }

    /// Notes that an agent has a connection more.
    func agentCame(to site: SiteID) { self.withSite(site) { site, _ in site.agents += 1 } }

    /// Notes that an agent has a connection less.
    func agentWent(from site: SiteID, at now: Int64) {
        self.withSite(site) { site, _ in
            site.agents -= 1
            site.vacantSince = now
        }
    }

    /// Whether an agent is connected.
    func hasAgent(at site: SiteID) -> Bool { self.withSite(site) { site, _ in site.agents > 0 } }

    /// Whether no agent has been connected for a while.
    func isDeserted(_ site: SiteID, at now: Int64) -> Bool {
        self.withSite(site) { site, _ in site.isDeserted(at: now) }
    }
}

extension AgentDesk.SiteDesk {
    fileprivate func isDeserted(at now: Int64) -> Bool {
        self.agents == 0 && now >= self.vacantSince + AgentDesk.graceMilliseconds
    }
}

extension ListedConversation {
    init(_ session: SessionID, _ standing: Standing) {
        self.init(
            session,
            standing.state,
            since: standing.since,
            agent: standing.agent,
            queue: standing.queue,
            note: standing.note
        )
    }
}
