import ClaudeStub
import Diagnostics
import Plugins
import Responders
import RespondersTesting
import Testing

@testable import Server

@Suite("Claude answers visitors", .timeLimit(.minutes(2)))
struct ClaudeTests {
    private static let key = "the-key-of-the-end-to-end-tests"
    private static let text = "I am Erika Mustermann"

    /// A chain with Claude in front of a stub.
    private func chain(_ port: Int, _ settings: String, _ folder: ScratchFolder) throws -> Chain {
        let yaml = """
            deadline: 100s
            stream_deadline: 100s
            answer:
              - claude: {endpoint: 'http://127.0.0.1:\(port)', key: {file: key}, model: m, system: prompt.md, retries: 0, first_chunk: 50s\(settings)}
                timeout: 100s
                first_chunk: 100s
                breaker: {enabled: false}
            fallback: [fallback: {text: Nobody knows.}]
            """
        let node = try YAMLNode(yaml: yaml, file: "test.yaml", keyPath: "chains.test")
        var loader = ChainLoader(registry: try .builtin(), services: PluginServices(baseFolder: folder.path))
        let chain = loader.chain(named: "test", node, at: node.place)
        #expect(loader.diagnostics.isEmpty)
        return chain
    }

    private func asking(
        _ settings: String = "",
        log: LogRecord? = nil,
        _ body: @escaping @Sendable (RunningServer, StubServer) async throws -> Void
    ) async throws {
        let folder = try ScratchFolder(["key": Self.key, "prompt.md": "Be kind."])
        let stub = try await StubServer.listening(.init(key: Self.key))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await stub.run() }
            defer { group.cancelAll() }
            let chain = try self.chain(stub.port, settings, folder)
            try await RunningServer.run(chain: chain, with: [PartService(chain.runningParts)], log: log) { server in
                try await body(server, stub)
            }
        }
    }

    @Test("word by word over the wire, and the history of the room goes along")
    func streamed() async throws {
        try await self.asking { server, stub in
            try await TestSocket.open("/ws/chat?session=s1&page=/shop", port: server.port) { socket in
                _ = try await socket.next()
                try await socket.send(#"{"type":"user","message":"Grüße 👩‍🔧","id":"m1"}"#)
                var text = ""
                var frame = try await socket.next()
                while frame["type"]?.text != "reply.end" {
                    if frame["type"]?.text == "reply.delta" { text += frame["text"]?.text ?? "" }
                    if frame["type"]?.text == "claude" { #expect(frame["message"]?.text == "You said: Grüße 👩‍🔧") }
                    frame = try await socket.next()
                }
                // What comes faster than it is shown comes with the whole.
                #expect("You said: Grüße 👩‍🔧".hasPrefix(text) && !text.isEmpty)
                #expect(frame["finish"]?.text == "complete")
                try await socket.send(#"{"type":"user","message":"more","id":"m2"}"#)
                while frame["message"]?.text != "You said: more" { frame = try await socket.next() }
            }
            let body = stub.received.last.map { String(decoding: $0.bytes, as: UTF8.self) } ?? ""
            #expect(body.contains("You said: Grüße"))
            #expect(body.contains("path: /shop"))
        }
    }

    @Test("neither key nor text of a visitor is in the log of any failure, at any level")
    func log() async throws {
        for scenario in StubServer.scenarioNames
        where !["endless", "hang", "huge", "slow-first", "slow-between"].contains(scenario) {
            let log = LogRecord()
            let name =
                scenario == "err"
                ? "err:500" : scenario == "chunks" ? "chunks:3" : scenario == "tool" ? "tool x {}" : scenario
            try await self.asking(", headers: {x-stub-scenario: '\(name)'}", log: log) { server, _ in
                try await TestSocket.open("/ws/chat?session=s1", port: server.port) { socket in
                    _ = try await socket.next()
                    try await socket.send(#"{"type":"user","message":"\#(Self.text)","id":"m1"}"#)
                    var frame = try await socket.next()
                    while frame["type"]?.text != "claude" { frame = try await socket.next() }
                }
            }
            #expect(!log.text.contains(Self.key), "\(scenario)")
            #expect(!log.text.contains("Erika"), "\(scenario)")
        }
    }
}
