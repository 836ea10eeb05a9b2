import Diagnostics
import Responders
import RespondersTesting
import Testing

@Suite("chain from a file")
struct ChainLoaderTests {
    private func registry() throws -> PluginRegistry {
        var registry = PluginRegistry()
        try registry.register(Echo.self)
        try registry.register(Wide.self)
        return registry
    }

    private func mistakes(in chain: String) throws -> String? {
        #expect(throws: Rejection.self) { try ChainDesk(chain, plugins: try self.registry()) }?.description
    }

    @Test("asks what the file lists, under the names that it gives")
    func reads() async throws {
        var desk = try ChainDesk(
            """
            select: first
            deadline: 5s
            answer:
              - echo: {repeat_count: 1}
                as: first
                enabled: false
              - echo: {repeat_count: 2}
                on_error: abort
            """,
            plugins: try self.registry()
        )
        try await desk.say("hi").expectReply("hi hi", from: "echo")
        #expect(desk.chain.deadline == .seconds(5))
        #expect(desk.chain.entries.map(\.name) == ["first", "echo"])
        #expect(desk.chain.entries.map(\.onFailure) == [.skip, .abort])
        #expect(
            desk.warnings.map(\.description) == [
                """
                test.yaml:1:1: chains.test.fallback: empty; the built-in sentence will answer; add "- fallback" [no-fallback]
                """
            ]
        )
    }

    @Test(
        "says what is wrong with an entry",
        arguments: [
            (
                "- ecko: {repeat_count: 1}",
                #"test.yaml:2:3: chains.test.answer[0]: unknown plugin "ecko"; did you mean "echo"? [unknown-plugin]"#
            ),
            (
                "- {echo: {repeat_count: 1}, timout: 2s}",
                #"test.yaml:2:29: chains.test.answer[0].timout: unknown key "timout"; did you mean "timeout"? [unknown-key]"#
            ),
            (
                "- {echo: {repeat_count: 1}, wide: {}}",
                """
                test.yaml:2:29: chains.test.answer[0].wide: a second plugin "wide" stands in the entry; start each plugin \
                with "- " [two-plugins]
                """
            ),
            (
                "- {timeout: 2s}",
                "test.yaml:2:3: chains.test.answer[0]: the entry names no plugin; known: echo, wide [no-plugin]"
            ),
            (
                "- [echo]",
                "test.yaml:2:3: chains.test.answer[0]: expected a plugin and its settings, found a list [wrong-type]"
            ),
            (
                "- echo",
                #"test.yaml:2:3: chains.test.answer[0]: "repeat_count" is missing [missing-key]"#
            ),
            (
                "- {echo: {repeat_count: 1}, enabled: off}",
                #"test.yaml:2:29: chains.test.answer[0].enabled: expected true or false, found "off" [wrong-type]"#
            ),
            (
                "- {echo: {repeat_count: 1}, timeout: 2}",
                """
                test.yaml:2:29: chains.test.answer[0].timeout: "2" is not a duration; write a number and a unit: 250ms, 2s, \
                10m, 2h [bad-duration]
                """
            ),
            (
                "- {echo: {repeat_count: 1}, mode: shade}",
                """
                test.yaml:2:29: chains.test.answer[0].mode: "shade" is not a known word; did you mean "shadow"? \
                [wrong-value]
                """
            ),
            (
                "- {echo: {repeat_count: 1}, on_error: ignore}",
                """
                test.yaml:2:29: chains.test.answer[0].on_error: "ignore" is not a known word; known: abort, fallback, handoff, skip \
                [wrong-value]
                """
            ),
        ]
    )
    func entries(entry: String, message: String) throws {
        #expect(try self.mistakes(in: "answer:\n\(entry)\nfallback: [wide: {\(Self.wide)}]") == message)
    }

    private static let wide =
        "opens_at: '09:00', wait: 1s, is_loud: true, tone: calm, nested: {top_count: 1}, items: [], texts: {}"

    @Test("says what is wrong with a chain, all at once")
    func chainKeys() throws {
        let found = try self.mistakes(
            in: """
                select: last
                stream_deadline: never
                deadline: soon
                anwser: []
                guard:
                  - echo: {repeat_count: 1}
                answer:
                  - echo: {repeat_count: 1}
                  - echo: {repeat_count: 2}
                after: []
                tests: a.chat
                fallback: none
                """
        )
        #expect(
            found == """
                test.yaml:1:1: chains.test.select: expected first or best, found "last" [wrong-value]
                test.yaml:2:1: chains.test.stream_deadline: expected a duration, found "never"; write a number and a unit, \
                longer than 250ms and at most 1h: 8s [bad-duration]
                test.yaml:3:1: chains.test.deadline: expected a duration, found "soon"; write a number and a unit, longer \
                than 250ms and at most 1h: 8s [bad-duration]
                test.yaml:4:1: chains.test.anwser: unknown key "anwser"; did you mean "answer"? [unknown-key]
                test.yaml:6:5: chains.test.guard[0]: "echo" can't run in guard; it allows answer [stage-not-allowed]
                test.yaml:8:5: chains.test.answer[0]: a second entry is called "echo"; give one of them another name: as: \
                echo-2 [duplicate-instance]
                test.yaml:9:5: chains.test.answer[1]: a second entry is called "echo"; give one of them another name: as: \
                echo-2 [duplicate-instance]
                test.yaml:11:1: chains.test.tests: expected a list of files, found "a.chat" [wrong-type]
                test.yaml:12:1: chains.test.fallback: expected a list, found "none" [wrong-type]
                test.yaml:12:1: chains.test.fallback: empty; the built-in sentence will answer; add "- fallback" [no-fallback]
                """
        )
    }

    @Test("durations that can't be meant are told, and what a stream may take is no less than what others may")
    func durations() throws {
        #expect(
            try self.mistakes(
                in: """
                    deadline: 20s
                    stream_deadline: 5s
                    answer:
                      - {echo: {repeat_count: 1}, timeout: 0s, first_chunk: 2h, next_chunk: 1s}
                    fallback: [wide: {\(Self.wide)}]
                    """
            ) == """
                test.yaml:2:1: chains.test.stream_deadline: shorter than the deadline; a reply that comes in pieces may take \
                longer than others: write 20s or more [out-of-range]
                test.yaml:4:31: chains.test.answer[0].timeout: 0ms is out of range; write 1ms to 1h [out-of-range]
                test.yaml:4:44: chains.test.answer[0].first_chunk: 2h is out of range; write 1ms to 1h [out-of-range]
                """
        )
        let desk = try ChainDesk("deadline: 2m\nanswer: [echo: {repeat_count: 1}]", plugins: self.registry())
        #expect(desk.chain.streamDeadline == .seconds(120))
    }

    @Test("what can't be read is told once, and nothing is made of it")
    func unread() throws {
        #expect(
            try self.mistakes(in: "answer: echo\nfallback: [wide: {\(Self.wide)}]")
                == #"test.yaml:1:1: chains.test.answer: expected a list, found "echo" [wrong-type]"#
        )
        #expect(
            try self.mistakes(in: "answer: echo\nguard: []")?
                .split(separator: "\n").filter { !$0.contains("[no-fallback]") }
                == [#"test.yaml:1:1: chains.test.answer: expected a list, found "echo" [wrong-type]"#]
        )
        // Entries that can't be made have names as well.
        let twice = try #require(
            try self.mistakes(
                in: """
                    answer:
                      - echo: {repeat_count: many}
                      - echo: {repeat_count: more}
                    fallback: [wide: {\(Self.wide)}]
                    """
            )
        )
        #expect(twice.contains("[duplicate-instance]") && twice.contains("repeat_count"), "\(twice)")
    }

    @Test("refuses a chain in which nobody is asked")
    func emptyChain() throws {
        #expect(
            try self.mistakes(in: "answer: []") == """
                test.yaml:1:1: chains.test: nobody is asked; add a responder: answer: [rules: {path: rules/}] [empty-chain]
                """
        )
    }

    @Test("makes one responder of entries with the same plugin and settings, and another one of other settings")
    func sharing() throws {
        var registry = PluginRegistry()
        try registry.register(Unique.self)
        let desk = try ChainDesk(
            """
            answer:
              - unique: {size: 1}
              - unique: { "size": 1 }
                as: second
              - unique: {size: 2}
                as: third
            fallback: [{unique: {size: 1}, as: fourth}]
            """,
            plugins: registry
        )
        let responders = desk.chain.entries.map { ObjectIdentifier($0.responder as AnyObject) }
        #expect(responders[0] == responders[1])
        #expect(responders[0] == responders[3])
        #expect(responders[0] != responders[2])
    }

    /// A plugin whose instances can be told apart.
    private final class Unique: ResponderPlugin {
        static let manifest = PluginManifest(
            name: "unique",
            summary: "",
            stages: [.answer, .fallback],
            sample: "size: 1",
            examples: []
        )
        struct Configuration: Decodable { var size: Int }
        init(configuration: Configuration, services: PluginServices) {}
        func respond(to turn: Turn) async -> Verdict { .pass() }
    }

    @Test("takes a former name, and says how the plugin is called now")
    func formerName() throws {
        let desk = try ChainDesk(
            "answer: [parrot: {repeat_count: 1}]\nfallback: [wide: {\(Self.wide)}]",
            plugins: try self.registry()
        )
        #expect(desk.chain.entries.first?.name == "echo")
        #expect(
            desk.warnings.map(\.description) == [
                """
                test.yaml:1:10: chains.test.answer[0]: "parrot" is now called "echo"; write "echo" [renamed-plugin]
                """
            ]
        )
    }

    @Test("warns of a time limit that can't hold")
    func needlessTimeout() throws {
        let desk = try ChainDesk(
            "answer: [{echo: {repeat_count: 1}, timeout: 1s}]\nfallback: [wide: {\(Self.wide)}]",
            plugins: try self.registry()
        )
        #expect(
            desk.warnings.map(\.description) == [
                """
                test.yaml:1:36: chains.test.answer[0].timeout: echo answers at once and has no time limit; leave it out \
                [needless-timeout]
                """
            ]
        )
    }
}

