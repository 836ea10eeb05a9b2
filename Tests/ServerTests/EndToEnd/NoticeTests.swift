import Hub
import Logging
import Messages
import Responders
import RespondersTesting
import Store
import Synchronization
import Testing

@testable import Server

@Suite("notices: what conversations are told when nobody asked", .timeLimit(.minutes(2)))
struct NoticeTests {
    /// Has notices until somebody strikes them off, as a plugin does.
    private final class News: NoticeSource {
        struct Broken: Error {}

        let waiting: Mutex<[Notice]>
        let forgets: Bool

        init(_ notices: [Notice], forgets: Bool = true) {
            self.waiting = Mutex(notices)
            self.forgets = forgets
        }

        func prepareToRun() {}
        func run() async {}
        func respond(to turn: Turn) -> Verdict { .pass() }
        func notices() -> [Notice] { self.waiting.withLock { $0 } }

        func delivered(_ notice: Notice) throws {
            guard self.forgets else { throw Broken() }
            self.waiting.withLock { $0.removeAll { $0 == notice } }
        }
    }

    private static func notice(_ id: String, _ text: String, session: String = "s") -> Notice {
        Notice(id: id, site: "default", sessionID: session, text: text)
    }

    /// The frame of the server's own that says so; the server greets by one, too.
    private static func frame(_ text: String, from socket: TestSocket) async throws -> [String: TestSocket.Value] {
        while true {
            let frame = try await socket.next("system")
            if frame["message"] == .text(text) { return frame }
        }
    }

    private static func service(_ server: RunningServer) -> NoticeService {
        NoticeService({ [] }, hub: server.hub, clock: .continuous, logger: Logger(label: "test"))
    }

    @Test("who is there sees it live, who comes back sees it then, and nobody else ever")
    func liveAndLater() async throws {
        try await RunningServer.run { server in
            let news = News([Self.notice("n1", "one"), Self.notice("n2", "later", session: "away")])
            try await TestSocket.open("/ws/chat?session=s", port: server.port) { socket in
                try await Self.service(server).deliver(news)
                #expect(try await Self.frame("one", from: socket)["id"] == .text("n1"))
            }
            #expect(news.notices().isEmpty)
            try await TestSocket.open("/ws/chat?session=away", port: server.port) { socket in
                let frame = try await Self.frame("later", from: socket)
                #expect(frame["id"] == .text("n2"))
            }
            let history = try await TestRequest.get("/api/chat/history?session=s").send(port: server.port)
            #expect(history.text.contains("\"one\"") && !history.text.contains("later"))
        }
    }

    @Test("a notice that couldn't be struck off is shown once all the same, also over a restart")
    func once() async throws {
        let folder = try ScratchFolder()
        let store = StoreOptions(path: "\(folder.path)/chat.db")
        for _ in 0..<2 {
            try await RunningServer.run(
                chain: Chain(name: "test", entries: [Chain.Entry(Greeter(), name: "greeter", stage: .answer)]),
                store: store
            ) { server in
                let news = News([Self.notice("n1", "one")], forgets: false)
                for _ in 0..<3 {
                    await #expect(throws: News.Broken.self) { try await Self.service(server).deliver(news) }
                }
                let history = try await TestRequest.get("/api/chat/history?session=s").send(port: server.port)
                let parts = history.text.split(separator: "\"message\":\"one\"", omittingEmptySubsequences: false)
                #expect(parts.count == 2)
            }
        }
    }
}
