import Responders

/// Asks a service of the shop where an order is.
struct Shipments: ResponderPlugin {
    static let manifest = PluginManifest(
        name: "shipments",
        summary: "Asks the shop where an order is",
        stages: [.answer],
        sample: """
            url: https://orders.example.com/api
            # Networks beside the public one that it may be in.
            allow: ['10.20.0.0/16']
            """,
        examples: [.init("hello", gives: .pass(reason: "no-order"))]
    )

    struct Configuration: Decodable, Sendable {
        var url: String
        var allow: [String]?
    }

    private let shop: any ServiceClient

    init(configuration: Configuration, services: PluginServices) throws(ConfigurationProblem) {
        self.shop = try services.client(for: configuration.url, allowing: configuration.allow ?? [], key: "url")
    }

    func respond(to turn: Turn) async throws -> Verdict {
        let words = turn.message.text.split { !($0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-")) }
        guard let order = words.first(where: { $0.hasPrefix("A-") }) else { return .pass(reason: "no-order") }
        let answer = try await self.shop.send(ServiceRequest("GET", "/orders/\(order)"))
        switch answer.status {
        case 200: return .reply(Reply("\(order): \(answer.text)", format: .plain))
        case 404: return .reply(Reply("There is no order \(order).", format: .plain))
        default: throw Failure("shop-down", "the shop answered \(answer.status)")
        }
    }
}
