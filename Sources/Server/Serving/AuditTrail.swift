internal import Foundation
internal import Messages
internal import Store

/// Notes in the audit log of a store what somebody has done to it.
///
/// Any thread but an event loop: an entry is on the disk when a call returns.
struct AuditTrail: Sendable {
    let log: AuditLog
    private let actor: String
    private let key: StoreKey?

    /// - Parameters:
    ///   - settings: Those of the store.
    ///   - actor: Who does it; the user of the process where it is left out.
    init(_ settings: StoreSettings, by actor: String? = nil) {
        self.key = settings.auditKey
        self.log = AuditLog(at: settings.auditPath, key: settings.auditKey) { SystemClocks().timestamp() }
        self.actor = actor ?? "operator:\(NSUserName().prefix(200))"
    }

    /// Appends an entry.
    ///
    /// - Parameters:
    ///   - action: In kebab-case.
    ///   - details: What else is to be known; a text that is too long loses its end. No text of a visitor.
    ///   - actor: Who did it, where that isn't the trail's own.
    /// - Returns: Where the log ends now.
    /// - Throws: A ``StoreError``.
    @discardableResult
    func note(_ action: String, _ details: [(String, String?)] = [], by actor: String? = nil) throws -> AuditHead {
        var kept: [String: String] = [:]
        for (key, value) in details { kept[key] = value.map { String($0.cut(to: 256)) } }
        return try self.log.append(AuditEvent(action, by: actor ?? self.actor, details: kept))
    }

    /// How a session or somebody is named in the log.
    func digest(of name: String) -> String { AuditLog.digest(of: name, key: self.key) }
}

extension StoreFilter {
    /// What of a filter is noted: everything but pages, and of a session only that it was one.
    var audited: [(String, String?)] {
        [
            ("site", self.site?.rawValue), ("scope", self.session == nil ? "all sessions" : "one session"),
            ("rule", self.rule), ("outcome", self.outcome), ("since", self.from?.description),
            ("until", self.until?.description),
        ]
    }
}

extension String {
    /// The longest beginning of at most so many bytes.
    fileprivate func cut(to bytes: Int) -> Substring {
        guard self.utf8.count > bytes else { return self[...] }
        var count = 0
        let beginning = self.unicodeScalars.prefix { scalar in
            count += UTF8.width(scalar)
            return count <= bytes
        }
        return Substring(beginning)
    }
}
