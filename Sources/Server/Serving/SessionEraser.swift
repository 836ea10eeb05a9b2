internal import Access
internal import Hub
internal import Messages
internal import Store
internal import Transport

/// Erases a session, or all of a visitor, from a server that runs: from its memory, its tokens and its store.
struct SessionEraser: Sendable {
    let store: MessageStore
    let hub: Hub
    let desk: SessionDesk
    let traces: TurnTraces
    let audit: AuditWriter?

    /// ``erase(_:)`` as a value.
    var action: @Sendable (ErasureRequest) async throws -> String {
        { request in try await self.erase(request) }
    }

    /// Does what `POST /api/admin/erase` asks for.
    ///
    /// - Parameter request: Whose messages are to go.
    /// - Returns: The certificate, JSON.
    /// - Throws: What the people who run the server are told.
    func erase(_ request: ErasureRequest) async throws(ClientError) -> String {
        if let store = request.store, store != StoreEraseCommand.identity(of: self.store.options.path) {
            throw ClientError(.badRequest, "this server has another store; name its address", detail: "store")
        }
        do {
            // What was said just now is to go, too.
            guard await self.store.flush() else { throw Self.unavailable("messages wait and can't be written") }
            let subject: ErasureSubject
            let sessions: [SessionID]
            switch request.subject {
            case .session(let session): (subject, sessions) = (.session(session), [session])
            case .visitor(let visitor):
                (subject, sessions) = (.visitor(visitor), try await self.store.sessions(of: visitor, at: request.site))
            }
            // What can't be noted isn't begun.
            try await self.audit?.begin(erasing: subject, at: request.site)
            for session in sessions { self.end(session, request.site) }
            let report = try await self.erase(subject, of: request.site)
            // Somebody may have come while it went on, and have got what was not yet erased.
            for session in sessions {
                self.hub.forget(RoomKey(site: request.site, session: session))
                self.traces.forget(session, of: request.site)
            }
            await self.audit?.note(report)
            return report.json
        } catch let error as ClientError {
            throw error
        } catch let error as StoreError {
            throw Self.unavailable("\(error.explanation) [\(error.code)]")
        } catch {
            throw Self.unavailable("it can't be erased at the moment")
        }
    }

    /// Erases from the store; what was removed until it failed is noted, too.
    private func erase(_ subject: ErasureSubject, of site: SiteID) async throws -> ErasureReport {
        let tally = AuditedAct.Tally()
        do {
            return try await self.store.erase(subject, of: site) { tally.reach($0) }
        } catch {
            await self.audit?.note(subject, at: site, AuditedAct.ending(error, tally))
            throw error
        }
    }

    private func end(_ session: SessionID, _ site: SiteID) {
        self.desk.revocations.revoke(.session(session, at: site))
        self.hub.forget(RoomKey(site: site, session: session))
    }

    private static func unavailable(_ message: String) -> ClientError { ClientError(.unavailable, message) }
}
