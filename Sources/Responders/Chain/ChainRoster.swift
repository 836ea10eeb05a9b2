/// Who stands in a chain, for a responder that needs others.
public struct ChainRoster: Sendable, Hashable {
    /// The chain's name in `claude-chat.yaml`.
    public let name: String
    /// What each responder of the chain can be asked to do, by its name there; one that is turned off is missing.
    public let operations: [String: [String]]
    /// Those of which only the running server knows what they can be asked to do: ``Responder/hasOpenOperations``.
    public let openResponders: Set<String>

    /// The names of the tools that its responders offer, in order.
    public let tools: [String]

    public init(
        name: String,
        operations: [String: [String]],
        openResponders: Set<String> = [],
        tools: [String] = []
    ) {
        self.openResponders = openResponders
        self.name = name
        self.operations = operations
        self.tools = tools
    }

    init(_ chain: Chain) {
        let entries = chain.entries.filter(\.isEnabled)
        let operations = entries.map { ($0.name, $0.responder.operations) }
        self.init(
            name: chain.name,
            operations: Dictionary(operations) { first, _ in first },
            openResponders: Set(entries.filter(\.responder.hasOpenOperations).map(\.name)),
            tools: chain.tools.names
        )
    }
}
