import Responders

/// Tells where an order is.
struct OrderStatus: ResponderPlugin {
    static let manifest = PluginManifest(
        name: "order-status",
        summary: "Tells where an order is",
        stages: [.answer],
        sample: """
            # What the numbers of orders begin with.
            prefix: A-
            """,
        examples: [
            .init("where is A-17?", gives: .reply("A-17 is on its way.")),
            .init("hello", gives: .pass(reason: "no-order-number")),
        ]
    )

    struct Configuration: Decodable, Sendable {
        var prefix: String
    }

    private let prefix: String

    init(configuration: Configuration, services: PluginServices) throws(ConfigurationProblem) {
        guard !configuration.prefix.isEmpty else {
            throw ConfigurationProblem("empty-prefix", key: "prefix", "every word would be an order", hint: "write A-")
        }
        self.prefix = configuration.prefix
    }

    func respond(to turn: Turn) async throws -> Verdict {
        let words = turn.message.text.split { " ?!.,".contains($0) }
        guard let order = words.first(where: { $0.hasPrefix(self.prefix) }) else {
            return .pass(reason: "no-order-number")
        }
        return .reply(Reply("\(order) is on its way."))
    }
}
