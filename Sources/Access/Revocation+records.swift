import FoundationEssentials
import Messages

extension Revocation {
    private static let prefix = "revoked/"

    /// Kind, name and site.
    private struct Written: Codable {
        enum Kind: String, Codable { case session, subject, token }

        var kind: Kind
        var name: String
        var site: String?
    }

    private var written: Written {
        switch self {
        case .session(let session, let site): Written(kind: .session, name: session.rawValue, site: site?.rawValue)
        case .subject(let subject, let site): Written(kind: .subject, name: subject.rawValue, site: site?.rawValue)
        case .token(let id): Written(kind: .token, name: id)
        }
    }

    /// What is kept of it.
    ///
    /// A repeated revocation has the same key.
    func record(until end: Timestamp) -> AccessRecord {
        let written = self.written
        let value = (try? JSONEncoder().encode(written)).map(Array.init)
        let name = "\(written.kind.rawValue)/\(written.site ?? "*")/\(written.name)"
        // One of a session goes when the session is erased.
        var place: (site: SiteID, session: SessionID)?
        if case .session(let session, let site?) = self { place = (site, session) }
        return AccessRecord(
            key: Self.prefix + name,
            site: place?.site,
            session: place?.session,
            value: value,
            expires: end
        )
    }

    /// Takes up what ``record(until:)`` gave; nothing where it is something else.
    init?(_ record: AccessRecord) {
        guard record.key.hasPrefix(Self.prefix), let value = record.value,
            let written = try? JSONDecoder().decode(Written.self, from: Data(value))
        else { return nil }
        let site = written.site.flatMap { SiteID($0) }
        guard written.site == nil || site != nil else { return nil }
        switch written.kind {
        case .session:
            guard let session = SessionID(written.name) else { return nil }
            self = .session(session, at: site)
        case .subject:
            guard let subject = Subject(rawValue: written.name) else { return nil }
            self = .subject(subject, at: site)
        case .token: self = .token(written.name)
        }
    }
}
