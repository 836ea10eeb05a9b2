import Diagnostics
import Responders
import Testing

@Suite("plugin registry")
struct PluginRegistryTests {
    private func rejection(of configuration: String) throws -> String? {
        var registry = PluginRegistry()
        try registry.register(Wide.self)
        let settings = try Settings(yaml: configuration, file: "wide.yaml", keyPath: "wide")
        let rejection = #expect(throws: Rejection.self) {
            try registry.makeResponder(named: "wide", at: Place(file: "wide.yaml"), settings: settings)
        }
        return rejection?.description
    }

    private static let good = """
        opens_at: '08:30'
        wait: 2s
        is_loud: true
        tone: cheerful
        nested: {top_count: 1}
        items: []
        texts: {de_AT: Servus}

        """

    @Test("creates a responder from settings of every kind")
    func everyKind() throws {
        var registry = PluginRegistry()
        try registry.register(Wide.self)
        let settings = try Settings(yaml: Self.good + "key: {env: TOKEN}", file: "wide.yaml")
        let responder = try registry.makeResponder(named: "wide", at: Place(file: "wide.yaml"), settings: settings)
        let configuration = try #require(responder as? Wide).configuration
        #expect(configuration.opensAt == TimeOfDay("08:30"))
        #expect(configuration.wait == .seconds(2))
        #expect(configuration.isLoud)
        #expect(configuration.tone == .cheerful)
        #expect(configuration.texts == ["de_AT": "Servus"])
        #expect(configuration.key == .environment("TOKEN"))
    }

    @Test(
        "says where a mistake is and what was meant",
        arguments: [
            ("tune: 1", #"wide.yaml:8:1: wide.tune: unknown key "tune"; did you mean "tone"? [unknown-key]"#),
            (
                "colour: 1",
                """
                wide.yaml:8:1: wide.colour: unknown key "colour"; \
                known: is_loud, items, key, nested, opens_at, texts, tone, wait [unknown-key]
                """
            ),
            (
                "key: sk-123456",
                "wide.yaml:8:1: wide.key: a secret stands in the file; write {env: NAME} [secret-in-file]"
            ),
        ]
    )
    func oneMistake(line: String, message: String) throws {
        #expect(try self.rejection(of: Self.good + line) == message)
    }

    @Test("finds all mistakes at once, in the order of the file")
    func allMistakes() throws {
        let found = try self.rejection(
            of: """
                opens_at: '9'
                wait: 2 seconds
                is_loud: on
                tone: chearful
                nested: {top_count: many, tap_count: 1}
                items: [{name: a, size: big}, {name: b}, c]
                texts: [x]
                """
        )
        #expect(
            found == """
                wide.yaml:1:1: wide.opens_at: "9" is not a time like "09:00" [wrong-value]
                wide.yaml:2:1: wide.wait: "2 seconds" is not a duration; write a number and a unit: 250ms, 2s, 10m, 2h \
                [bad-duration]
                wide.yaml:3:1: wide.is_loud: expected true or false, found "on" [wrong-type]
                wide.yaml:4:1: wide.tone: "chearful" is not a known word; did you mean "cheerful"? [wrong-value]
                wide.yaml:5:10: wide.nested.top_count: expected a whole number, found "many" [wrong-type]
                wide.yaml:5:27: wide.nested.tap_count: unknown key "tap_count"; did you mean "top_count"? [unknown-key]
                wide.yaml:6:19: wide.items[0].size: expected a number, found "big" [wrong-type]
                wide.yaml:6:31: wide.items[1]: "size" is missing [missing-key]
                wide.yaml:6:42: wide.items[2]: expected keys and values, found "c" [wrong-type]
                wide.yaml:7:1: wide.texts: expected keys and values, found a list [wrong-type]
                """
        )
    }

    @Test("takes a number in quotes for a text")
    func quotedNumber() throws {
        let configuration = Self.good.replacing("top_count: 1", with: "top_count: '1'")
        #expect(
            try self.rejection(of: configuration)
                == #"wide.yaml:5:10: wide.nested.top_count: expected a whole number, found "1" [wrong-type]"#
        )
    }

    @Test("names every key that is missing")
    func missingKeys() throws {
        #expect(
            try self.rejection(of: "tone: calm\nwait: 1s\nis_loud: true\nnested: {top_count: 1}") == """
                wide.yaml:1:1: wide: "opens_at" is missing [missing-key]
                wide.yaml:1:1: wide: "items" is missing [missing-key]
                wide.yaml:1:1: wide: "texts" is missing [missing-key]
                """
        )
    }

    @Test("puts the place of a key in front of what the plugin itself has to say")
    func pluginProblem() throws {
        let configuration = Self.good.replacing("top_count: 1", with: "top_count: 99")
        #expect(
            try self.rejection(of: configuration) == "wide.yaml:5:10: wide.nested.top_count: 99 is too many [too-many]"
        )
    }

    @Test("refuses a plugin that it does not know and suggests one")
    func unknownPlugin() throws {
        var registry = PluginRegistry()
        try registry.register(Echo.self)
        let place = Place(file: "claude-chat.yaml", line: 48, column: 9, keyPath: "chains.demo.answer[2]")
        let rejection = #expect(throws: Rejection.self) {
            try registry.makeResponder(named: "ecko", at: place, settings: try Settings(yaml: "{}", file: "x.yaml"))
        }
        #expect(
            rejection?.description == """
                claude-chat.yaml:48:9: chains.demo.answer[2]: unknown plugin "ecko"; did you mean "echo"? [unknown-plugin]
                """
        )
    }

    @Test("refuses a second plugin of a name, also of a former one")
    func duplicatePlugin() throws {
        var registry = PluginRegistry()
        try registry.register(Echo.self)
        let again = #expect(throws: Diagnostic.self) { try registry.register(Echo.self) }
        #expect(again?.description == #"Echo:1:1: "echo" is already registered [duplicate-plugin]"#)
        let former = #expect(throws: Diagnostic.self) { try registry.register(Parrot.self) }
        #expect(former?.description == #"Parrot:1:1: "parrot" is already registered [duplicate-plugin]"#)
        #expect(registry.names == ["echo"])
    }

    /// Takes the former name of ``Echo``.
    private struct Parrot: ResponderPlugin {
        static let manifest = PluginManifest(name: "parrot", summary: "", stages: [.answer], sample: "", examples: [])
        struct Configuration: Decodable {}
        init(configuration: Configuration, services: PluginServices) {}
        func respond(to turn: Turn) async -> Verdict { .pass() }
    }

    @Test(
        "reads durations with their unit and nothing else",
        arguments: [
            ("250ms", Duration.milliseconds(250)), ("2s", .seconds(2)), ("10m", .seconds(600)), ("2h", .seconds(7_200)),
            ("30d", .seconds(2_592_000)), ("0s", .zero),
        ]
    )
    func durations(text: String, duration: Duration) {
        #expect(Duration(written: text) == duration)
        for wrong in ["", "5", "s", "-1s", "1.5s", "5 s", "5S", "5sec", "9999999999s", "٣s"] {
            #expect(Duration(written: wrong) == nil, "\(wrong)")
        }
    }

    @Test(
        "writes durations in the largest unit that divides them, and reads them back",
        arguments: [
            (Duration.milliseconds(1_500), "1500ms"), (.seconds(90), "90s"), (.seconds(600), "10m"),
            (.seconds(7_200), "2h"), (.seconds(172_800), "2d"), (.zero, "0ms"), (.milliseconds(250), "250ms"),
        ]
    )
    func writtenDurations(duration: Duration, text: String) {
        #expect(duration.written == text)
        #expect(Duration(written: text) == duration)
        #expect((duration + .nanoseconds(999)).milliseconds == duration.milliseconds)
    }

    @Test("reads times from 00:00 through 23:59 and nothing else")
    func times() {
        #expect(TimeOfDay("00:00")?.minutes == 0)
        #expect(TimeOfDay("23:59")?.minutes == 1439)
        for text in ["24:00", "12:60", "9:00", "0900", "", "12:3x", "-1:00", "12:00:00"] {
            #expect(TimeOfDay(text) == nil, "\(text)")
        }
    }
}
