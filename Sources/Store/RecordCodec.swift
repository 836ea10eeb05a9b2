internal import Crypto
internal import FoundationEssentials

/// Turns contents into records and back.
///
/// A record is bound to the place that it was made for: read at another place it is damaged.
///
/// The first byte tells the form:
/// - 1 is plain: 8 bytes of SHA-256 over place and content, so that what a disk has changed is noticed; the content.
/// - 2 is AES-256-GCM with the place as additional data: the length and the name of the key, a random nonce of 12
///   bytes, the ciphertext, a tag of 16 bytes.
struct RecordCodec: Sendable {
    /// A record isn't what was written at its place.
    struct Damaged: Error {}

    /// Nothing for a store that isn't encrypted.
    let keys: StoreKeyRing?
    /// Whether plain records are read; not in a store that has none, where one was put in by somebody else.
    var acceptsPlain = true

    private static let plain: UInt8 = 1
    private static let encrypted: UInt8 = 2
    private static let digestBytes = 8
    private static let nonceBytes = 12
    private static let tagBytes = 16

    func seal(_ content: [UInt8], at place: RecordPlace) throws -> [UInt8] {
        var record = self.prefix
        record.reserveCapacity(record.count + Self.nonceBytes + content.count + Self.tagBytes)
        if let keys {
            let box = try AES.GCM.seal(content, using: keys.active.secret, authenticating: place.bytes)
            record.append(contentsOf: box.nonce)
            record.append(contentsOf: box.ciphertext)
            record.append(contentsOf: box.tag)
        } else {
            record.append(contentsOf: Self.digest(of: content[...], at: place))
            record.append(contentsOf: content)
        }
        return record
    }

    func open(_ record: [UInt8], at place: RecordPlace) throws -> [UInt8] {
        switch record.first {
        case Self.plain where self.acceptsPlain: return try Self.openPlain(record, at: place)
        case Self.encrypted: return try self.openEncrypted(record, at: place)
        default: throw Damaged()
        }
    }

    /// What the records begin with that are written now.
    var prefix: [UInt8] { Self.prefix(of: self.keys?.active.id) }

    /// What records of a key begin with, or plain ones.
    static func prefix(of key: String?) -> [UInt8] {
        guard let name = key?.utf8 else { return [Self.plain] }
        return [Self.encrypted, UInt8(name.count)] + name
    }

    private static func openPlain(_ record: [UInt8], at place: RecordPlace) throws -> [UInt8] {
        guard record.count >= 1 + Self.digestBytes else { throw Damaged() }
        let content = record[(1 + Self.digestBytes)...]
        guard record[1...].starts(with: Self.digest(of: content, at: place)) else { throw Damaged() }
        return Array(content)
    }

    private func openEncrypted(_ record: [UInt8], at place: RecordPlace) throws -> [UInt8] {
        guard record.count >= 2 else { throw Damaged() }
        let nonce = 2 + Int(record[1])
        let (text, tag) = (nonce + Self.nonceBytes, record.count - Self.tagBytes)
        guard text <= tag, let key = self.keys?.keys[String(decoding: record[2..<nonce], as: UTF8.self)] else {
            throw Damaged()
        }
        do {
            let box = try AES.GCM.SealedBox(
                nonce: AES.GCM.Nonce(data: record[nonce..<text]),
                ciphertext: record[text..<tag],
                tag: record[tag...]
            )
            return Array(try AES.GCM.open(box, using: key.secret, authenticating: place.bytes))
        } catch {
            throw Damaged()
        }
    }

    private static func digest(of content: ArraySlice<UInt8>, at place: RecordPlace) -> some Sequence<UInt8> {
        var hash = SHA256()
        hash.update(data: place.bytes)
        hash.update(data: content)
        return hash.finalize().prefix(Self.digestBytes)
    }
}

/// Where a record is.
///
/// No part but the last holds the separator, so that no two places have the same bytes.
struct RecordPlace: Sendable {
    let bytes: [UInt8]

    private init(_ parts: [String]) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(parts.reduce(parts.count) { $0 + $1.utf8.count })
        for part in parts {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: "|")) }
            bytes.append(contentsOf: part.utf8)
        }
        self.bytes = bytes
    }

    static func message(site: String, session: String, epoch: String, seq: Int) -> RecordPlace {
        RecordPlace(["message", site, session, epoch, String(seq)])
    }

    static func trace(site: String, session: String, seq: Int, turn: String) -> RecordPlace {
        RecordPlace(["trace", site, session, String(seq), turn])
    }

    static func conversation(site: String, session: String) -> RecordPlace {
        RecordPlace(["conversation", site, session])
    }

    static func comment(site: String, session: String, message: String) -> RecordPlace {
        RecordPlace(["comment", site, session, message])
    }

    /// The record that shows that a key is the one that the store was written with.
    static func proof(key: String) -> RecordPlace { RecordPlace(["proof", key]) }
}
