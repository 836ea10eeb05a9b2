import Access
import Foundation
import Hub
import Messages
import Plugins
import Responders
import RespondersTesting
import Store
import Testing
import Transport

@testable import Server

@Suite("several chains", .timeLimit(.minutes(2)))
struct SeveralChainsTests {
    private static let configuration = """
        version: 1
        default_chain: demo
        sites:
          shop:
            origins: ['https://shop.example.com']
            chain: support
            pages: [{path: '/try/**', chain: demo}, {path: '/try/more', chain: support}]
        chains:
          demo: {fallback: [fallback: {text: Demo.}]}
          support: {fallback: [fallback: {text: Support.}]}
        """

    @Test("pages have a chain of their own, the first that fits, decided for each message")
    func pages() async throws {
        let folder = try ScratchFolder(["claude-chat.yaml": Self.configuration])
        let configuration = try Configuration.load(file: "\(folder.path)/claude-chat.yaml", registry: .builtin())
        let site = try #require(configuration.sites.first)
        let support = try #require(configuration.chain(named: "support"))
        let pages = site.pages.compactMap { page in
            configuration.chain(named: page.chain).map { (page.pattern, $0) }
        }
        let desk = SiteDesk(site: site, chain: support, pages: pages)
        #expect(desk.chains.map(\.name) == ["support", "demo"])
        try await RunningServer.run(chain: desk.chain, desk: desk) { server in
            try await TestSocket.open("/ws/chat?session=s&page=/cart", port: server.port) { socket in
                let sent = [("", "Support."), ("/try", "Demo."), ("/try/more", "Demo."), ("/tryout", "Support.")]
                for (index, (page, reply)) in sent.enumerated() {
                    let context = page.isEmpty ? "" : #","context":{"page":"\#(page)?q=1"}"#
                    try await socket.send(#"{"type":"user","message":"hello","id":"m\#(index)"\#(context)}"#)
                    #expect(try await socket.next("claude")["message"]?.text == reply, "\(page)")
                }
            }
        }
    }

    @Test("explain and conversations in files take the chain of the page, too")
    func tools() async throws {
        let files = ["claude-chat.yaml": Self.configuration, "a.chat": "site: shop\npage: /try/it\n> hello\n< Demo.\n"]
        for (page, reply) in [("/cart", "Support."), ("/try/it", "Demo.")] {
            let run = try await CommandRun(["explain", "hello", "--site", "shop", "--page", page], files: files)
            #expect(run.output.hasSuffix("outcome fell-back: \(reply)\n"), "\(run.output)")
        }
        #expect(try await CommandRun(["test", "{folder}/a.chat"], files: files).status == 0)
    }

    @Test("pages that are none, and chains that aren't there, are mistakes")
    func mistakes() async throws {
        let wrong = Self.configuration.replacing(
            "[{path: '/try/**', chain: demo}, {path: '/try/more', chain: support}]",
            with: "[{path: try, chain: demo}, {path: /a, chain: suport}]"
        )
        let run = try await CommandRun(["check"], files: ["claude-chat.yaml": wrong])
        #expect(
            run.output.contains(#"sites.shop.pages[0].path: "try" is no path of pages; write /shop/**,"#),
            "\(run.output)"
        )
        #expect(
            run.output.contains(#"unknown chain "suport"; did you mean "support"? [unknown-chain]"#),
            "\(run.output)"
        )
    }

    @Test("shadows and a chain beside are in the records, and compare counts them")
    func beside() async throws {
        let folder = try ScratchFolder()
        struct Says: ImmediateResponder {
            let text: String
            func respond(to turn: Turn) -> Verdict {
                .reply(Reply(turn.message.text == "same" ? "Hi!" : self.text, format: .plain))
            }
        }
        let chain = Chain(
            name: "support",
            entries: [
                Chain.Entry(Says(text: "Hi!"), name: "live", stage: .answer),
                Chain.Entry(Says(text: "Hello."), name: "next", stage: .answer, mode: .shadow),
            ]
        )
        let beside = Chain(name: "later", entries: [Chain.Entry(Says(text: "Hey."), name: "new", stage: .answer)])
        let desk = SiteDesk(site: Site(name: "default"), chain: chain, shadow: beside)
        let store = "\(folder.path)/chat.db"
        try await RunningServer.run(chain: desk.chain, desk: desk, store: StoreOptions(path: store)) { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                for (index, text) in ["same", "other", "more"].enumerated() {
                    try await socket.send(#"{"type":"user","message":"\#(text)","id":"m\#(index)"}"#)
                    #expect(try await socket.next("claude")["message"]?.text == "Hi!")
                }
            }
        }
        let entry = try await CommandRun(["compare", "--entry", "next", "--store", store])
        #expect(entry.status == 0, "\(entry.complaint)")
        let rows = entry.output.split(separator: "\n").map { $0.split(separator: " ") }
        #expect(rows[1].prefix(6).map(String.init) == ["next", "3", "3", "3", "1", "2"], "\(entry.output)")
        #expect(rows[2].joined(separator: " ") == "other text:" && rows.count == 5, "\(entry.output)")
        let whole = try await CommandRun(["compare", "--chain", "later", "--store", store, "--limit", "0"])
        #expect(whole.output.split(separator: "\n")[1].hasPrefix("later"), "\(whole.output)")
        let live = try await CommandRun(["compare", "--entry", "live", "--store", store])
        #expect(live.output.split(separator: "\n").count == 2, "\(live.output)")
        let none = try await CommandRun(["compare", "--entry", "nobody", "--store", store])
        #expect(none.status == 1 && none.complaint.contains(#"no turn has the entry "nobody" [no-turn]"#))
        for arguments in [
            ["compare"], ["compare", "--entry", "a", "--chain", "b"], ["compare", "--entry", "a", "--limit", "-1"],
        ] {
            #expect(try await CommandRun(arguments).status == 2)
        }
    }

    @Test("a chain beside must be there")
    func unknownShadow() async throws {
        let files = ["claude-chat.yaml": Self.configuration]
        let run = try await CommandRun(
            ["serve", "--insecure-dev", "--ephemeral", "--shadow-chain", "latter"],
            files: files
        )
        #expect(run.status == 78)
        #expect(
            run.complaint.contains(#"there is no chain "latter"; known: demo, support [unknown-chain]"#),
            "\(run.complaint)"
        )
    }
}
