internal import NIOCore
internal import NIOPosix

/// Finds the addresses of a host.
struct Resolver: Sendable {
    /// The addresses of a name, in the order in which they should be tried.
    let addresses: @Sendable (_ host: String, _ port: Int) async throws -> [SocketAddress]

    /// The system's, on a thread that may wait.
    static let system = Resolver { host, port in
        // An address needs nobody to find it.
        if let address = try? SocketAddress(ipAddress: host, port: port) { return [address] }
        let resolver = NIOThreadPool.singleton
        return try await resolver.runIfActive { try allAddresses(of: host, port: port) }
    }
}

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

private func allAddresses(of host: String, port: Int) throws -> [SocketAddress] {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    #if canImport(Glibc)
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    #else
        hints.ai_socktype = SOCK_STREAM
    #endif
    var list: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, "\(port)", &hints, &list) == 0 else {
        throw WireProblem("unknown-host", "no address of the host is known")
    }
    defer { freeaddrinfo(list) }
    var addresses: [SocketAddress] = []
    var entry = list
    while let found = entry?.pointee {
        switch found.ai_family {
        case AF_INET:
            found.ai_addr?.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                addresses.append(SocketAddress($0.pointee))
            }
        case AF_INET6:
            found.ai_addr?.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                addresses.append(SocketAddress($0.pointee))
            }
        default: break
        }
        entry = found.ai_next
    }
    return addresses
}
