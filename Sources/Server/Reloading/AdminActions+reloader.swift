internal import Access
internal import Transport

extension AdminActions {
    /// What the server does when the people who run it ask for it.
    ///
    /// - Parameters:
    ///   - state: What is live.
    ///   - token: Opens the door.
    ///   - eraser: Removes what was said; nothing where nothing is kept.
    ///   - audit: Learns of each act.
    ///   - traces: Knows why turns ended as they did.
    ///   - issues: Knows what visitors have reported; nothing where no chain takes reports.
    init(
        _ state: LiveState,
        token: AdminToken?,
        eraser: SessionEraser? = nil,
        audit: AuditWriter? = nil,
        traces: TurnTraces? = nil,
        issues: IssueDesk? = nil
    ) {
        self.init(
            token: token,
            content: { state.status },
            reload: {
                try await state.reload()
                return state.status
            },
            erase: eraser?.action,
            turns: traces?.queries,
            issues: issues?.actions,
            note: { act in await audit?.note(act) }
        )
    }
}
