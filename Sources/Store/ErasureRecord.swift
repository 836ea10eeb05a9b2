internal import Crypto
internal import FoundationEssentials
internal import GRDB
internal import Messages

/// What an erasure has removed so far, kept in the store until it can be certified.
///
/// It is encrypted with the name that is erased, which nobody finds in the store any more: who doesn't know the name learns
/// nothing from it.
struct ErasureRecord: Sendable {
    private let key: SymmetricKey
    private let row: String

    struct Content: Codable, Sendable {
        var sessions: [String] = []
        var messages = 0
        var turns = 0
        var feedback = 0

        func adding(_ sessions: [String]) -> Content {
            var content = self
            content.sessions = sessions
            return content
        }

        func adding(_ count: MessageRemoval.Count) -> Content {
            var content = self
            content.messages += count.messages
            content.turns += count.turns
            content.feedback += count.feedback
            return content
        }
    }

    /// - Parameters:
    ///   - kind: What the name is one of.
    ///   - name: Who is erased.
    ///   - site: The site.
    init(of kind: String, _ name: String, _ site: SiteID) {
        let subject = Array("\(kind)|\(site.rawValue)|\(name)".utf8)
        self.key = SymmetricKey(data: SHA256.hash(data: Array("key|".utf8) + subject))
        let digest = SHA256.hash(data: Array("row|".utf8) + subject).prefix(8)
        self.row = "erasing:\(digest.reduce(into: "") { $0 += String($1, radix: 16) + "." })"
    }

    /// What was kept; nothing of an erasure that is new.
    func read(_ db: Database) throws -> Content {
        let record = try Data.fetchOne(db, sql: "SELECT value FROM meta WHERE key = ?", arguments: [self.row])
        guard let record, let box = try? AES.GCM.SealedBox(combined: record),
            let bytes = try? AES.GCM.open(box, using: self.key)
        else { return Content() }
        return (try? JSONDecoder().decode(Content.self, from: bytes)) ?? Content()
    }

    func write(_ content: Content, _ db: Database) throws {
        let record = try AES.GCM.seal(try JSONEncoder().encode(content), using: self.key).combined
        try db.execute(
            sql: "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)",
            arguments: [self.row, record]
        )
    }

    func remove(_ db: Database) throws {
        try db.execute(sql: "DELETE FROM meta WHERE key = ?", arguments: [self.row])
    }
}
