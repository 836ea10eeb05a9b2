internal import Crypto
internal import FoundationEssentials

/// Turns contents into records and back.
///
/// A record is bound to the place that it was made for: read at another place it is damaged.
///
/// The first byte tells the form: 1 is plain and followed by 8 bytes of SHA-256 over place and content, so that what a
/// disk has changed is noticed.
struct RecordCodec: Sendable {
    /// A record isn't what was written at its place.
    struct Damaged: Error {}

    private static let plain: UInt8 = 1
    private static let digestBytes = 8

    func seal(_ content: [UInt8], at place: RecordPlace) throws -> [UInt8] {
        var record: [UInt8] = []
        record.reserveCapacity(1 + Self.digestBytes + content.count)
        record.append(Self.plain)
        record.append(contentsOf: Self.digest(of: content[...], at: place))
        record.append(contentsOf: content)
        return record
    }

    func open(_ record: [UInt8], at place: RecordPlace) throws -> [UInt8] {
        guard record.first == Self.plain, record.count >= 1 + Self.digestBytes else { throw Damaged() }
        let content = record[(1 + Self.digestBytes)...]
        guard record[1...].starts(with: Self.digest(of: content, at: place)) else { throw Damaged() }
        return Array(content)
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
/// No part holds the separator, so that no two places have the same bytes.
struct RecordPlace: Sendable {
    let bytes: [UInt8]

    private init(_ parts: [String]) { self.bytes = Array(parts.joined(separator: "|").utf8) }

    static func message(site: String, session: String, epoch: String, seq: Int) -> RecordPlace {
        RecordPlace(["message", site, session, epoch, String(seq)])
    }

    /// The turn's name may hold anything, so it stands last.
    static func trace(site: String, session: String, seq: Int, turn: String) -> RecordPlace {
        RecordPlace(["trace", site, session, String(seq), turn])
    }

    static func conversation(site: String, session: String) -> RecordPlace {
        RecordPlace(["conversation", site, session])
    }
}
