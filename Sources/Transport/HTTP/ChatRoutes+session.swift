import Access
import HTTPTypes
import Hub
import Hummingbird
import Messages

extension ChatRoutes {
    /// `POST /api/chat/session`: a session of the visitor's own and its tokens, or the next tokens of one that it has.
    func openSession(_ request: Request, _ context: ChatRequestContext) async throws -> Response {
        _ = try Self.query(of: request)
        let body = try await Self.body(of: request, context)
        let asked = try SessionRequest(body)
        let address = self.address(of: request, context)
        let claim = self.claim(of: request, site: asked.site)
        let site = try self.counted(address) { () throws(Refused) in
            try self.admission.checkOrigin(claim)
            return try self.admission.site(claim)
        }
        if asked.usesCookie { return try await self.openCookieSession(asked, claim.cookie, at: site, of: address) }
        let isNew = asked.refreshToken == nil && (asked.session == nil || self.admission.requiresToken)
        if isNew { try self.countSession(of: address) }
        let answer = try await self.answer(to: asked.request(at: site), of: address)
        return .json(Self.frame(answer, refreshToken: answer.refreshToken.text))
    }

    /// The same with the refresh token in a cookie, where no script sees it.
    ///
    /// A cookie that is no good any more is replaced with that of a new session: no page could take it away.
    private func openCookieSession(
        _ asked: SessionRequest,
        _ cookie: String?,
        at site: SiteID,
        of address: AddressLimits.Record
    ) async throws -> Response {
        guard self.admission.acceptsCookie(at: site) else {
            throw ClientError(.badRequest, "this site gives no cookies", detail: "cookie")
        }
        var asking = asked.request(at: site)
        asking.session = nil
        let answer: SessionDesk.Answer
        if let next = try await self.nextAnswer(to: asking, cookie, of: address) {
            answer = next
        } else {
            try self.countSession(of: address)
            answer = try await self.answer(to: asking, of: address)
        }
        var response = Response.json(Self.frame(answer, refreshToken: nil))
        response.headers[.setCookie] = SessionCookie.setting(
            answer.refreshToken.text,
            forSeconds: self.admission.desk.refreshLifeSeconds
        )
        return response
    }

    private func answer(
        to asking: SessionDesk.Request,
        of address: AddressLimits.Record
    ) async throws(ClientError) -> SessionDesk.Answer {
        do throws(AccessDenied) { return try await self.admission.desk.open(asking) } catch {
            throw self.counted(Refused(error), of: address)
        }
    }

    /// The session of a cookie; nothing where it opens none.
    private func nextAnswer(
        to asking: SessionDesk.Request,
        _ cookie: String?,
        of address: AddressLimits.Record
    ) async throws(ClientError) -> SessionDesk.Answer? {
        guard let cookie else { return nil }
        var asking = asking
        asking.refreshToken = cookie
        do throws(AccessDenied) { return try await self.admission.desk.open(asking) } catch {
            if error == .refreshRefused || error == .refreshReused { return nil }
            throw self.counted(Refused(error), of: address)
        }
    }

    private static func frame(_ answer: SessionDesk.Answer, refreshToken: String?) -> [UInt8] {
        ServerFrame.session(
            answer.session,
            token: answer.token.text,
            expiresIn: answer.expiresIn,
            refreshToken: refreshToken
        )
    }
}
