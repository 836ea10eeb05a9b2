internal import Diagnostics
internal import Foundation
internal import Messages
internal import Responders
internal import Store

/// The section `store`, which commands read without the rest.
extension ConfigurationReading {
    /// What the section says, with its keys.
    ///
    /// - Throws: Every mistake of it.
    mutating func storeSettings() throws(Rejection) -> StoreSettings {
        var keys = Keys()
        var written: WrittenConfiguration.Store?
        if let section = self.root["store"], !section.isNull {
            do throws(Diagnostic) {
                let sample = try YAMLNode(yaml: WrittenConfiguration.Store.sample, file: "store.sample.yaml")
                let schema = try SettingsSchema(
                    sample: sample["store"] ?? sample,
                    openKeys: WrittenConfiguration.Store.openKeys
                )
                let (store, found) = Settings(section).reading(WrittenConfiguration.Store.self, like: schema)
                self.diagnostics += found
                written = store
            } catch {
                self.diagnostics.append(error)
            }
        }
        if let written {
            self.check(written)
            self.take(written, &keys)
        }
        let found = self.diagnostics.inFileOrder()
        guard found.allSatisfy({ $0.severity == .warning }) else { throw Rejection(found) }
        return self.storage(written, keys)
    }

    func storage(_ written: WrittenConfiguration.Store?, _ keys: Keys) -> StoreSettings {
        let options = StoreOptions(
            path: self.services.path(of: written?.path ?? Self.defaultStore),
            failurePolicy: written?.onFailure ?? .refuse,
            keys: keys.store
        )
        let retention = written?.retention.map { written in
            var policy = RetentionPolicy(days: written.olderThan?.days, maximumBytes: written.maxSize?.bytes)
            for (name, age) in written.sites ?? [:] {
                if let site = SiteID(name), let days = age.days { policy.daysOfSites[site] = days }
            }
            return policy
        }
        return StoreSettings(
            options: options,
            retention: retention,
            auditKey: keys.audit,
            redacts: written?.redact ?? false
        )
    }

    static let defaultStore = "data/chat.db"

    /// Finds what is wrong with ages and names of sites.
    mutating func check(_ store: WrittenConfiguration.Store) {
        if let section = self.entry("store", "keys"), section.value.entries?.isEmpty ?? section.value.isNull {
            let hint = "write {s1: {env: CHAT_STORE_KEY}}, or leave keys out, and nothing is encrypted"
            self.refuse("empty-keys", at: section.place, "there is no key", hint: hint)
        }
        guard let retention = store.retention else { return }
        if let section = self.entry("store", "retention"), section.value.entries?.isEmpty ?? false {
            let hint = "write {older_than: 365d}, or leave retention out, and messages are kept until you erase them"
            self.refuse("empty-retention", at: section.place, "nothing says what goes", hint: hint)
        }
        if let age = retention.olderThan { self.check(age, at: "store", "retention", "older_than") }
        let sites = Set(self.root["sites"]?.entries?.map(\.key) ?? [])
        for (name, age) in (retention.sites ?? [:]).sorted(by: { $0.key < $1.key }) {
            self.check(age, at: "store", "retention", "sites", name)
            if !sites.contains(name), name != SiteID.default.rawValue || !sites.isEmpty {
                let place = self.place("store", "retention", "sites", name)
                let hint = suggestion(for: name, among: sites)
                self.refuse("unknown-site", at: place, "unknown site \"\(name)\"", hint: hint)
            }
        }
    }

    mutating func check(_ age: Duration, at keys: String...) {
        guard age.days == nil, self.isGood(keys) else { return }
        let hint = "write whole days: 30d"
        self.refuse("wrong-value", at: self.place(keys), "\"\(age.written)\" is no number of days", hint: hint)
    }

    /// Reads the keys that the section names.
    mutating func take(_ store: WrittenConfiguration.Store, _ keys: inout Keys) {
        if let references = store.keys { keys.store = self.storeKeys(references) }
        if let reference = store.auditKey, let text = self.secret(reference, at: "store", "audit_key") {
            keys.audit = self.storeKey(text, id: "audit", at: "store", "audit_key")
        }
    }

    /// The keys of the store: the first encrypts, the others open what they encrypted.
    private mutating func storeKeys(_ references: [String: SecretReference]) -> StoreKeyRing? {
        let names = self.entry("store", "keys")?.value.entries?.map(\.key) ?? []
        var keys: [StoreKey] = []
        for name in names {
            guard let reference = references[name], let text = self.secret(reference, at: "store", "keys", name)
            else { continue }
            if let key = self.storeKey(text, id: name, at: "store", "keys", name) { keys.append(key) }
        }
        guard keys.count == names.count, let first = keys.first else { return nil }
        return StoreKeyRing(active: first, others: Array(keys.dropFirst()))
    }

    private mutating func storeKey(_ text: String, id: String, at keys: String...) -> StoreKey? {
        if let bytes = Data(base64Encoded: text), let key = StoreKey(id: id, bytes: Array(bytes)) { return key }
        let name = keys.count > 2 ? " 1 to 32 of A-Z a-z 0-9 _ - as the name, and" : ""
        let hint = "write\(name) what openssl rand -base64 32 prints\(name.isEmpty ? "" : " as the key")"
        self.refuse("bad-store-key", at: self.place(keys), "no key of 32 bytes", hint: hint)
        return nil
    }
}

extension Duration {
    /// Whole days, at least one; nothing for other durations.
    var days: Int? {
        let milliseconds = self.milliseconds
        guard milliseconds > 0, milliseconds % 86_400_000 == 0 else { return nil }
        return Int(milliseconds / 86_400_000)
    }
}
