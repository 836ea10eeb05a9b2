import Diagnostics
import Foundation
import Hub
import Plugins
import Responders
import RespondersTesting
import Store
import Testing

@testable import Server

@Suite("what a chain redacts", .timeLimit(.minutes(3)))
struct StoredRedactionTests {
    private static let card = "4111 1111 1111 1111"

    /// Repeats the message, the title of its page, and what was said before.
    private struct Parrot: ImmediateResponder {
        func respond(to turn: Turn) -> Verdict {
            let history = turn.history.items.filter { $0.author == .visitor }.map(\.text).joined(separator: ",")
            return .reply(Reply("\(turn.message.text)|\(turn.page.title ?? "")|\(history)", format: .plain))
        }
    }

    private static func chain() throws -> Chain {
        let redact = try Settings(yaml: "{}", file: "test.yaml", keyPath: "redact")
        let responder = try PluginRegistry.builtin().makeResponder(
            named: "redact",
            at: Place(file: "test.yaml"),
            settings: redact
        )
        return Chain(
            name: "test",
            entries: [
                Chain.Entry(responder, name: "redact", stage: .guard),
                Chain.Entry(Parrot(), name: "parrot", stage: .answer),
            ]
        )
    }

    private static func user(_ text: String, _ id: String) -> String {
        #"{"type":"user","message":"\#(text)","id":"\#(id)","context":{"title":"Order of jane@mail.example.com"}}"#
    }

    @Test("is hidden from responders, and the people in the room see what was written")
    func guardOnly() async throws {
        try await RunningServer.run(chain: Self.chain(), options: .unlimited) { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                try await socket.send(Self.user("my card is \(Self.card)", "m1"))
                #expect(try await socket.next("user")["message"]?.text == "my card is \(Self.card)")
                let reply = try await socket.next("claude")["message"]?.text
                #expect(reply == "my card is [card number]|Order of [e-mail address]|")
                // Nor does it come back with what was said before.
                try await socket.send(Self.user("and now", "m2"))
                let next = try await socket.next("claude")["message"]?.text
                #expect(next == "and now|Order of [e-mail address]|my card is [card number]")
            }
        }
    }

    @Test(
        "is nowhere in the store's files nor in any frame with store: redact, and a repeated message is known all the same"
    )
    func stored() async throws {
        let folder = try ScratchFolder([:])
        let path = "\(folder.path)/chat.db"
        try await RunningServer.run(
            chain: Self.chain(),
            options: .unlimited,
            store: StoreOptions(path: path),
            redacts: true
        ) { server in
            try await TestSocket.open("/ws/chat?session=s&page=/of/jane@mail.example.com", port: server.port) {
                socket in
                for isDuplicate in [false, true] {
                    try await socket.send(Self.user("my card is \(Self.card)", "m1"))
                    if !isDuplicate {
                        let shown = try await socket.next("user")
                        #expect(shown["message"]?.text == "my card is [card number]")
                        #expect(shown["context"]?.object?["title"]?.text == "Order of [e-mail address]")
                    }
                    #expect(try await socket.next("ack")["duplicate"]?.flag == isDuplicate)
                }
            }
            let posted = try await TestRequest.post(
                "/api/chat/messages?session=s",
                Self.user("password: hunter2", "m2")
            ).send(port: server.port)
            #expect(posted.status == 200)
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/\(name)"))
            for secret in [Self.card, "jane@mail", "hunter2"] {
                #expect(bytes.firstRange(of: Data(secret.utf8)) == nil, "\(secret) in \(name)")
            }
        }
    }

    @Test("a text that can't be checked in time is refused with its id, and nobody sees it")
    func unchecked() async throws {
        struct Undecided: ImmediateResponder, TextRedactor {
            func respond(to turn: Turn) -> Verdict { .pass() }
            func replacements(in text: String) throws(Failure) -> [Replacement] {
                if text.contains("busy") { throw Failure(.limit) }
                return []
            }
        }
        let entries = [
            Chain.Entry(Undecided(), name: "undecided", stage: .guard),
            Chain.Entry(Greeter(), name: "greeter", stage: .answer),
        ]
        try await RunningServer.run(
            chain: Chain(name: "test", entries: entries),
            options: .unlimited,
            redacts: true
        ) { server in
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                try await socket.send(Self.user("keep it busy", "m1"))
                let error = try await socket.next("error")
                #expect(error["code"]?.text == "bad_request" && error["detail"]?.text == "message")
                #expect(error["id"]?.text == "m1" && error["temporary"]?.flag == false)
                try await socket.send(Self.user("hello", "m2"))
                #expect(try await socket.next("user")["seq"]?.number == 1)
            }
        }
    }
}
