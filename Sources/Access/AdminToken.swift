import Crypto
import FoundationEssentials

/// The secret of the people who run the server, compared in constant time and never described.
public struct AdminToken: Sendable, CustomStringConvertible, CustomReflectable {
    private let digest: SHA256.Digest

    /// Takes the secret.
    ///
    /// - Parameter text: At least ``TokenKey/shortestBytes`` bytes of UTF-8.
    /// - Throws: ``KeyProblem/tooShort(_:bytes:)``.
    public init(_ text: String) throws(KeyProblem) {
        let bytes = text.utf8.count
        guard bytes >= TokenKey.shortestBytes else { throw .tooShort("admin_token", bytes: bytes) }
        self.digest = SHA256.hash(data: Data(text.utf8))
    }

    /// Whether a text is the secret.
    ///
    /// - Parameter text: What a client sent, of any length.
    /// - Returns: The answer, after a time that says nothing about the secret.
    public func matches(_ text: String) -> Bool { SHA256.hash(data: Data(text.utf8)) == self.digest }

    public var description: String { "AdminToken" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
