import Hub
import NIOCore
import Testing

@testable import Transport

@Suite("limits of addresses")
struct AddressLimitTests {
    private static func client(_ peer: String, _ forwarded: [String] = [], proxies: [String] = []) throws
        -> ClientAddress?
    {
        let networks = try proxies.map { try #require(TrustedProxies.Network($0)) }
        let address = try SocketAddress(ipAddress: peer, port: 1)
        return TrustedProxies(networks).client(of: address, forwarded: forwarded)
    }

    @Test("G4: an untrusted peer can't say that it is somebody else")
    func forged() throws {
        #expect(try Self.client("192.0.2.1", ["198.51.100.7"]) == Self.client("192.0.2.1"))
        #expect(try Self.client("192.0.2.1", ["10.0.0.1"], proxies: ["10.0.0.0/8"]) == Self.client("192.0.2.1"))
    }

    @Test(
        "G4: behind trusted proxies the rightmost address counts that is none of them",
        arguments: [
            (["198.51.100.7"], "198.51.100.7"), (["1.1.1.1, 198.51.100.7"], "198.51.100.7"),
            (["1.1.1.1", "198.51.100.7 , 10.0.0.9"], "198.51.100.7"),
            (["198.51.100.7,10.0.0.9,10.0.0.8"], "198.51.100.7"),
            // What can't be read ends the way: the last proxy that named it is the client.
            (["198.51.100.7, nonsense"], "10.0.0.1"), (["198.51.100.7, nonsense, 10.0.0.9"], "10.0.0.9"),
            ([], "10.0.0.1"), ([""], "10.0.0.1"),
            // A port is no part of an address here.
            (["198.51.100.7:99"], "10.0.0.1"),
        ]
    )
    func forwarded(header: [String], expected: String) throws {
        #expect(try Self.client("10.0.0.1", header, proxies: ["10.0.0.0/8"]) == Self.client(expected))
    }

    @Test("G4: ten thousand hops are read from the right, as far as needed")
    func manyHops() throws {
        let hops = Array(repeating: "10.0.0.9", count: 10_000).joined(separator: ",")
        #expect(
            try Self.client("10.0.0.1", ["198.51.100.7," + hops], proxies: ["10.0.0.0/8"])
                == Self.client("198.51.100.7")
        )
    }

    @Test("G5: the addresses of one /64 are one client, and so are an IPv4 address and its mapped twin")
    func prefixes() throws {
        let clients = try Set((0..<1_000).map { try Self.client("2001:db8:0:1::\(String($0, radix: 16))") })
        #expect(clients.count == 1)
        #expect(try Self.client("2001:db8:0:2::1") != Self.client("2001:db8:0:1::1"))
        #expect(try Self.client("::ffff:192.0.2.1") == Self.client("192.0.2.1"))
        #expect(try Self.client("192.0.2.1") != Self.client("192.0.2.2"))
    }

    @Test(
        "networks of proxies are addresses with a length that fits",
        arguments: [
            "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/", "/8", "", "proxy", "::/129", "10.0.0.0/8/8",
        ]
    )
    func badNetworks(text: String) { #expect(TrustedProxies.Network(text) == nil) }

    @Test("networks hold what their first bits say")
    func networks() throws {
        let wide = try #require(TrustedProxies.Network("2001:db8::/32"))
        #expect(wide.contains(try #require(IPAddress("2001:db8:ffff::1"))))
        #expect(!wide.contains(try #require(IPAddress("2001:db9::1"))))
        let four = try #require(TrustedProxies.Network("192.0.2.128/25"))
        #expect(four.contains(try #require(IPAddress("192.0.2.200"))))
        #expect(!four.contains(try #require(IPAddress("192.0.2.1"))))
        #expect(try #require(TrustedProxies.Network("0.0.0.0/0")).contains(try #require(IPAddress("8.8.8.8"))))
        #expect(!(try #require(TrustedProxies.Network("0.0.0.0/0")).contains(try #require(IPAddress("2001:db8::1")))))
    }

    @Test("G3: an address and the server have so many connections, and each that ends makes room")
    func connections() {
        var options = AddressLimitOptions()
        (options.connections, options.allConnections) = (2, 3)
        let limits = AddressLimits(options)
        let one = limits.record(of: IPAddress("192.0.2.1").map(ClientAddress.init), at: 0)
        let other = limits.record(of: IPAddress("192.0.2.2").map(ClientAddress.init), at: 0)
        #expect([limits.open(one), limits.open(one), limits.open(one)] == [nil, nil, .address])
        #expect([limits.open(other), limits.open(other)] == [nil, .server])
        limits.close(one)
        #expect(limits.open(other) == nil)
        #expect(limits.open(one) == .server)
    }

    @Test("G8: a flood of addresses stays within the table and doesn't free an address that is over its limit")
    func flood() throws {
        var options = AddressLimitOptions()
        options.addresses = 1_000
        options.handshakes = RateLimit(1, perSeconds: 60, burst: 2)
        let limits = AddressLimits(options)
        var now: UInt64 = 1_000_000_000
        let culprit = ClientAddress(try #require(IPAddress("192.0.2.1")))
        for _ in 0..<3 { _ = limits.refuse(.handshake, of: limits.record(of: culprit, at: now), at: now) }
        for index in 0..<20_000 {
            now += 1_000
            let address = try #require(IPAddress("10.\(index >> 16).\(index >> 8 & 255).\(index & 255)"))
            _ = limits.refuse(.handshake, of: limits.record(of: ClientAddress(address), at: now), at: now)
        }
        #expect(limits.count <= 1_000)
        #expect(limits.refuse(.handshake, of: limits.record(of: culprit, at: now), at: now) != nil)
    }

    @Test("an address that has been quiet is forgotten without a trace, since it has its whole burst again")
    func quiet() throws {
        var options = AddressLimitOptions()
        options.addresses = 10
        let limits = AddressLimits(options)
        for index in 0..<10 {
            let record = limits.record(of: IPAddress("192.0.2.\(index)").map(ClientAddress.init), at: 1)
            _ = limits.refuse(.message, of: record, at: 1)
        }
        let hour: UInt64 = 3_600_000_000_000
        _ = limits.record(of: IPAddress("192.0.2.99").map(ClientAddress.init), at: hour)
        #expect(limits.count == 1)
    }
}
