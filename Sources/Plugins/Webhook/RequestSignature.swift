internal import Crypto
internal import FoundationEssentials

/// Shows a webhook that a request comes from this server, and when.
struct RequestSignature: Sendable {
    /// The first signs; the second is the one before it, while receivers still know only that.
    let secrets: [String]

    static let timestampHeader = "X-Claude-Chat-Timestamp"
    static let signatureHeader = "X-Claude-Chat-Signature"

    /// The headers of a request.
    ///
    /// - Parameters:
    ///   - body: The bytes of the body as they are sent.
    ///   - seconds: Now, since 1970-01-01T00:00:00Z.
    /// - Returns: Names and values.
    func headers(of body: [UInt8], at seconds: Int64) -> [(String, String)] {
        let values = self.secrets.map { "v1=\(Self.code(of: body, at: seconds, secret: $0))" }
        return [
            (Self.timestampHeader, "\(seconds)"), (Self.signatureHeader, values.joined(separator: ",")),
        ]
    }

    /// HMAC-SHA256 of the timestamp, a dot and the body, in hexadecimal.
    static func code(of body: [UInt8], at seconds: Int64, secret: String) -> String {
        let text = Array("\(seconds).".utf8) + body
        let code = HMAC<SHA256>.authenticationCode(for: text, using: SymmetricKey(data: Array(secret.utf8)))
        return code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
