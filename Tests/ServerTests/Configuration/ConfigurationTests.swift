import Foundation
import Diagnostics
import Plugins
import Responders
import RespondersTesting
import Store
import Testing

@testable import Server

@Suite("claude-chat.yaml")
struct ConfigurationTests {
    private static let chains = "chains: {demo: {fallback: [fallback]}}\n"

    private func load(_ text: String, files: [String: String] = [:], mode: Int = 0o600) throws -> Configuration {
        let folder = try ScratchFolder(files)
        for name in files.keys {
            let path = "\(folder.path)/\(name)"
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        }
        try folder.write(text, to: "claude-chat.yaml")
        do {
            return try Configuration.load(file: "\(folder.path)/claude-chat.yaml", registry: .builtin())
        } catch let rejection as Rejection {
            throw rejection.relative(to: folder)
        }
    }

    private func mistakes(in text: String, files: [String: String] = [:], mode: Int = 0o600) -> String? {
        #expect(throws: Rejection.self) { try self.load(text, files: files, mode: mode) }?.description
    }

    @Test("needs a version, a chain, and the chain's name")
    func smallest() throws {
        let configuration = try self.load("version: 1\ndefault_chain: demo\n" + Self.chains)
        #expect(configuration.listen == ListenAddress(host: "127.0.0.1", port: 8080))
        #expect(configuration.mode == .production)
        #expect(configuration.tls == nil)
        #expect(configuration.chainNames == ["demo"])
        #expect(configuration.chain()?.entries.map(\.name) == ["fallback"])
        #expect(configuration.warnings.isEmpty)
    }

    @Test("says how much is kept of turns: all of them for 30 days, without content, where nothing is written")
    func tracing() throws {
        let start = "version: 1\ndefault_chain: demo\n" + Self.chains
        #expect(try self.load(start).tracing == TraceSettings())
        let written = try self.load(start + "trace: {keep: 7d, sample: 2.5%, content: true}\n").tracing
        #expect(written.keptDays == 7 && written.sample.basisPoints == 250 && written.keepsContent)
    }