@Suite("conditions of entries")
struct EntryConditionTests {
    /// Asks only on one page.
    private struct OnPage: EntryCondition {
        let path: String

        func refusal(of turn: Turn) -> String? { turn.page.path == self.path ? nil : "page.path \"\(turn.page.path)\"" }
    }

    @Test("an entry whose condition does not hold is not asked, and the trace says why", arguments: Stage.allCases)
    func skips(stage: Stage) async throws {
        let entry = Chain.Entry(
            Immediate(stage == .enrich ? .augment(Augmentation(tags: ["asked"])) : .reply("asked")),
            name: "a",
            stage: stage,
            condition: OnPage(path: "/shop")
        )
        let other = Chain.Entry(Immediate(.pass()), name: "b", stage: .answer)
        for isTogether in [false, true] {
            let election = isTogether ? Election() : nil
            var desk = ChainDesk(
                Chain(name: "test", entries: [entry, other], election: election, asksEnrichTogether: isTogether)
            )
            let away = try await desk.say("hello", on: Page(path: "/"))
            let there = try await desk.say("hello", on: Page(path: "/shop"))
            guard stage != .after else { continue }
            let step = try #require(away.steps.first { $0.responder == "a" })
            #expect(step.verdict == nil && step.reason == .condition && step.problem == "page.path \"/\"")
            #expect(there.steps.first { $0.responder == "a" }?.verdict == (stage == .enrich ? "augment" : "reply"))
        }
    }

