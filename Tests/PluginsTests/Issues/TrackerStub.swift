import Diagnostics
import Foundation
import Messages
import Responders
import RespondersTesting
import Synchronization
import Testing
import Tracker

@testable import Plugins

/// The plugin `issues` with a tracker on loopback that is a Python program.
struct TrackerStub: Sendable {
    let issues: Issues
    let port: Int
    let folder: ScratchFolder
    let incidents: IncidentLog
    let time: Time

    /// The time of day, which a test moves.
    final class Time: Sendable {
        private let milliseconds = Mutex<Int64>(1_800_000_000_000)
        var now: Int64 { self.milliseconds.withLock { $0 } }
        func advance(by duration: Duration) { self.milliseconds.withLock { $0 += Int64(duration / .milliseconds(1)) } }
    }

    /// `handle(request)` is the tests' to define; each request is noted in the file `requests`, one JSON object a line.
    private static let prelude = """
        import http.server, json, os, sys, threading, time, urllib.parse
        count = 0
        log = open("requests", "a")
        class Request(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def log_message(self, *arguments): pass
            def answer(self, status, body=b"", kind="application/json", **headers):
                body = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items(): self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)
            def take(self):
                global count
                count += 1
                self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                try: self.json = json.loads(self.body)
                except ValueError: self.json = None
                entry = {"method": self.command, "path": self.path, "headers": self.headers.items(),
                         "body": self.body.decode("utf-8", "replace")}
                log.write(json.dumps(entry) + "\\n")
                log.flush()
                handle(self)
            do_GET = do_POST = do_PUT = do_PATCH = take

        """

    private static let epilogue = """

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            def handle_error(self, *arguments): pass
        server = Server(("127.0.0.1", 0), Request)
        print(server.server_address[1], flush=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()
        """

    struct Request: Decodable {
        var method: String
        var path: String
        var headers: [[String]]
        var body: String

        func header(_ name: String) -> String? { self.headers.first { $0[0].lowercased() == name.lowercased() }?[1] }
        func headers(_ name: String) -> [String] {
            self.headers.filter { $0[0].lowercased() == name.lowercased() }.map { $0[1] }
        }
        var json: JSONValue? {
            let bytes = Array(self.body.utf8)
            return bytes.withUnsafeBufferPointer { try? JSONValue(object: $0) }
        }
    }

    /// Runs a tracker and the plugin that reports to it, while `body` does.
    ///
    /// - Parameters:
    ///   - service: The program, between prelude and epilogue.
    ///   - settings: The plugin's, where `PORT` is the tracker's port.
    ///   - environment: The plugin's.
    ///   - isRun: Whether the plugin runs: without it a test makes each step of the worker itself.
    ///   - body: The test.
    /// - Throws: What the test throws, or a `Rejection`.
    static func run(
        _ service: String,
        _ settings: String,
        environment: [String: String] = ["TRACKER_AUTH": "s3cret-token"],
        isRun: Bool = false,
        _ body: @escaping @Sendable (TrackerStub) async throws -> Void
    ) async throws {
        let folder = try ScratchFolder(["service.py": Self.prelude + service + Self.epilogue, "requests": ""])
        let (lines, source) = AsyncStream<String>.makeStream()
        let services = PluginServices(baseFolder: folder.path)
        let child = ChildProcess(
            .init(
                executable: try ChildProcess.Command.executable("python3", services),
                arguments: ["service.py"],
                environment: services.environment.filter { $0.key == "PATH" },
                folder: folder.path
            )
        ) { event in
            switch event {
            case .line(let bytes): source.yield(String(decoding: bytes, as: UTF8.self))
            case .complaint(let bytes): print("tracker:", String(decoding: bytes, as: UTF8.self))
            case .lineTooLong: break
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = await child.run()
                source.finish()
            }
            defer { child.stop() }
            for await line in lines {
                let stub = try Self(try #require(Int(line)), settings, environment, folder)
                if isRun {
                    try await running([stub.issues]) { try await body(stub) }
                } else {
                    stub.issues.prepareToRun()
                    try await body(stub)
                    await stub.issues.remote?.close()
                }
                break
            }
        }
    }

    private init(_ port: Int, _ settings: String, _ environment: [String: String], _ folder: ScratchFolder) throws {
        let (incidents, time) = (IncidentLog(), Time())
        self.incidents = incidents
        self.time = time
        self.port = port
        self.folder = folder
        var services = PluginServices(baseFolder: folder.path, clock: .continuous, environment: environment) {
            incidents.record($0)
        }
        services.wallClock = { time.now }
        self.issues = try Self.issues(settings.replacing("PORT", with: "\(port)"), services)
    }

    static func issues(_ yaml: String, _ services: PluginServices) throws -> Issues {
        var registry = PluginRegistry()
        try registry.register(Issues.self)
        let responder = try registry.makeResponder(
            named: "issues",
            at: Place(file: "test.yaml"),
            settings: Settings(yaml: yaml, file: "test.yaml", keyPath: "issues"),
            services: services
        )
        return try #require(responder as? Issues)
    }

    var tracker: any IssueTracker {
        get throws { try #require(self.issues.remote?.tracker) }
    }

    func requests() throws -> [Request] {
        let text = try String(contentsOf: URL(fileURLWithPath: "\(self.folder.path)/requests"), encoding: .utf8)
        return try text.split(separator: "\n").map { try JSONDecoder().decode(Request.self, from: Data($0.utf8)) }
    }

    /// Creates an issue, and gives what goes wrong.
    func create(_ title: String, body: String = "", key: String = "t1/0") async -> Result<IssueRef, TrackerError> {
        do {
            let draft = try IssueDraft(title: title, body: body, kind: "bug", labels: ["chat"], page: "/shop")
            return .success(try await self.tracker.create(draft, key: DedupeKey(key)))
        } catch {
            return .failure(error as? TrackerError ?? TrackerError(.invalidIssue, "test", "\(error)"))
        }
    }

    func kind(_ title: String) async -> String {
        switch await self.create(title) {
        case .success(let ref): "done \(ref.number)"
        case .failure(let error): "\(error.kind) \(error.code)"
        }
    }
}
