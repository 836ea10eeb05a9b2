internal import Foundation
internal import Messages
internal import Store

/// What an erasure has removed, and what it has not: for those who must show it.
struct ErasureReport: Codable, Sendable {
    var site: String
    /// The verified visitor whose sessions were erased; nothing where one session was.
    var visitor: String?
    var sessions: [String]
    var time: String
    var messages: Int
    var turns: Int
    var feedback: Int
    /// The file that it was erased from.
    var store: String
    /// Other files in the folder of the store that may have copies.
    var untouched: [String]

    init(_ certificate: ErasureCertificate, visitor: String?, store path: String) {
        self.site = certificate.site.rawValue
        self.visitor = visitor
        self.sessions = certificate.sessions.map(\.rawValue)
        self.time = certificate.time.description
        self.messages = certificate.messages
        self.turns = certificate.turns
        self.feedback = certificate.feedback
        self.store = path
        self.untouched = Self.copies(beside: path)
    }

    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    init(json: String) throws { self = try JSONDecoder().decode(Self.self, from: Data(json.utf8)) }

    /// Files in the folder of a store that may have what it had: databases of this program, and exports.
    ///
    /// - Parameter path: The store.
    /// - Returns: Their paths; what lies elsewhere nobody knows.
    static func copies(beside path: String) -> [String] {
        let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        let (folder, name) = (String(path[..<slash]), String(path[slash...]))
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)) ?? []
        // Those that are named after the store are of the store itself.
        let own = ["", "-wal", "-shm", ".lock", ".audit.jsonl", ".audit.jsonl.head"].map { name + $0 }
        return names.sorted().filter { !own.contains($0) && (isExport($0) || isDatabase(folder + $0)) }
            .map { folder + $0 }
    }
}

/// Whether a file is called as exports are, whole ones and what was left of others.
private func isExport(_ name: String) -> Bool {
    let name = name.hasSuffix(".partial") ? String(name.dropLast(8)) : name
    return [".jsonl", ".csv"].contains { name.hasSuffix($0) }
}

/// Whether a file begins as the databases of this program do: stores, issues, what waits to be sent.
private func isDatabase(_ path: String) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    guard attributes?[.type] as? FileAttributeType == .typeRegular, let file = FileHandle(forReadingAtPath: path),
        let head = try? file.read(upToCount: 100)
    else { return false }
    // The header of SQLite has the number of the application at 68 (sqlite.org/fileformat.html); ours begin alike.
    return head.count == 100 && head.starts(with: Array("SQLite format 3\0".utf8))
        && head[68..<70].elementsEqual(Array("CC".utf8))
}

/// Whom an erasure is about.
enum ErasureSubject: Sendable {
    case session(SessionID)
    /// As the site names the visitor.
    case visitor(String)
}

extension MessageStore {
    /// Erases everything of a session or a visitor.
    func erase(
        _ subject: ErasureSubject,
        of site: SiteID,
        progress: StoreProgress.Report = { _ in }
    ) async throws -> ErasureReport {
        let path = self.options.path
        switch subject {
        case .session(let session):
            let certificate = try await self.erase(session, of: site, progress: progress)
            return ErasureReport(certificate, visitor: nil, store: path)
        case .visitor(let visitor):
            let certificate = try await self.erase(visitor: visitor, of: site, progress: progress)
            return ErasureReport(certificate, visitor: visitor, store: path)
        }
    }
}

extension AuditTrail {
    /// Whom an erasure is about, by digests alone.
    func details(of subject: ErasureSubject, at site: SiteID) -> [(String, String?)] {
        switch subject {
        case .session(let session): [("site", site.rawValue), ("sessions", self.digest(of: session.rawValue))]
        case .visitor(let visitor): [("site", site.rawValue), ("visitor", self.digest(of: "user:\(visitor)"))]
        }
    }

    /// Notes an erasure, without a name that was to be forgotten.
    func noteErasure(_ report: ErasureReport, by actor: String? = nil) throws {
        let sessions = report.sessions.prefix(20).map { self.digest(of: $0) }
        try self.note(
            "erased",
            [
                ("site", report.site), ("visitor", report.visitor.map { self.digest(of: "user:\($0)") }),
                ("sessions", sessions.isEmpty ? nil : sessions.joined(separator: " ")),
                ("messages", "\(report.messages)"),
                ("turns", "\(report.turns)"), ("feedback", "\(report.feedback)"),
            ],
            by: actor
        )
    }
}
