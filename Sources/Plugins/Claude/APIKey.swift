internal import Crypto
internal import FoundationEssentials

/// The key of the API.
///
/// Written into one header and nowhere else: whatever prints it, prints `redacted`.
struct APIKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let text: String

    init(_ text: String) { self.text = text }

    var description: String { "redacted" }
    var debugDescription: String { "redacted" }
    var customMirror: Mirror { Mirror(self, children: []) }

    /// The header that shows the key to the API.
    func header(_ form: ClaudeSettings.AuthHeader) -> (String, String) {
        switch form {
        case .authorization: ("Authorization", "Bearer \(self.text)")
        case .apiKey: ("x-api-key", self.text)
        }
    }

    /// Names a conversation to the API: the same for the same one, and nothing that anybody else could make or read.
    func name(of conversation: String) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("conversation \(conversation)".utf8),
            using: SymmetricKey(data: Array(self.text.utf8))
        )
        return code.prefix(16).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
