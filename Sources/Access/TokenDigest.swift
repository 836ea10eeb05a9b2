import Crypto

/// The SHA-256 of a token's secret; compared in constant time.
struct TokenDigest: Equatable, Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    init(_ digest: SHA256.Digest) { self.init(unchecked: Array(digest)) }

    /// Takes what ``bytes`` gave; nothing where there are fewer or more than 32.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == SHA256.byteCount else { return nil }
        self.init(unchecked: bytes)
    }

    private init(unchecked bytes: [UInt8]) {
        self.words = (number(bytes[0..<8]), number(bytes[8..<16]), number(bytes[16..<24]), number(bytes[24..<32]))
    }

    var bytes: [UInt8] {
        bigEndianBytes(self.words.0) + bigEndianBytes(self.words.1) + bigEndianBytes(self.words.2)
            + bigEndianBytes(self.words.3)
    }

    static func == (left: TokenDigest, right: TokenDigest) -> Bool {
        let difference =
            (left.words.0 ^ right.words.0) | (left.words.1 ^ right.words.1) | (left.words.2 ^ right.words.2)
            | (left.words.3 ^ right.words.3)
        return difference == 0
    }
}
