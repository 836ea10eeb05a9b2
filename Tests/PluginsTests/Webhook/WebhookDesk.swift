import Diagnostics
import NIOCore
import Responders
import RespondersTesting
import Synchronization
import Testing

@testable import Plugins

/// A plugin `webhook`, and a service on loopback that is a Python program.
struct WebhookDesk: Sendable {
    let webhook: Webhook
    let incidents: IncidentLog
    private let folder: ScratchFolder

    static let secret = "the-secret-of-these-tests-has-32-bytes"

    /// What the services of these tests begin with; `turn(request, frame)` is theirs to define.
    private static let prelude = """
        SECRET = b"the-secret-of-these-tests-has-32-bytes"
        READY = {"type": "ready", "protocol": 1, "name": "test", "stages": ["answer"]}
        turns = 0
        def reply(request, frame, text, **more):
            request.answer(200, {"type": "verdict", "id": frame["id"], "verdict": "reply", "text": text, **more})
        Request.reply = reply
        def handle(request):
            global turns
            if request.command == "GET":
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(request.path).query)
                request.answer(200, {**READY, "challenge": query["challenge"][0]})
            else:
                turns += 1
                turn(request, request.json)

        """

    /// Runs a service and the plugin that asks it, while `body` does.
    ///
    /// - Parameters:
    ///   - service: The program, between prelude and epilogue.
    ///   - settings: Further lines of the configuration.
    ///   - host: The host in the URL.
    ///   - addresses: What the host's addresses are; by default that of the service. Asked for each resolution.
    ///   - clock: The plugin's clock.
    ///   - body: The test.
    /// - Throws: What the test throws, or a `Rejection`.
    static func run(
        _ service: String,
        _ settings: String = "allow: [127.0.0.1]",
        host: String = "service.test",
        addresses: @escaping @Sendable () -> [String] = { ["127.0.0.1"] },
        clock: TurnClock = .continuous,
        _ body: @escaping @Sendable (WebhookDesk) async throws -> Void
    ) async throws {
        let files = ["secret": Self.secret, "old": "the-secret-before-it-has-32-bytes-too"]
        try await PythonService.run(Self.prelude + service, files: files) { port, folder in
            let desk = try Self(port, settings, host, addresses, clock, folder)
            try await running([desk.webhook]) { try await body(desk) }
        }
    }

    private init(
        _ port: Int,
        _ settings: String,
        _ host: String,
        _ addresses: @escaping @Sendable () -> [String],
        _ clock: TurnClock,
        _ folder: ScratchFolder
    ) throws {
        let incidents = IncidentLog()
        self.incidents = incidents
        self.folder = folder
        let yaml = "url: http://\(host):\(port)/chat?team=a\nsecret: {file: secret}\n\(settings)"
        let schema = try SettingsSchema(sample: Webhook.manifest.sample, name: "webhook", openKeys: ["headers"])
        let configuration = try Settings(yaml: yaml, file: "test.yaml", keyPath: "webhook")
            .decode(Webhook.Configuration.self, like: schema)
        self.webhook = try Webhook(
            configuration: configuration,
            services: PluginServices(baseFolder: folder.path, clock: clock) { incidents.record($0) },
            resolver: Resolver { _, port in try addresses().map { try SocketAddress(ipAddress: $0, port: port) } }
        )
    }

    func ask(_ text: String, id: String = "t_test") async -> Verdict {
        await withTaskGroup(of: Verdict?.self) { group in
            group.addTask {
                // A slow machine is no service that doesn't answer.
                await CallLimit.$current.withValue(.seconds(100)) {
                    // As a chain takes what is thrown.
                    (try? await self.webhook.respond(to: Self.turn(text, id: id))) ?? .pass(reason: .busy)
                }
            }
            group.addTask {
                try? await ContinuousClock().sleep(for: .seconds(100))
                return nil
            }
            defer { group.cancelAll() }
            return await group.next().flatMap { $0 } ?? .fail(Failure("no-answer"))
        }
    }

    static func turn(_ text: String, id: String = "t_test") -> Turn {
        Turn(
            id: TurnID(id),
            message: Incoming(id: "m1", text: text),
            conversation: Conversation(sessionID: "s1"),
            localTime: TimeOfDay(minutes: 720)
        )
    }
}
