internal import FoundationEssentials
internal import GRDB
internal import Messages

extension MessageStore {
    /// The conversations that waited for a person or had one when they were last stored, the oldest first.
    ///
    /// What of them can't be read is left out.
    ///
    /// - Returns: At most 10,000.
    /// - Throws: A ``StoreError``.
    public func attendedConversations() async throws -> [ConversationEntry] {
        let codec = self.codec
        return try await self.read { db in
            let sql = "SELECT site, session, state FROM room WHERE attended = 1 ORDER BY changed, id LIMIT 10000"
            return try Row.fetchAll(db, sql: sql).compactMap { row in
                let (site, session): (String, String) = (row[0], row[1])
                let place = RecordPlace.conversation(site: site, session: session)
                guard let siteID = SiteID(site), let sessionID = SessionID(session), let record = row[2] as Data?,
                    let state = try? codec.open([UInt8](record), at: place)
                else { return nil }
                return ConversationEntry(site: siteID, session: sessionID, state: state, isAttended: true)
            }
        }
    }
}