    @Test("are refused where nobody reads them")
    func noReader() throws {
        var registry = PluginRegistry()
        try registry.register(Echo.self)
        let yaml = "answer: [{echo: {repeat_count: 1}, when: {lang: de}}]"
        let found = #expect(throws: Rejection.self) { try ChainDesk(yaml, plugins: registry) }
        #expect(
            found?.description.contains(
                "test.yaml:1:36: chains.test.answer[0].when: nobody here reads conditions; leave it out [no-conditions]"
            ) == true
        )
    }

    @Test("a chain that is run beside shares no responder and no places with the others, which share theirs")
    func beside() throws {
        var registry = PluginRegistry()
        try registry.register(Wide.self)
        var loader = ChainLoader(registry: registry, services: PluginServices(), beside: "next")
        let settings =
            "{opens_at: '09:00', wait: 250ms, is_loud: false, tone: calm, nested: {top_count: 3}, items: [], texts: {}}"
        let chains = try ["live", "next", "other"].map { name in
            let node = try YAMLNode(yaml: "answer: [wide: \(settings)]", file: "test.yaml", keyPath: "chains.\(name)")
            return loader.chain(named: name, node, at: node.place)
        }
        #expect(loader.diagnostics.allSatisfy { $0.severity == .warning }, "\(loader.diagnostics)")
        let gates = chains.map { $0.entries.first?.gate }
        #expect(gates[0] != nil && gates[0] === gates[2])
        #expect(gates[1] != nil && gates[0] !== gates[1])
    }

    @Test(
        "names that a record, a log or a transcript can't show are refused",
        arguments: ["''", "'a b'", "\"a\\nb\"", "ä"]
    )
    func names(written: String) throws {
        var registry = PluginRegistry()
        try registry.register(Echo.self)
        var loader = ChainLoader(registry: registry, services: PluginServices())
        let yaml = "answer: [{echo: {repeat_count: 2}, as: \(written)}]"
        let node = try YAMLNode(yaml: yaml, file: "test.yaml", keyPath: "chains.x")
        _ = loader.chain(named: "a b", node, at: node.place)
        let found = loader.diagnostics.filter { $0.code == "bad-name" }
        #expect(found.count == 2, "\(loader.diagnostics)")
        let chain = #""a b" can't name a chain; use 1 to 64 of a-z A-Z 0-9 - _ . [bad-name]"#
        #expect(found.contains { $0.description.hasSuffix(chain) }, "\(found)")
    }
}
