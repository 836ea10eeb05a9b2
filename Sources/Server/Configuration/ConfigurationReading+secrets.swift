internal import Access
internal import Crypto
internal import Diagnostics
internal import Foundation
internal import Responders
internal import Store

/// The keys that a configuration names.
struct Keys {
    /// Sign the tokens of visitors.
    var ring: TokenKeyRing?
    /// Opens `/api/admin`.
    var admin: AdminToken?
    /// Encrypt what is stored.
    var store: StoreKeyRing?
    /// Makes the codes of the audit log.
    var audit: StoreKey?
    /// By the name of the site.
    var identities: [String: IdentityCheck] = [:]
}

extension ConfigurationReading {
    /// Reads all keys; what is wrong with one is a mistake of the line that names it.
    mutating func keys(_ written: WrittenConfiguration) -> Keys {
        var keys = Keys()
        if let references = written.server?.tokenKeys { keys.ring = self.ring(references) }
        if let reference = written.server?.adminToken, let text = self.secret(reference, at: "server", "admin_token") {
            keys.admin = self.taking(at: self.place("server", "admin_token")) { () throws(KeyProblem) in
                try AdminToken(text)
            }
        }
        if let store = written.store { self.take(store, &keys) }
        for (name, site) in written.sites ?? [:] {
            guard let identity = site.identity else { continue }
            keys.identities[name] = self.identities(identity, of: name)
        }
        return keys
    }

    /// What production can't do without and the file doesn't have.
    func missingForProduction(_ written: WrittenConfiguration) -> [Diagnostic] {
        var missing: [Diagnostic] = []
        if written.sites?.isEmpty ?? true {
            let hint = "write sites: {shop: {origins: ['https://shop.example.com']}}"
            missing.append(Diagnostic("no-sites", at: self.place("sites"), "production needs a site", hint: hint))
        }
        if written.server?.tokenKeys?.isEmpty ?? true {
            let hint = "write server: token_keys: {k1: {env: CHAT_KEY_1}}"
            let problem = "production needs a key that signs tokens"
            missing.append(Diagnostic("no-token-keys", at: self.place("server", "token_keys"), problem, hint: hint))
        }
        return missing
    }

    /// The keys of tokens: the first signs, the second is accepted for as long as it stands there.
    private mutating func ring(_ references: [String: SecretReference]) -> TokenKeyRing? {
        let names = self.entry("server", "token_keys")?.value.entries?.map(\.key) ?? []
        guard names.count <= 2 else {
            let hint = "the first signs, and one before it is accepted until you remove it"
            self.refuse("too-many-keys", at: self.place("server", "token_keys"), "more than two keys", hint: hint)
            return nil
        }
        var keys: [TokenKey] = []
        for name in names {
            guard let reference = references[name], let text = self.secret(reference, at: "server", "token_keys", name)
            else { continue }
            let secret = SymmetricKey(data: Data(text.utf8))
            let key = self.taking(at: self.place("server", "token_keys", name)) { () throws(KeyProblem) in
                try TokenKey(id: name, secret: secret)
            }
            if let key { keys.append(key) }
        }
        guard keys.count == names.count, let first = keys.first else { return nil }
        guard keys.count == 2 else { return TokenKeyRing(first) }
        return self.taking(at: self.place("server", "token_keys")) { () throws(KeyProblem) in
            try TokenKeyRing(first, accepting: keys[1])
        }
    }

    private mutating func identities(_ identity: WrittenConfiguration.Identity, of site: String) -> IdentityCheck? {
        var keys: [IdentityKey] = []
        let place = self.place("sites", site, "identity")
        if let reference = identity.secret, let text = self.secret(reference, at: "sites", site, "identity", "secret") {
            let secret = SymmetricKey(data: Data(text.utf8))
            let key = self.taking(at: self.place("sites", site, "identity", "secret")) { () throws(KeyProblem) in
                try IdentityKey(secret: secret)
            }
            if let key { keys.append(key) }
        }
        if let reference = identity.publicKey,
            let text = self.secret(reference, isPublic: true, at: "sites", site, "identity", "public_key")
        {
            let key = self.taking(at: self.place("sites", site, "identity", "public_key")) { () throws(KeyProblem) in
                try IdentityKey(publicKey: text)
            }
            if let key { keys.append(key) }
        }
        if identity.secret == nil, identity.publicKey == nil {
            let hint = "write {secret: {env: SHOP_IDENTITY}} or {public_key: {file: keys/shop.pem}}"
            self.refuse("missing-key", at: place, "nobody vouches for visitors", hint: hint)
        }
        if identity.acceptHash == true, identity.secret == nil {
            let hint = "write secret: {env: SHOP_IDENTITY} beside it"
            self.refuse("missing-key", at: place, "\"accept_hash\" needs a secret", hint: hint)
        }
        return self.taking(at: place) { () throws(KeyProblem) in
            try IdentityCheck(keys: keys, acceptsHashes: identity.acceptHash ?? false)
        }
    }

    private mutating func taking<T>(at place: Place, _ make: () throws(KeyProblem) -> T) -> T? {
        do throws(KeyProblem) {
            return try make()
        } catch {
            self.refuse(error.code, at: place, error.problem, hint: error.hint)
            return nil
        }
    }

    /// The text of a secret, without the white space around it.
    mutating func secret(_ reference: SecretReference, isPublic: Bool = false, at keys: String...) -> String? {
        let text = self.text(of: reference, isPublic: isPublic, at: keys)
        if let text { self.secretDigests[keys.joined(separator: ".")] = SHA256.hash(data: Data(text.utf8)) }
        return text
    }

    private mutating func text(of reference: SecretReference, isPublic: Bool, at keys: [String]) -> String? {
        // Where something is wrong with it the sample's stands in.
        guard self.isGood(keys) else { return nil }
        let place = self.place(keys)
        switch reference {
        case .environment(let name):
            guard let text = self.environment[name], !text.isEmpty else {
                let hint = "set it before the server starts"
                self.refuse("missing-secret", at: place, "the environment has no \(name)", hint: hint)
                return nil
            }
            return text.trimmingCharacters(in: .whitespacesAndNewlines)
        case .file(let path):
            self.check(file: path, isSecret: !isPublic, at: place)
            guard let text = try? self.services.text(ofFile: path, key: "") else { return nil }
            return text.trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }
}
