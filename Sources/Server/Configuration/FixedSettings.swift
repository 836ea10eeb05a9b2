internal import Crypto
internal import Diagnostics
internal import Foundation
internal import Responders

/// The settings that a server takes over at its start only, as they were written then.
struct FixedSettings: Sendable {
    private struct Setting: Hashable {
        /// The value without its place; nothing where it isn't written.
        var value: String?
        /// Of the secrets that it names.
        var secrets: [String: SHA256.Digest]
    }

    /// Where they stand: `server.listen`.
    static let keys = [
        "server.listen", "server.mode", "server.tls", "server.public_url", "server.trusted_proxies",
        "server.admin_token", "limits", "bounds", "store.path", "store.on_failure", "store.keys", "store.audit_key",
    ]

    private var settings: [String: Setting] = [:]
    private var places: [String: Place] = [:]

    init() {}

    /// - Parameters:
    ///   - root: The configuration.
    ///   - secrets: The digests of all secrets, by the keys that name them.
    init(_ root: YAMLNode, secrets: [String: SHA256.Digest]) {
        for key in Self.keys {
            var entry: YAMLNode.Entry?
            var node: YAMLNode? = root
            for part in key.split(separator: ".") {
                entry = node?.entries?.first { $0.key == part }
                node = entry?.value
                // The nearest key that is written, for what was taken out.
                if let entry { self.places[key] = entry.place }
            }
            self.settings[key] = Setting(
                // The order of keys counts: the first one encrypts.
                value: entry.map { "\($0.value.entries?.map(\.key) ?? []) \($0.value.canonical)" },
                secrets: secrets.filter { $0.key == key || $0.key.hasPrefix("\(key).") }
            )
        }
    }

    /// What differs from the settings that a server runs with: one warning for each.
    func changes(since start: FixedSettings, of file: String) -> [Diagnostic] {
        Self.keys.filter { self.settings[$0] != start.settings[$0] }.map { key in
            var place = self.places[key] ?? Place(file: file)
            place.keyPath = key
            let problem = "it was changed, and the server works as before"
            let hint = "restart the server; everything else is live"
            return Diagnostic("needs-restart", at: place, problem, hint: hint, severity: .warning)
        }
        .inFileOrder()
    }
}
