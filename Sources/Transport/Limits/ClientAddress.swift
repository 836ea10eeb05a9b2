import NIOCore

/// Where a client is, as limits see it: an IPv4 address, or the first 64 bits of an IPv6 address, which is what one
/// customer of a provider gets.
struct ClientAddress: Hashable, Sendable {
    /// The address in network order; an IPv4 address is the mapped one (`::ffff:a.b.c.d`, RFC 4291 section 2.5.5.2).
    private let high: UInt64
    private let low: UInt64

    /// The address that limits are kept for.
    init(_ address: IPAddress) {
        self.high = address.high
        self.low = address.isIPv4 ? address.low : 0
    }
}

/// A whole IP address.
struct IPAddress: Hashable, Sendable {
    fileprivate let high: UInt64
    fileprivate let low: UInt64

    /// Reads `192.0.2.1` or `2001:db8::1`; nothing where it is none.
    init?(_ text: some StringProtocol) {
        guard text.utf8.count <= 45, let address = try? SocketAddress(ipAddress: String(text), port: 0) else {
            return nil
        }
        self.init(address)
    }

    /// The address of a socket; nothing where it has none, such as a Unix domain socket.
    init?(_ address: SocketAddress) {
        switch address {
        case .v4(let address):
            self.high = 0
            self.low = 0xFFFF << 32 | number(in: address.address, at: 4, count: 4)
        case .v6(let address):
            self.high = number(in: address.address, at: 8, count: 8)
            self.low = number(in: address.address, at: 16, count: 8)
        case .unixDomainSocket: return nil
        }
    }

    var isIPv4: Bool { self.high == 0 && self.low >> 32 == 0xFFFF }

    /// Whether the first `bits` of two addresses of 128 bits are the same.
    func matches(_ other: IPAddress, bits: Int) -> Bool {
        let highMask = bits >= 64 ? UInt64.max : bits == 0 ? 0 : UInt64.max << UInt64(64 - bits)
        let lowMask = bits <= 64 ? 0 : UInt64.max << UInt64(128 - bits)
        return self.high & highMask == other.high & highMask && self.low & lowMask == other.low & lowMask
    }
}

/// A number in network order inside of a socket address: behind family and port, and the flow label of IPv6.
private func number<T>(in address: T, at offset: Int, count: Int) -> UInt64 {
    withUnsafeBytes(of: address) { $0[offset..<offset + count].reduce(0) { $0 << 8 | UInt64($1) } }
}

/// The proxies whose `X-Forwarded-For` is believed.
public struct TrustedProxies: Sendable {
    /// One address, or a network: `10.0.0.0/8`, `127.0.0.1`, `2001:db8::/32`.
    public struct Network: Sendable {
        private let address: IPAddress
        /// Of 128.
        private let bits: Int

        /// Nothing where the text is no network.
        public init?(_ text: String) {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let address = parts.first.flatMap({ IPAddress($0) }) else { return nil }
            let width = address.isIPv4 ? 32 : 128
            let isWhole = parts.count == 1
            guard let bits = isWhole ? width : Int(parts[1]), 0...width ~= bits, isWhole || !parts[1].hasPrefix("+")
            else { return nil }
            self.address = address
            self.bits = 128 - width + bits
        }

        func contains(_ address: IPAddress) -> Bool { address.matches(self.address, bits: self.bits) }
    }

    private let networks: [Network]

    public init(_ networks: [Network] = []) { self.networks = networks }

    /// The client of a request.
    ///
    /// The peer, unless it is a proxy of the list: then the header is read from the right, and the first address that is
    /// no proxy counts. Whatever stands left of it was written by somebody else and is ignored.
    ///
    /// - Parameters:
    ///   - peer: The other end of the TCP connection.
    ///   - forwarded: All values of `X-Forwarded-For`, in their order.
    /// - Returns: Nothing where the peer has no IP address, or a proxy names none.
    func client(of peer: SocketAddress?, forwarded: [String]) -> ClientAddress? {
        guard var client = peer.flatMap({ IPAddress($0) }) else { return nil }
        guard self.isTrusted(client) else { return ClientAddress(client) }
        for hop in forwarded.joined(separator: ",").split(separator: ",").reversed() {
            let written = hop.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
            guard let address = IPAddress(String(written)) else { return ClientAddress(client) }
            client = address
            guard self.isTrusted(client) else { break }
        }
        return ClientAddress(client)
    }

    /// Whether the other end of a connection is one of them.
    func trusts(_ peer: SocketAddress?) -> Bool { peer.flatMap { IPAddress($0) }.map(self.isTrusted) ?? false }

    private func isTrusted(_ address: IPAddress) -> Bool { self.networks.contains { $0.contains(address) } }
}
