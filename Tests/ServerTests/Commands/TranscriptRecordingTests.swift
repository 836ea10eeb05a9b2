import Foundation
import Plugins
import Responders
import RespondersTesting
import Store
import Testing

@testable import Server

@Suite("claude-chat test --record", .timeLimit(.minutes(2)))
struct TranscriptRecordingTests {
    private static let rules = """
        version: 1
        rules:
          - id: greeting
            match: '\\bhello\\b'
            reply: "~ Hello, my \\"friend\\"."
            tests: [{say: hello}, {not: goodbye}]
          - id: card
            match: '\\bcard\\b'
            reply: Never write that here.
            tests: [{say: my card}, {not: goodbye}]
          - id: which
            match: '\\bwhich\\b'
            when: {lang: de}
            reply: {variants: [{text: Ready}, {text: Steady}, {text: Go}, {text: Away}]}
            tests: [{not: goodbye}]
        """

    @Test("writes what was said without what must not leave the store, and it comes out the same again")
    func record() async throws {
        let folder = try ScratchFolder(["rules/a.yaml": Self.rules])
        let yaml = """
            version: 1
            default_chain: demo
            store: {path: \(folder.path)/chat.db}
            chains:
              demo:
                answer: [rules: {path: '\(folder.path)/rules/'}]
                fallback: [fallback: {text: I do not know.}]

            """
        try folder.write(yaml, to: "claude-chat.yaml")
        let configuration = try Configuration.load(file: "\(folder.path)/claude-chat.yaml", registry: .builtin())
        let chain = try #require(configuration.chain())
        try await RunningServer.run(chain: chain, store: StoreOptions(path: "\(folder.path)/chat.db")) { server in
            try await TestSocket.open("/ws/chat?session=s&page=/cart", port: server.port) { socket in
                let texts = ["hello", "my card is 4111 1111 1111 1111\\nor ada@example.org", "what?"]
                for (index, text) in texts.enumerated() {
                    let context = #"{"locale":"de-AT"}"#
                    try await socket.send(
                        #"{"type":"user","message":"\#(text)","id":"m\#(index)","context":\#(context)}"#
                    )
                    _ = try await socket.next("claude")
                }
            }
        }
        let run = try await CommandRun(["test", "--record", "s"], files: ["claude-chat.yaml": yaml])
        #expect(run.status == 0, "\(run.complaint)")
        let lines = run.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines[1...3] == ["session: s", "lang: de-AT", "page: /cart"] && lines[4].hasPrefix("time: 20"))
        #expect(
            lines.dropFirst(5).joined(separator: "\n") == """

                > hello
                < "~ Hello, my \\"friend\\"."
                = from: rules a/greeting
                = outcome: answered

                > my card is [card number]
                >> or [e-mail address]
                < Never write that here.
                = from: rules a/card
                = outcome: answered

                > what?
                < I do not know.
                = from: fallback
                = outcome: fell-back

                """
        )
        let again = try await CommandRun(
            ["test", "{folder}/s.chat"],
            files: ["claude-chat.yaml": yaml, "s.chat": run.output]
        )
        #expect(again.output == "passed  s.chat  3 messages\n1 conversation, 3 messages: it holds\n")
    }

    @Test("texts that are chosen by the session are the same in its transcript", arguments: 1...6)
    func variants(number: Int) async throws {
        let folder = try ScratchFolder(["rules/a.yaml": Self.rules])
        let yaml = """
            version: 1
            default_chain: demo
            store: {path: \(folder.path)/chat.db}
            chains:
              demo:
                answer: [rules: {path: '\(folder.path)/rules/'}]
                fallback: [fallback: {text: I do not know.}]

            """
        try folder.write(yaml, to: "claude-chat.yaml")
        let configuration = try Configuration.load(file: "\(folder.path)/claude-chat.yaml", registry: .builtin())
        let chain = try #require(configuration.chain())
        try await RunningServer.run(chain: chain, store: StoreOptions(path: "\(folder.path)/chat.db")) { server in
            try await TestSocket.open("/ws/chat?session=s\(number)", port: server.port) { socket in
                try await socket.send(
                    #"{"type":"user","message":"which","id":"m1","context":{"locale":"de"}}"#
                )
                _ = try await socket.next("claude")
            }
        }
        let run = try await CommandRun(["test", "--record", "s\(number)"], files: ["claude-chat.yaml": yaml])
        let again = try await CommandRun(
            ["test", "{folder}/s.chat"],
            files: ["claude-chat.yaml": yaml, "s.chat": run.output]
        )
        #expect(again.status == 0, "\(run.output)\(again.output)")
    }

    @Test("a session that isn't there, and a name that can't be one, are told")
    func unknown() async throws {
        let folder = try ScratchFolder()
        let yaml =
            "version: 1\ndefault_chain: a\nstore: {path: \(folder.path)/chat.db}\nchains: {a: {fallback: [fallback]}}\n"
        let none = try await CommandRun(["test", "--record", "s"], files: ["claude-chat.yaml": yaml])
        #expect(none.status == 1)
        try await RunningServer.run(
            chain: Chain(name: "a", entries: [Chain.Entry(Greeter(), name: "a", stage: .answer)]),
            store: StoreOptions(path: "\(folder.path)/chat.db")
        ) { _ in }
        let run = try await CommandRun(["test", "--record", "s"], files: ["claude-chat.yaml": yaml])
        #expect(run.status == 1 && run.complaint.contains("[no-session]"), "\(run.complaint)")
        let bad = try await CommandRun(["test", "--record", "../s"], files: ["claude-chat.yaml": yaml])
        #expect(bad.status == 2 && bad.complaint.contains("is no session"))
    }
}