    @Test("takes addresses and networks of proxies, and says which are none")
    func proxies() throws {
        let start = "version: 1\ndefault_chain: demo\n" + Self.chains
        _ = try self.load(start + "server: {trusted_proxies: [127.0.0.1, '10.0.0.0/8', '2001:db8::/32']}\n")
        #expect(
            self.mistakes(in: start + "server: {trusted_proxies: [proxy.example.com, 127.0.0.1, '10.0.0.0/33']}\n")
                == """
                claude-chat.yaml:4:28: server.trusted_proxies[0]: "proxy.example.com" is no address; write an address or \
                a network, such as 127.0.0.1 or 10.0.0.0/8 [bad-network]
                claude-chat.yaml:4:58: server.trusted_proxies[2]: "10.0.0.0/33" is no address; write an address or a \
                network, such as 127.0.0.1 or 10.0.0.0/8 [bad-network]
                """
        )
    }

    @Test("reads the server and its sites")
    func whole() throws {
        let configuration = try self.load(
            """
            version: 1
            default_chain: demo
            server: {listen: '[::1]:9000', public_url: 'https://chat.example.com'}
            sites:
              shop: {origins: ['https://shop.example.com', 'http://localhost:3000'], time_zone: Europe/Berlin}
              intranet: {origins: ['https://intranet.example.com'], chain: second}
            chains:
              demo: {fallback: [fallback]}
              second: {fallback: [fallback]}
            """
        )
        #expect(configuration.listen == ListenAddress(host: "::1", port: 9000))
        #expect(configuration.publicURL == "https://chat.example.com")
        #expect(configuration.sites.map(\.name) == ["shop", "intranet"])
        #expect(configuration.sites.map(\.chain) == [nil, "second"])
        #expect(configuration.chainNames == ["demo", "second"])
        // 2026-07-01T12:00:00Z is 14:00 in Berlin.
        #expect(configuration.sites[0].localTime(atMilliseconds: 1_782_907_200_000) == TimeOfDay("14:00"))
        #expect(configuration.sites[1].localTime(atMilliseconds: 1_782_907_200_000) == TimeOfDay("12:00"))
    }

    @Test("the store is data/chat.db beside the file, or where it says, with the first key to write with")
    func store() throws {
        let plain = try self.load("version: 1\ndefault_chain: demo\nchains: {demo: {fallback: [fallback]}}")
        #expect(plain.storage.options.path.hasSuffix("/data/chat.db"))
        #expect(plain.storage.options.failurePolicy == .refuse && plain.storage.options.keys == nil)
        let key = Data(repeating: 7, count: 32).base64EncodedString()
        let mistakes = self.mistakes(
            in: """
                version: 1
                default_chain: demo
                store:
                  path: /var/lib/chat.db
                  on_failure: memroy
                  keys: {s1: {file: good}, 'a b': {file: good}, s2: {file: short}, s3: {env: NO_SUCH_KEY}}
                chains: {demo: {fallback: [fallback]}}
                """,
            files: ["good": key, "short": "c2hvcnQ="]
        )
        let found = try #require(mistakes)
        #expect(
            found.contains(#"5:3: store.on_failure: "memroy" is not a known word; did you mean "memory"?"#),
            "\(found)"
        )
        #expect(found.contains("store.keys.a b: no key of 32 bytes; write 1 to 32 of A-Z"), "\(found)")
        #expect(found.contains("store.keys.s2: no key of 32 bytes"), "\(found)")
        #expect(found.contains("store.keys.s3: the environment has no NO_SUCH_KEY"), "\(found)")
        #expect(!found.contains("store.keys.s1: no key"), "\(found)")
    }

    @Test("redacts what is stored only where every chain that answers has something that redacts")
    func redaction() throws {
        let head = """
            version: 1
            default_chain: demo
            sites:
              shop:
                origins: ['https://shop.example.com']
                chain: shop
                time_zone: Europe/Berlin
                opening_hours: {mon-fri: '08:00-18:00'}
            store: {redact: true}

            """
        let good = try self.load(
            head
                + "chains: {demo: {guard: [redact], fallback: [fallback]}, shop: {guard: [redact], fallback: [fallback]}}\n"
        )
        #expect(good.storage.redacts)
        let site = try #require(good.sites.first)
        // Fridays in winter and in summer, on the minute of Berlin's clock, and a Saturday.
        for opening in [1_796_367_600_000, 1_780_639_200_000] as [Int64] {
            #expect(site.isOpen(atMilliseconds: opening - 1) == false)
            #expect(site.isOpen(atMilliseconds: opening) == true)
        }
        #expect(site.isOpen(atMilliseconds: 1_796_403_600_000 - 1) == true)
        #expect(site.isOpen(atMilliseconds: 1_796_403_600_000) == false)
        #expect(site.isOpen(atMilliseconds: 1_780_725_600_000) == false)
        #expect(
            self.mistakes(
                in: head + "chains: {demo: {guard: [redact], fallback: [fallback]}, shop: {fallback: [fallback]}}\n"
            ) == """
                claude-chat.yaml:9:9: store.redact: the chain "shop" has nothing that redacts; write guard: [redact] into \
                chains.shop [no-redact]
                """
        )
    }

    @Test("the store's retention, audit key and empty keys: what they mean, and what is wrong with them")
    func retention() throws {
        setenv("CHAT_TEST_AUDIT_KEY", Data(repeating: 7, count: 32).base64EncodedString(), 1)
        setenv("CHAT_TEST_BAD_KEY", "c2hvcnQ=", 1)
        let start = "version: 1\ndefault_chain: demo\n" + Self.chains
        let good = try self.load(
            start + """
                server: {mode: development}
                sites: {shop: {origins: ['https://shop.example.com']}}
                store: {audit_key: {env: CHAT_TEST_AUDIT_KEY}, retention: {older_than: 365d, max_size: 10GiB, sites: {shop: 30d}}}
                """
        )
        #expect(good.storage.auditKey?.id == "audit")
        #expect(good.storage.auditPath.hasSuffix("/data/chat.db.audit.jsonl"))
        #expect(good.storage.retention?.days == 365 && good.storage.retention?.maximumBytes == 10 << 30)
        #expect(good.storage.retention?.daysOfSites.map(\.value) == [30])
        #expect(
            self.mistakes(
                in: start + """
                    server: {mode: development}
                    sites: {shop: {origins: ['https://shop.example.com'], retention: 30d}}
                    store:
                      keys: {}
                      audit_key: {env: CHAT_TEST_BAD_KEY}
                      retention: {older_than: 36h, max_size: 10GB, sites: {shpo: 1d}}
                    audit: {key: x}
                    """
            ) == """
                claude-chat.yaml:5:55: sites.shop.retention: "retention" is not built yet; write store: {retention: \
                {sites: {NAME: 30d}}} [not-built]
                claude-chat.yaml:7:3: store.keys: there is no key; write {s1: {env: CHAT_STORE_KEY}}, or leave keys out, \
                and nothing is encrypted [empty-keys]
                claude-chat.yaml:8:3: store.audit_key: no key of 32 bytes; write what openssl rand -base64 32 prints \
                [bad-store-key]
                claude-chat.yaml:9:15: store.retention.older_than: "36h" is no number of days; write whole days: 30d \
                [wrong-value]
                claude-chat.yaml:9:32: store.retention.max_size: "10GB" is no size; write a number and KiB, MiB or GiB: \
                500MiB, 10GiB [wrong-value]
                claude-chat.yaml:9:56: store.retention.sites.shpo: unknown site "shpo"; did you mean "shop"? [unknown-site]
                claude-chat.yaml:10:1: audit: "audit" is not built yet; leave it out: the audit log is beside the store, \
                and its key is store: audit_key [not-built]
                """
        )
    }

    @Test("finds all mistakes at once, those of the files that it names too")
    func allMistakes() {
        let found = self.mistakes(
            in: """
                version: 2
                default_chain: suport
                server:
                  listen: 8080
                  mode: off
                  tls: proxy
                  admin_token: {env: TOKEN}
                stroe: {}
                trace: {keep: 90m, sample: 1.5, content: maybe}
                sites:
                  shop: {origins: [shop.example.com, '*'], chain: demmo, time_zone: Berlin}
                  lab: {}
                chains:
                  demo:
                    answer:
                      - claude-stub: {script: stub/answers.yaml}
                      - rulse: {path: rules/}
                    fallback:
                      - fallback: {txt: Hello}
                  support:
                    answer:
                      - claude-stub: {script: stub/answers.yaml}
                    fallback: [fallback]
                """,
            files: ["stub/answers.yaml": "answers: [{match: 'a(', text: A}]"]
        )
        #expect(
            found == """
                claude-chat.yaml:1:1: version: version 2 is unknown; write version: 1 [unknown-version]
                claude-chat.yaml:2:1: default_chain: unknown chain "suport"; did you mean "support"? [unknown-chain]
                claude-chat.yaml:4:3: server.listen: "8080" is not an address like "127.0.0.1:8080" [wrong-value]
                claude-chat.yaml:5:3: server.mode: "off" is not a known word; known: development, production [wrong-value]
                claude-chat.yaml:6:3: server.tls: no proxy is trusted; write server: trusted_proxies: [127.0.0.1] [no-proxy]
                claude-chat.yaml:7:3: server.admin_token: the environment has no TOKEN; set it before the server starts \
                [missing-secret]
                claude-chat.yaml:8:1: stroe: unknown key "stroe"; did you mean "store"? [unknown-key]
                claude-chat.yaml:9:9: trace.keep: "90m" is no number of days; write whole days: 30d [wrong-value]
                claude-chat.yaml:9:20: trace.sample: "1.5" is no share; write a number from 0 to 100 and %: 10% [wrong-value]
                claude-chat.yaml:9:33: trace.content: expected true or false, found "maybe" [wrong-type]
                claude-chat.yaml:11:20: sites.shop.origins[0]: "shop.example.com" is not an origin; write \
                https://shop.example.com [bad-origin]
                claude-chat.yaml:11:44: sites.shop.chain: unknown chain "demmo"; did you mean "demo"? [unknown-chain]
                claude-chat.yaml:11:58: sites.shop.time_zone: unknown time zone "Berlin"; write a name like Europe/Berlin \
                [unknown-time-zone]
                claude-chat.yaml:17:9: chains.demo.answer[1]: unknown plugin "rulse"; did you mean "rules"? [unknown-plugin]
                claude-chat.yaml:19:20: chains.demo.fallback[0].fallback.txt: unknown key "txt"; did you mean "text"? \
                [unknown-key]
                stub/answers.yaml:1:22: answers[0].match: missing closing parenthesis: "a(" [pattern-syntax]
                """
        )
    }

    @Test("A11: checks what its values mean, all at once: production has origins, and never all of them")
    func meaning() {
        let found = self.mistakes(
            in: """
                version: 2
                default_chain: suport
                server: {listen: '0.0.0.0:80'}
                sites:
                  shop: {origins: [shop.example.com, 'https://shop.example.com/', '*'], chain: demmo, time_zone: Berlin}
                  lab: {chain: support}
                chains:
                  demo: {fallback: [fallback]}
                  support: {fallback: [fallback]}
                """
        )
        #expect(
            found == """
                claude-chat.yaml:1:1: version: version 2 is unknown; write version: 1 [unknown-version]
                claude-chat.yaml:2:1: default_chain: unknown chain "suport"; did you mean "support"? [unknown-chain]
                claude-chat.yaml:3:10: server.listen: "0.0.0.0:80" can be reached from other machines; without tls listen on \
                loopback only: 127.0.0.1:80 [plain-not-loopback]
                claude-chat.yaml:5:20: sites.shop.origins[0]: "shop.example.com" is not an origin; write https://shop.example.com \
                [bad-origin]
                claude-chat.yaml:5:38: sites.shop.origins[1]: "https://shop.example.com/" is not an origin; write \
                https://shop.example.com [bad-origin]
                claude-chat.yaml:5:67: sites.shop.origins[2]: "*" lets every page of the web in; it is for development mode \
                alone; name the site's own origins [any-origin]
                claude-chat.yaml:5:73: sites.shop.chain: unknown chain "demmo"; did you mean "demo"? [unknown-chain]
                claude-chat.yaml:5:87: sites.shop.time_zone: unknown time zone "Berlin"; write a name like Europe/Berlin \
                [unknown-time-zone]
                claude-chat.yaml:6:3: sites.lab: the site has no origins; write origins: ['https://shop.example.com'] \
                [no-origins]
                """
        )
    }

    @Test("warns where clients of the first form are served in production without the cookie that they need")
    func missingCookie() throws {
        let start =
            "version: 1\ndefault_chain: demo\n" + Self.chains + "sites:\n  shop: {origins: ['https://a.example'], "
        let hint =
            "in production nobody gets in this way without a cookie; write cookie_auth: true beside it [no-cookie]"
        for key in ["seed_mode: on", "seed_feedback: true"] {
            let name = key.prefix { $0 != ":" }
            let found = try self.load(start + key + "}").warnings.map(\.description)
            #expect(found.count == 1 && found[0].hasSuffix("/claude-chat.yaml:5:42: sites.shop.\(name): \(hint)"))
            #expect(try self.load(start + key + ", cookie_auth: true}").warnings.isEmpty)
        }
        #expect(try self.load(start + "seed_mode: off}").warnings.isEmpty)
        let development = start.replacing("sites:", with: "server: {mode: development}\nsites:")
        #expect(try self.load(development + "seed_mode: on}").warnings.isEmpty)
    }

    @Test("keeps development mode on this machine")
    func development() throws {
        let start = "version: 1\ndefault_chain: demo\n" + Self.chains
        let inside = start + "server: {mode: development}\nsites: {lab: {origins: ['*']}}"
        #expect(try self.load(inside).mode == .development)
        #expect(
            self.mistakes(in: start + "server: {mode: development, listen: '0.0.0.0:8080'}") == """
                claude-chat.yaml:4:29: server.listen: "0.0.0.0:8080" can be reached from other machines; development mode \
                listens on loopback only: 127.0.0.1:8080 [development-not-loopback]
                """
        )
    }

    @Test(
        "never takes a secret from the file itself, and does not repeat it",
        arguments: ["sk-live-123", "'sk-live-123'", "[sk-live-123]"]
    )
    func secretInFile(secret: String) {
        let found = self.mistakes(
            in: "version: 1\ndefault_chain: demo\n\(Self.chains)server: {tls: {certificate: a.pem, key: \(secret)}}",
            files: ["a.pem": ""]
        )
        #expect(
            found
                == "claude-chat.yaml:4:36: server.tls.key: a secret stands in the file; write {env: NAME} [secret-in-file]"
        )
    }

    @Test("refuses a key file that others can read, and one that is not there")
    func keyFiles() {
        let start = "version: 1\ndefault_chain: demo\n" + Self.chains
        let found = self.mistakes(
            in: start + "server: {listen: '0.0.0.0:443', tls: {certificate: no.pem, key: {file: key.pem}}}",
            files: ["key.pem": ""],
            mode: 0o644
        )
        #expect(
            found == """
                claude-chat.yaml:4:39: server.tls.certificate: "no.pem" can't be read; paths start at the configuration's folder \
                [no-file]
                claude-chat.yaml:4:60: server.tls.key: "key.pem" can be read by others: its mode is 644; chmod 600 key.pem \
                [key-readable]
                """
        )
    }

    @Test("two trackers on other machines don't share a queue, nor a name for what they tell")
    func sharedQueues() throws {
        func mistakes(_ first: String, _ second: String) -> String? {
            let text = """
                version: 1
                default_chain: a
                server: {mode: development}
                chains:
                  a: {answer: [issues: {tracker: github, token: {file: t}, \(first)}], fallback: [fallback]}
                  b: {answer: [issues: {tracker: github, token: {file: t}, \(second)}], fallback: [fallback]}
                """
            do {
                _ = try self.load(text, files: ["t": "token"])
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(mistakes("project: acme/shop", "project: acme/shop") == nil)
        #expect(mistakes("project: acme/shop", "project: acme/blog, instance: blog") == nil)
        #expect(mistakes("project: acme/shop", "project: acme/blog, outbox: blog.sqlite") == nil)
        #expect(
            mistakes("project: acme/shop", "project: acme/blog")?.hasSuffix(
                "two trackers have the instance \"github\"; write another instance: NAME for one of them [same-instance]"
            ) == true
        )
    }

    @Test("two entries of docs don't share an index, unless they have the same documents")
    func sharedIndexes() throws {
        func mistakes(_ first: String, _ second: String) -> String? {
            let text = """
                version: 1
                default_chain: a
                server: {mode: development}
                chains:
                  a: {enrich: [docs: {\(first)}], fallback: [fallback]}
                  b: {enrich: [{docs: {\(second)}, as: more}], fallback: [fallback]}
                """
            do {
                _ = try self.load(text)
                return nil
            } catch {
                return "\(error)"
            }
        }
        let (one, other) = ("sources: [{path: docs/}]", "sources: [{path: other/}]")
        #expect(mistakes(one, one) == nil)
        #expect(mistakes(one, "\(other), index: other.sqlite") == nil)
        for spelling in ["", ", index: ./data/docs.sqlite", ", index: x/../data//docs.sqlite"] {
            #expect(
                mistakes(one, other + spelling)?.hasSuffix(
                    "and other sources or synonyms; give \"more\" one of its own: index: data/more.sqlite [same-index]"
                ) == true
            )
        }
    }

    @Test("says that there is no such file, or that it is no YAML")
    func unreadable() throws {
        let missing = #expect(throws: Rejection.self) {
            try Configuration.load(file: "no/such.yaml", registry: .builtin())
        }
        #expect(
            missing?.description == """
                no/such.yaml:1:1: "no/such.yaml" can't be read; name another file with --config, or work in the folder that \
                has it [no-file]
                """
        )
        #expect(self.mistakes(in: "version: [1")?.hasSuffix("[yaml-syntax]") == true)
        #expect(
            self.mistakes(in: "version: 1\nversion: 1\n")?.hasSuffix(
                "written twice: \"version\"; keep one [duplicate-key]"
            )
                == true
        )
        #expect(
            self.mistakes(in: "") == """
                claude-chat.yaml:1:1: "version" is missing [missing-key]
                claude-chat.yaml:1:1: "default_chain" is missing [missing-key]
                claude-chat.yaml:1:1: "chains" is missing [missing-key]
                """
        )
    }

    @Test(
        "reads addresses with their port, and knows those of this machine",
        arguments: [
            ("127.0.0.1:8080", true), ("127.1.2.3:1", true), ("[::1]:0", true), ("localhost:65535", true),
            ("0.0.0.0:80", false), ("[::]:80", false), ("chat.example.com:443", false),
            ("127.0.0.1.example.com:80", false),
        ]
    )
    func addresses(text: String, isLoopback: Bool) {
        let address = ListenAddress(text)
        #expect(address?.isLoopback == isLoopback)
        #expect(address?.description == text)
        for wrong in ["", "8080", ":8080", "host:", "host:65536", "host:-1", "::1:80", "[host]:80", "a b:80"] {
            #expect(ListenAddress(wrong) == nil, "\(wrong)")
        }
    }
}

extension Rejection {
    /// With the files' paths from the folder, as if a person had worked there.
    func relative(to folder: ScratchFolder) -> Rejection {
        let root = folder.path + "/"
        return Rejection(
            self.diagnostics.map { diagnostic in
                var diagnostic = diagnostic
                diagnostic.place.file = diagnostic.place.file.replacing(root, with: "")
                diagnostic.problem = diagnostic.problem.replacing(root, with: "")
                diagnostic.hint = diagnostic.hint?.replacing(root, with: "")
                return diagnostic
            }
        )
    }
}
