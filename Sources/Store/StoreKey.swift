internal import Crypto
internal import Messages

/// A key that records are encrypted with (AES-256-GCM).
public struct StoreKey: Sendable {
    /// 1 through 32 of `A-Z a-z 0-9 _ -`; stands in the records, so it is no secret.
    public let id: String
    let secret: SymmetricKey

    /// Takes a key; nothing if the name has another form or there are more or fewer bytes.
    ///
    /// - Parameters:
    ///   - id: Its name.
    ///   - bytes: 32 random bytes.
    public init?(id: String, bytes: [UInt8]) {
        let isAllowed = id.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isAllowed, 1...32 ~= id.utf8.count, bytes.count == 32 else { return nil }
        self.id = id
        self.secret = SymmetricKey(data: bytes)
    }

    /// How many records one key encrypts before it is to be replaced.
    ///
    /// Nonces are random 96 bits: up to 2^32 of them the chance that one occurs twice is below 2^-32 (NIST SP 800-38D
    /// section 8.3).
    public static let maximumRecords = 1 << 31
    /// For how long a key is used before it is to be replaced: 90 days.
    public static let maximumMilliseconds: Int64 = 90 * 86_400_000

    static func isDue(since: Timestamp, records: Int, at now: Timestamp) -> Bool {
        records >= Self.maximumRecords || now.milliseconds - since.milliseconds >= Self.maximumMilliseconds
    }
}

extension StoreKey: CustomStringConvertible, CustomReflectable {
    /// The name alone.
    public var description: String { "StoreKey(\(self.id))" }

    public var customMirror: Mirror { Mirror(self, children: ["id": self.id]) }
}

/// The keys that a store is read with, and the one that it is written with.
public struct StoreKeyRing: Sendable {
    /// What is stored from now on is encrypted with it.
    public let active: StoreKey
    let keys: [String: StoreKey]

    /// A ring of keys.
    ///
    /// - Parameters:
    ///   - active: The key to write with.
    ///   - others: Keys that earlier records were written with; one that is called like ``active`` is ignored.
    public init(active: StoreKey, others: [StoreKey] = []) {
        self.active = active
        var keys = Dictionary(others.map { ($0.id, $0) }) { first, _ in first }
        keys[active.id] = active
        self.keys = keys
    }
}
