import Responders

/// Greets each visitor once a day, also where the server was started anew meanwhile.
struct DailyWelcome: ResponderPlugin, ImmediateResponder {
    static let manifest = PluginManifest(
        name: "daily-welcome",
        summary: "Greets each visitor once a day",
        stages: [.answer],
        sample: "text: Welcome!",
        examples: [.init("hello", gives: .reply("Welcome!", then: .continue))]
    )

    struct Configuration: Decodable, Sendable {
        var text: String
    }

    private let text: String
    private let state: PluginState

    init(configuration: Configuration, services: PluginServices) {
        self.text = configuration.text
        self.state = services.state
    }

    func respond(to turn: Turn) -> Verdict {
        let key = "greeted/\(turn.conversation.sessionID)"
        guard self.state[key] == nil else { return .pass(reason: "greeted") }
        self.state.set("", for: key, during: .seconds(86_400))
        return .reply(Reply(self.text), then: .continue)
    }
}
