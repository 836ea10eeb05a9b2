import Diagnostics
import Responders
import RespondersTesting
import Synchronization
import Testing

@testable import Plugins

/// A plugin `process` with a Python program, as an operator would configure it.
struct ProcessDesk: Sendable {
    let process: Plugins.Process
    let incidents: IncidentLog
    private let folder: ScratchFolder

    /// What most programs of these tests begin with.
    static let prelude = """
        import json, os, signal, subprocess, sys, time
        def send(**frame):
            print(json.dumps(frame), flush=True)
        def reply(frame, text, **more):
            send(type="verdict", id=frame["id"], verdict="reply", text=text, **more)
        def run(answer, **more):
            for line in sys.stdin:
                frame = json.loads(line)
                if frame["type"] == "hello":
                    send(**{"type": "ready", "protocol": 1, "name": "test", "stages": ["answer"], **more})
                elif frame["type"] == "ping":
                    send(type="pong", n=frame["n"])
                elif frame["type"] == "turn":
                    answer(frame, frame["turn"]["message"]["text"])

        """

    /// - Parameters:
    ///   - program: What follows the prelude.
    ///   - settings: Further lines of the configuration.
    ///   - clock: The plugin's clock; one that stands still, so that a slow machine is no program that doesn't start.
    ///   - environment: The server's variables, besides those that find Python.
    /// - Throws: A `Rejection` with all mistakes.
    init(
        _ program: String,
        _ settings: String = "",
        clock: TurnClock = TurnClock(ManualClock()),
        environment: [String: String] = [:]
    ) throws {
        self.folder = try ScratchFolder(["program.py": Self.prelude + program])
        let incidents = IncidentLog()
        self.incidents = incidents
        var registry = PluginRegistry()
        try registry.register(Plugins.Process.self)
        var services = PluginServices(baseFolder: self.folder.path, clock: clock) { incidents.record($0) }
        services.environment.merge(environment) { $1 }
        let responder = try registry.makeResponder(
            named: "process",
            at: Place(file: "test.yaml"),
            settings: Settings(
                yaml: "command: [python3, program.py]\n" + settings,
                file: "test.yaml",
                keyPath: "process"
            ),
            services: services
        )
        self.process = try #require(responder as? Plugins.Process)
    }

    /// Starts the program, and ends it when `body` is done.
    func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await running([self.process]) { try await body() }
    }

    /// Asks the plugin; what doesn't come at all is given up after half a minute, so that the test says where.
    func ask(_ text: String, visitor: Visitor = Visitor()) async -> Verdict {
        await withTaskGroup(of: Verdict?.self) { group in
            group.addTask { await self.process.respond(to: Self.turn(text, visitor: visitor)) }
            group.addTask {
                try? await ContinuousClock().sleep(for: .seconds(100))
                return nil
            }
            defer { group.cancelAll() }
            return await group.next().flatMap { $0 } ?? .fail(Failure("no-answer"))
        }
    }

    static func turn(_ text: String, visitor: Visitor = Visitor()) -> Turn {
        Turn(
            id: TurnID("t_test"),
            message: Incoming(id: "m1", text: text),
            conversation: Conversation(sessionID: "s1"),
            visitor: visitor,
            localTime: TimeOfDay(minutes: 720)
        )
    }
}

/// Keeps incidents, for those who wait for one.
final class IncidentLog: Sendable {
    private struct State {
        var incidents: [Incident] = []
        var waiters: [(isWanted: @Sendable (Incident) -> Bool, waiter: CheckedContinuation<Incident, Never>)] = []
    }

    private let state = Mutex(State())

    var all: [Incident] { self.state.withLock { $0.incidents } }

    func record(_ incident: Incident) {
        let woken = self.state.withLock { state in
            state.incidents.append(incident)
            let woken = state.waiters.filter { $0.isWanted(incident) }.map(\.waiter)
            state.waiters.removeAll { $0.isWanted(incident) }
            return woken
        }
        for waiter in woken { waiter.resume(returning: incident) }
    }

    /// The first incident whose message or details have `text`, as soon as there is one.
    func first(with text: String) async -> Incident {
        let isWanted: @Sendable (Incident) -> Bool = { incident in
            incident.message.contains(text) || incident.details.values.contains { $0.contains(text) }
        }
        return await withCheckedContinuation { waiter in
            let found = self.state.withLock { state in
                let found = state.incidents.first(where: isWanted)
                if found == nil { state.waiters.append((isWanted, waiter)) }
                return found
            }
            if let found { waiter.resume(returning: found) }
        }
    }
}
