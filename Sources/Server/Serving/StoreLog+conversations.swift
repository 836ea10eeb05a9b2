internal import Foundation
internal import Hub
internal import Messages
internal import Store

extension StoreLog {
    func keep(_ standing: Standing, of key: RoomKey) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let state = try? encoder.encode(StoredStanding(standing)) else { return }
        let entry = ConversationEntry(
            site: key.site,
            session: key.session,
            state: Array(state),
            isAttended: standing.state.isAttended
        )
        self.store.append(.conversation(entry))
    }

    /// The conversations that waited for a person or had one when the server last stopped.
    ///
    /// - Throws: A `StoreError`.
    func attendedConversations() async throws -> [(key: RoomKey, standing: Standing)] {
        try await self.store.attendedConversations().compactMap { entry in
            Standing(stored: entry.state).map { (RoomKey(site: entry.site, session: entry.session), $0) }
        }
    }
}

extension Standing {
    /// What ``StoreLog/keep(_:of:)`` has stored; nothing of another form.
    init?(stored bytes: [UInt8]) {
        guard let stored = try? JSONDecoder().decode(StoredStanding.self, from: Data(bytes)),
            let state = ConversationState(rawValue: stored.state)
        else { return nil }
        self.init(
            state,
            since: Timestamp(milliseconds: stored.since),
            agent: stored.agent,
            queue: stored.queue,
            note: stored.note,
            reference: stored.reference
        )
    }
}

/// A standing as it is stored.
private struct StoredStanding: Codable {
    var state: String
    var since: Int64
    var agent: String?
    var queue: String?
    var note: String?
    var reference: String?

    /// The longest note and name of a queue that are kept, in characters.
    private static let noteCharacters = 1_000

    init(_ standing: Standing) {
        self.state = standing.state.rawValue
        self.since = standing.since.milliseconds
        self.agent = standing.agent
        self.queue = standing.queue.map { String($0.unicodeScalars.prefix(Self.noteCharacters)) }
        self.note = standing.note.map { String($0.unicodeScalars.prefix(Self.noteCharacters)) }
        self.reference = standing.reference
    }
}
