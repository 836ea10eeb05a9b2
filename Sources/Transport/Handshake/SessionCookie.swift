/// The cookie that opens a session for clients that can't show a token: it holds the refresh token (RFC 6265).
///
/// Scripts can't read it, other sites can't have it sent, and no other host can set it (`__Host-`).
enum SessionCookie {
    static let name = "__Host-claude_chat"

    /// The value that a request brings.
    ///
    /// - Parameter headers: All values of `Cookie`.
    /// - Returns: Nothing where it isn't there, or is there more than once.
    static func value(in headers: [String]) -> String? {
        var found: [Substring] = []
        for header in headers {
            for pair in header.utf8.split(separator: UInt8(ascii: ";")) {
                let text = Substring(pair).trimmingSpaces
                if text.utf8.starts(with: Self.name.utf8), text.dropFirst(Self.name.count).first == "=" {
                    found.append(text.dropFirst(Self.name.count + 1))
                }
            }
        }
        return found.count == 1 ? String(found[0]) : nil
    }

    /// The value of `Set-Cookie`.
    ///
    /// - Parameters:
    ///   - value: A refresh token.
    ///   - seconds: How long the browser keeps it.
    /// - Returns: The header's value.
    static func setting(_ value: String, forSeconds seconds: Int64) -> String {
        "\(Self.name)=\(value); Max-Age=\(seconds); Path=/; Secure; HttpOnly; SameSite=Lax"
    }
}

extension Substring {
    /// Without spaces and tabs at both ends.
    fileprivate var trimmingSpaces: Substring {
        let start = self.drop { $0 == " " || $0 == "\t" }
        let end = start.lastIndex { $0 != " " && $0 != "\t" }
        return end.map { start[...$0] } ?? ""
    }
}
