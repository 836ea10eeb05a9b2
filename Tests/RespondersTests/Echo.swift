import Responders
import Synchronization

/// The smallest plugin there can be, for the registry's tests.
struct Echo: ResponderPlugin, ImmediateResponder {
    static let manifest = PluginManifest(
        name: "echo",
        summary: "Repeats",
        stages: [.answer],
        sample: "repeat_count: 2",
        examples: [],
        formerNames: ["parrot"]
    )

    struct Configuration: Decodable, Sendable { var repeatCount: Int }

    let repeatCount: Int

    init(configuration: Configuration, services: PluginServices) { self.repeatCount = configuration.repeatCount }

    func respond(to turn: Turn) -> Verdict {
        .reply(Reply(Array(repeating: turn.message.text, count: self.repeatCount).joined(separator: " ")))
    }
}

/// A plugin with every kind of setting.
struct Wide: ResponderPlugin {
    static let manifest = PluginManifest(
        name: "wide",
        summary: "Has every kind of setting",
        stages: [.guard, .enrich, .answer, .fallback],
        sample: """
            opens_at: '09:00'
            wait: 250ms
            is_loud: false
            tone: calm
            key: {env: KEY}
            nested: {top_count: 3}
            items: [{name: a, size: 1}]
            texts: {de: Hallo}
            """,
        openKeys: ["texts"],
        examples: []
    )

    struct Configuration: Decodable, Sendable {
        var opensAt: TimeOfDay
        var wait: Duration
        var isLoud: Bool
        var tone: Tone
        var key: SecretReference?
        var nested: Nested
        var items: [Item]
        var texts: [String: String]

        enum Tone: String, Decodable, CaseIterable { case calm, cheerful }
        struct Nested: Decodable { var topCount: Int }
        struct Item: Decodable {
            var name: String
            var size: Double
        }
    }

    let configuration: Configuration

    init(configuration: Configuration, services: PluginServices) throws(ConfigurationProblem) {
        guard configuration.nested.topCount < 10 else {
            throw ConfigurationProblem(
                "too-many",
                key: "nested.top_count",
                "\(configuration.nested.topCount) is too many"
            )
        }
        self.configuration = configuration
    }

    func respond(to turn: Turn) async -> Verdict { .pass() }
}

/// An immediate responder of one line.
struct Immediate: ImmediateResponder {
    let decide: @Sendable (Turn) throws -> Verdict

    init(_ decide: @escaping @Sendable (Turn) throws -> Verdict) { self.decide = decide }
    init(_ verdict: Verdict) { self.decide = { _ in verdict } }

    func respond(to turn: Turn) throws -> Verdict { try self.decide(turn) }
}

/// A responder that waits, of one line.
struct Waiting: Responder {
    let decide: @Sendable (Turn) async throws -> Verdict

    init(_ decide: @escaping @Sendable (Turn) async throws -> Verdict) { self.decide = decide }

    func respond(to turn: Turn) async throws -> Verdict { try await self.decide(turn) }
}

/// What a test's responder throws.
///
/// A visitor must never read it.
struct Broken: Error, CustomStringConvertible {
    let description = "secret inner workings"
}

/// Keeps what it is told beside its own turns.
final class Listener: ImmediateResponder {
    private let told = Mutex<[[Cooldown]]>([])

    var heard: [[Cooldown]] { self.told.withLock { $0 } }

    func respond(to turn: Turn) -> Verdict { .pass() }
    func remember(_ cooldowns: [Cooldown], of turn: Turn) { self.told.withLock { $0.append(cooldowns) } }
}
