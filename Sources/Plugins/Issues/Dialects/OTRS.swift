internal import Tracker

/// The generic interface of Znuny and OTRS, by the routes of their sample of a REST service.
///
/// | what | call | answer |
/// | --- | --- | --- |
/// | create | `POST /Ticket` `{UserLogin, Password, Ticket, Article}` | `TicketID`, `TicketNumber` |
/// | status | `GET /Ticket/ID?UserLogin=&Password=` | `Ticket[0].State`, `StateType` |
/// | comment | `PATCH /Ticket/ID` `{UserLogin, Password, Article}` | `TicketID` |
///
/// Failures come with status 200 and an `Error`. The address is that of the service:
/// `https://HOST/otrs/nph-genericinterface.pl/Webservice/NAME`. What was sent can't be found by its key.
struct OTRS: TrackerDialect {
    private let settings: DialectSettings

    init(_ settings: DialectSettings) { self.settings = settings }

    var headers: [(String, String)] { [("Accept", "application/json")] }
    var features: Set<TrackerFeature> { [.comments, .status] }

    private var login: [JSONValue.Member] {
        [.init("UserLogin", .text(self.settings.user ?? "")), .init("Password", .text(self.settings.token))]
    }

    func create(_ draft: IssueDraft, _ key: DedupeKey) -> TrackerCall {
        let ticket = self.settings.merged([
            .init("Title", .text(draft.title)), .init("Queue", .text(self.settings.project)), .init("State", "new"),
            .init("Priority", "3 normal"),
        ])
        let article = Self.article(draft.title, RemoteText.body(draft, key))
        let body = JSONValue.object(self.login + [.init("Ticket", .object(ticket)), .init("Article", article)])
        return TrackerCall(method: "POST", path: "/Ticket", body: body)
    }

    private static func article(_ subject: String, _ text: String) -> JSONValue {
        ["Subject": .text(subject), "Body": .text(text), "ContentType": "text/plain; charset=utf8"]
    }

    func created(_ answer: TrackerDocument) -> IssueName? {
        answer.name("TicketID").map { IssueName(id: $0, number: answer.name("TicketNumber") ?? $0) }
    }

    func status(_ ref: IssueRef) -> TrackerCall {
        let login = [("UserLogin", self.settings.user ?? ""), ("Password", self.settings.token)]
        return TrackerCall(path: "/Ticket/\(ref.id.percentEncoded)", query: login)
    }

    func state(_ answer: TrackerDocument) -> IssueState? {
        guard let ticket = answer["Ticket"]?.items.first, let word = ticket["State"]?.text else { return nil }
        let type = ticket["StateType"]?.text ?? word
        return IssueState(type.hasPrefix("closed") ? .closed : type.hasPrefix("new") ? .open : .inProgress, word: word)
    }

    func comment(_ ref: IssueRef, _ text: String, _ key: DedupeKey) -> TrackerCall {
        let article = Self.article("Chat", RemoteText.comment(text, key))
        let body = JSONValue.object(self.login + [.init("Article", article)])
        return TrackerCall(method: "PATCH", path: "/Ticket/\(ref.id.percentEncoded)", body: body)
    }

    func failure(_ answer: TrackerDocument) -> (code: String, kind: TrackerError.Kind)? {
        guard let error = answer["Error"] else { return nil }
        let word = error["ErrorCode"]?.text ?? ""
        if word.hasSuffix(".AuthFail") || word.hasSuffix(".AccessDenied") { return ("otrs-denied", .denied) }
        let isInvalid = word.hasSuffix(".MissingParameter") || word.hasSuffix(".InvalidParameter")
        return isInvalid ? ("otrs-invalid", .invalid) : ("otrs-error", .broken)
    }
}
