internal import NIOCore

/// An IP address as 128 bits; one of version 4 is mapped into them.
struct NetworkAddress: Hashable, Sendable {
    private let bytes: [UInt8]

    /// Reads `192.0.2.1` or `2001:db8::1`; nothing where it is none.
    init?(_ text: String) {
        guard text.utf8.count <= 45, let address = try? SocketAddress(ipAddress: text, port: 0) else { return nil }
        self.init(address)
    }

    init?(_ address: SocketAddress) {
        switch address {
        case .v4(let address):
            // Behind family and port; and behind the flow label of version 6.
            let own = withUnsafeBytes(of: address.address) { Array($0[4..<8]) }
            self.bytes = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + own
        case .v6(let address): self.bytes = withUnsafeBytes(of: address.address) { Array($0[8..<24]) }
        case .unixDomainSocket: return nil
        }
    }

    var isVersion4: Bool { self.bytes.prefix(12).elementsEqual([UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]) }

    private init(version4 bytes: some Sequence<UInt8>) {
        self.bytes = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + bytes
    }

    /// The address of version 4 that this one leads to by translation: NAT64 and 6to4.
    fileprivate var embedded: NetworkAddress? {
        if Network.translated.contains(self) { return NetworkAddress(version4: self.bytes[12...]) }
        if Network.sixToFour.contains(self) { return NetworkAddress(version4: self.bytes[2..<6]) }
        return nil
    }

    /// A range of addresses: `10.0.0.0/8`, `192.0.2.1`, `2001:db8::/32`.
    struct Network: Hashable, Sendable {
        private let address: NetworkAddress
        private let bits: Int

        init?(_ text: String) {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard let address = parts.first.flatMap({ NetworkAddress(String($0)) }) else { return nil }
            let width = address.isVersion4 ? 32 : 128
            guard let bits = parts.count == 1 ? width : Int(parts[1]), 0...width ~= bits else { return nil }
            self.address = address
            self.bits = 128 - width + bits
        }

        func contains(_ other: NetworkAddress) -> Bool {
            let (whole, rest) = self.bits.quotientAndRemainder(dividingBy: 8)
            guard other.bytes.prefix(whole).elementsEqual(self.address.bytes.prefix(whole)) else { return false }
            guard rest > 0 else { return true }
            return (other.bytes[whole] ^ self.address.bytes[whole]) >> UInt8(8 - rest) == 0
        }

        fileprivate static let translated = Network("64:ff9b::/96").unsafelyUnwrapped
        fileprivate static let sixToFour = Network("2002::/16").unsafelyUnwrapped
    }
}

/// Which addresses a plugin may connect to: those of the public network, and those that the operator names.
struct TargetPolicy: Sendable {
    /// The networks that are no part of the public one.
    ///
    /// The registries of special-purpose addresses: RFC 6890 and its updates.
    private static let special = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4", "::/128", "::1/128", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
        "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    ].compactMap { NetworkAddress.Network($0) }

    var allowed: [NetworkAddress.Network] = []

    func allows(_ address: NetworkAddress) -> Bool {
        if self.allowed.contains(where: { $0.contains(address) }) { return true }
        if let embedded = address.embedded { return self.allows(embedded) }
        return !Self.special.contains { $0.contains(address) }
    }
}
