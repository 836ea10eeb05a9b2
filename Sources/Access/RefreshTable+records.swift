import Crypto
import FoundationEssentials
import Messages

extension RefreshTable.Family {
    /// What is kept of a family: no token, and nothing that gives one.
    private struct Written: Codable {
        struct Use: Codable {
            var digest: Data
            var salt: Data
            var at: Int64
            var tokenID: String
        }

        var site: String
        var session: String
        var subject: String
        var current: Data
        var expires: Int64
        var name: String?
        var attributes: [String: String]?
        var uses: [Use]
    }

    /// The record of a family.
    ///
    /// - Parameters:
    ///   - id: Its name.
    ///   - family: Nothing for one that is gone.
    /// - Returns: The record.
    static func record(_ id: RefreshFamilyID, _ family: RefreshTable.Family?) -> AccessRecord {
        guard let family else {
            return AccessRecord(key: id.key, value: nil, expires: Timestamp(milliseconds: 0))
        }
        let written = Written(
            site: family.holder.site.rawValue,
            session: family.holder.session.rawValue,
            subject: family.holder.subject.rawValue,
            current: Data(family.current.bytes),
            expires: family.expires.milliseconds,
            name: family.profile.name,
            attributes: family.profile.attributes.isEmpty ? nil : family.profile.attributes,
            uses: family.uses.map { use in
                Written.Use(
                    digest: Data(use.digest.bytes),
                    salt: use.salt.withUnsafeBytes { Data($0) },
                    at: use.at.milliseconds,
                    tokenID: use.tokenID
                )
            }
        )
        return AccessRecord(
            key: id.key,
            site: family.holder.site,
            session: family.holder.session,
            visitor: family.holder.subject.kind == .verified ? family.holder.subject.id : nil,
            value: (try? JSONEncoder().encode(written)).map(Array.init),
            expires: family.expires
        )
    }

    /// Takes up what ``record(_:_:)`` gave; nothing where it is something else.
    init?(_ value: [UInt8]) {
        guard let written = try? JSONDecoder().decode(Written.self, from: Data(value)),
            let site = SiteID(written.site), let session = SessionID(written.session),
            let subject = Subject(rawValue: written.subject), let current = TokenDigest(Array(written.current))
        else { return nil }
        self.init(
            holder: Holder(site: site, session: session, subject: subject),
            profile: VisitorProfile(name: written.name, attributes: written.attributes ?? [:]),
            current: current,
            expires: Timestamp(milliseconds: written.expires),
            uses: written.uses.compactMap { use in
                TokenDigest(Array(use.digest)).map { digest in
                    RefreshTable.Use(
                        digest: digest,
                        salt: SymmetricKey(data: use.salt),
                        at: Timestamp(milliseconds: use.at),
                        tokenID: use.tokenID
                    )
                }
            },
            turn: 0
        )
    }
}

extension RefreshFamilyID {
    private static let prefix = "family/"

    var key: String { "\(Self.prefix)\(self.high)-\(self.low)" }

    init?(key: String) {
        guard key.hasPrefix(Self.prefix) else { return nil }
        let parts = key.dropFirst(Self.prefix.count).split(separator: "-")
        guard parts.count == 2, let high = UInt64(parts[0]), let low = UInt64(parts[1]) else { return nil }
        self.init(high: high, low: low)
    }
}
