internal import Hub
internal import Messages
internal import Responders
internal import Synchronization

/// What the responders know of one conversation.
///
/// Lives with its room.
final class Dialogue: Sendable {
    /// Guarded by the mutex, though turns of one conversation come one after the other.
    private let state: Mutex<Conversation>
    private let shown = Mutex<RoomSink?>(nil)
    private let interrupting = Mutex<Interruption?>(nil)
    private let texts = Mutex(ServerTexts.english)
    private let lastPage = Mutex<String?>(nil)

    init(session: SessionID, site: String, _ echoes: EchoWatch) {
        self.state = Mutex(Conversation(sessionID: session.rawValue, site: site, said: [:], echoes: echoes))
    }

    /// Has the server speak the language of the visitor's page.
    func speak(_ texts: ServerTexts, in room: Room) {
        let isNew = self.texts.withLock { known in
            defer { known = texts }
            return known != texts
        }
        if isNew { room.texts = texts }
    }

    /// The page from which the visitor wrote last.
    var page: String? {
        get { self.lastPage.withLock { $0 } }
        set { self.lastPage.withLock { $0 = newValue } }
    }

    /// Where the turn that is under way shows its replies.
    var sink: RoomSink? {
        get { self.shown.withLock { $0 } }
        set { self.shown.withLock { $0 = newValue } }
    }

    /// Ends the turn that is under way.
    var interruption: Interruption? {
        get { self.interrupting.withLock { $0 } }
        set { self.interrupting.withLock { $0 = newValue } }
    }

    func conversation(in room: Room) -> Conversation {
        let state = room.standing.state
        return self.state.withLock { conversation in
            conversation.state = state
            return conversation
        }
    }

    /// Forgets what came before a conversation that begins anew.
    func startAnew() {
        self.state.withLock { $0 = Conversation(sessionID: $0.sessionID, site: $0.site, said: [:], echoes: $0.echoes) }
    }

    func remember(_ result: ChainResult) { self.state.withLock { $0.remember(result) } }
}
