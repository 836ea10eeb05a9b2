/// Where the server listens: `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`.
public struct ListenAddress: Sendable, Hashable, Decodable, CustomStringConvertible {
    /// A name or an address, without brackets.
    public var host: String
    /// 0 lets the system choose.
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `HOST:PORT`; nothing where it is none.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        let written = text[..<colon]
        let isBracketed = written.hasPrefix("[") && written.hasSuffix("]")
        let host = isBracketed ? String(written.dropFirst().dropLast()) : String(written)
        // An IPv6 address without brackets would hide where the port begins.
        guard !host.isEmpty, isBracketed == host.contains(":"), !host.contains(where: \.isWhitespace) else {
            return nil
        }
        self.init(host: host, port: Int(port))
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let address = ListenAddress(text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "\"\(text)\" is not an address like \"127.0.0.1:8080\""
            )
        }
        self = address
    }

    /// Whether only this machine can reach it.
    public var isLoopback: Bool {
        let octets = self.host.split(separator: ".", omittingEmptySubsequences: false)
        let isIPv4 = octets.count == 4 && octets.allSatisfy { UInt8($0) != nil }
        return (isIPv4 && octets[0] == "127") || self.host == "::1" || self.host.lowercased() == "localhost"
    }

    public var description: String {
        self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
    }
}
