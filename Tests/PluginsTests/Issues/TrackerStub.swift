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

    typealias Request = PythonService.Request

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
        try await PythonService.run(service) { port, folder in
            let stub = try Self(port, settings, environment, folder)
            if isRun {
                try await running([stub.issues]) { try await body(stub) }
            } else {
                stub.issues.prepareToRun()
                try await body(stub)
                await stub.issues.remote?.close()
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

    func requests() throws -> [Request] { try PythonService.requests(in: self.folder) }

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
