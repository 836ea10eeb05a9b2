internal import Messages
internal import Tracker

/// The way of reports to a tracker: into the file of the server itself, or through the outbox to another machine.
struct IssueRoute: Sendable {
    /// Has drafts, who waits for news, and the news.
    let file: IssueFile
    let tracker: any IssueTracker
    /// The instance that is behind an outbox; nothing where the tracker is in the same file.
    let outbox: String?

    /// What was sent with a key.
    func known(_ key: DedupeKey) async throws(TrackerError) -> IssueRef? {
        guard self.outbox == nil else { return try await self.file.posted(key) }
        return try await self.tracker.find(key: key)
    }

    /// Makes the issue, or has it made, once for each key; the session will hear of it.
    ///
    /// When this returns it is on the disk, and the draft of the key is known to be sent.
    func send(_ draft: IssueDraft, _ key: DedupeKey, _ lang: String?) async throws(TrackerError) -> IssueRef {
        if let outbox { return try await self.file.post(draft, to: outbox, as: key, lang: lang) }
        let ref = try await self.tracker.create(draft, key: key)
        if let session = draft.session {
            try await self.file.watch(ref, by: session, at: draft.site, lang: lang)
        }
        return ref
    }

    /// Adds words to an issue, once for each key; the session will hear of it.
    func join(_ ref: IssueRef, _ pending: PendingIssue, by session: SessionID) async throws(TrackerError) {
        let draft = pending.draft
        let text = [draft.title, draft.body].filter { !$0.isEmpty }.joined(separator: "\n\n")
        if self.outbox != nil {
            try await self.file.post(
                comment: text,
                on: ref,
                as: pending.id,
                by: session,
                at: draft.site,
                lang: pending.lang,
                // Others look after it later; the visitor doesn't wait for the tracker.
                phase: .open
            )
            return
        }
        try await self.tracker.comment(ref, text, key: pending.id)
        let phase = try await self.tracker.issue(ref).phase
        try await self.file.watch(ref, by: session, at: draft.site, lang: pending.lang, phase: phase)
    }
}
