import Responders
import RespondersTesting
import Testing

@testable import Plugins

/// A plugin that says what it is told to.
private struct Wrong: ResponderPlugin {
    static let manifest = PluginManifest(
        name: "wrong",
        summary: "Says hello",
        stages: [.answer],
        sample: "text: Hi!",
        examples: [
            .init("hello", gives: .reply("Hi!")), .init("goodbye", at: "09:00", gives: .pass(reason: "not-mine")),
        ]
    )

    struct Configuration: Decodable, Sendable { var text: String }
    private let text: String

    init(configuration: Configuration, services: PluginServices) { self.text = configuration.text }

    func respond(to turn: Turn) -> Verdict { .reply(Reply(self.text)) }
}

@Suite("plugins check: plugins in Swift", .timeLimit(.minutes(2)))
struct SampleCheckTests {
    private func outcomes(_ change: (inout PluginManifest) -> Void) async throws -> [PluginCheck.Outcome] {
        var registry = PluginRegistry()
        try registry.register(Wrong.self)
        var manifest = Wrong.manifest
        change(&manifest)
        var outcomes: [PluginCheck.Outcome] = []
        _ = try await SampleCheck(manifest, of: registry).run { outcomes.append($0) }
        return outcomes
    }

    @Test("find an example that doesn't hold, and say what came")
    func example() async throws {
        let outcomes = try await self.outcomes { _ in }
        #expect(outcomes.map(\.name) == ["sample", "unknown key", "examples"])
        #expect(outcomes.map { $0.fault == nil } == [true, true, false])
        #expect(
            outcomes.last?.fault?.problem.description == """
                "goodbye" at 09:00: expected pass with not-mine, got reply "Hi!"; mend the plugin, or the example \
                [example-failed]
                """
        )
    }

    @Test("find a sample that is no configuration, and look no further")
    func sample() async throws {
        let outcomes = try await self.outcomes { $0.sample = "text: [Hi!]\nmore: 1" }
        #expect(outcomes.map(\.name) == ["sample"])
        let problem = outcomes.last?.fault?.problem
        #expect(problem?.code == "bad-sample" && problem?.problem.contains("[wrong-type]") == true, "\(outcomes)")
    }

    @Test("find nothing wrong with the plugins of the server", arguments: try PluginRegistry.builtin().manifests)
    func builtin(manifest: PluginManifest) async throws {
        var outcomes: [PluginCheck.Outcome] = []
        // No machine is too slow for it.
        let check = SampleCheck(manifest, of: try .builtin(), clock: TurnClock(ManualClock()))
        let isFine = try await check.run { outcomes.append($0) }
        #expect(isFine, "\(outcomes.compactMap(\.fault?.problem.description))")
    }
}
