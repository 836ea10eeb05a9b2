import Messages
import Testing

@testable import Transport

@Suite("origins")
struct OriginPolicyTests {
    private static func policy(_ origins: String...) throws -> (OriginPolicy, SiteID) {
        let site = try #require(SiteID("shop"))
        return (.production([site: origins]), site)
    }

    @Test(
        "A2 A4 A5: only the very origin of the list is let in",
        arguments: [
            "null", "", "https://good.example.evil.com", "https://evil-good.example", "https://good.example@evil.com",
            "http://good.example", "https://good.example:444", "https://good.example.", "https://GOOD.example",
            "https://good.example/", "https://good.example:443", "HTTPS://good.example", "https://xn--god-hoa.example",
            "https://good.example\u{301}", " https://good.example", "https://a.good.example",
        ]
    )
    func others(origin: String) throws {
        let (policy, _) = try Self.policy("https://good.example")
        #expect(policy.judge([origin]) == .refused)
    }

    @Test("A1 A2: the origin of the list is let in, once")
    func same() throws {
        let (policy, site) = try Self.policy(
            "https://Good.Example:443",
            "http://good.example:8080",
            "https://[::1]:8443"
        )
        for origin in ["https://good.example", "http://good.example:8080", "https://[::1]:8443"] {
            #expect(policy.judge([origin]) == .allowed(origin))
            #expect(policy.admits(origin, to: site))
        }
        #expect(policy.judge(["https://good.example", "https://good.example"]) == .refused)
        #expect(policy.judge([]) == .absent)
    }

    @Test("A6: a wildcard is one or more labels below the name, of the same scheme and port")
    func wildcard() throws {
        let (policy, _) = try Self.policy("https://*.example.com")
        for origin in ["https://a.example.com", "https://a.b.example.com", "https://a-1.example.com"] {
            #expect(policy.judge([origin]) == .allowed(origin))
        }
        for origin in [
            "https://example.com.evil", "https://example.com", "https://.example.com", "http://a.example.com",
            "https://a.example.com:8443", "https://a..example.com", "https://evil/.example.com",
            "https://user@a.example.com", "https://A.example.com", "https://evilexample.com", "https://a.example.com.",
        ] {
            #expect(policy.judge([origin]) == .refused, "\(origin)")
        }
    }

    @Test("D3: a page of one site may not talk to another one")
    func sites() throws {
        let (shop, help) = (try #require(SiteID("shop")), try #require(SiteID("help")))
        let policy = OriginPolicy.production([shop: ["https://shop.example"], help: ["https://help.example"]])
        #expect(policy.judge(["https://shop.example"]) == .allowed("https://shop.example"))
        #expect(policy.admits("https://shop.example", to: shop))
        #expect(!policy.admits("https://shop.example", to: help))
    }

    @Test(
        "what is no origin can't stand in a list",
        arguments: [
            "*", "https://*", "https://*.com:x", "https://", "good.example", "https://a/b", "https://a?b",
            "https://a b",
            "https://a@b", "https://a:0x1", "https://a:99999", "https://é.example", "https://a.", "ftp://a",
            "https://*.*.a",
            "https://*.",
        ]
    )
    func entries(text: String) { #expect(AllowedOrigin(text) == nil) }

    @Test("development lets pages of this machine in, and no other")
    func development() {
        let policy = OriginPolicy.development()
        for origin in ["http://localhost", "http://127.0.0.1:8080", "https://127.1.2.3", "http://[::1]:80"] {
            #expect(policy.judge([origin]) == .allowed(origin))
        }
        for origin in ["http://localhost.evil", "http://127.0.0.1.evil", "http://[::2]", "null", "http://128.0.0.1"] {
            #expect(policy.judge([origin]) == .refused)
        }
        #expect(
            OriginPolicy.development(admitsAll: true).judge(["https://any.example"]) == .allowed("https://any.example")
        )
        #expect(OriginPolicy.development(admitsAll: true).judge(["null"]) == .refused)
    }
}
