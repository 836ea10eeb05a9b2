internal import Diagnostics
internal import FoundationEssentials

/// The tools of a chain.
public struct ToolBox: Sendable {
    private let tools: [String: any Tool]
    private let schemas: [String: ToolSchema]

    /// The longest result that a model gets, in bytes of UTF-8.
    public static let maximumResultBytes = 8_192

    /// - Parameter tools: Those of the responders; of two with a name, the first. One whose input no schema can be made of is
    ///   left out.
    public init(_ tools: [any Tool] = []) {
        var known: [String: any Tool] = [:]
        var schemas: [String: ToolSchema] = [:]
        for tool in tools where known[tool.name] == nil {
            guard let schema = tool.schema else { continue }
            known[tool.name] = tool
            schemas[tool.name] = schema
        }
        self.tools = known
        self.schemas = schemas
    }

    /// The names, in order.
    public var names: [String] { self.tools.keys.sorted() }

    /// These and more, which come behind them.
    public func adding(_ tools: [any Tool]) -> ToolBox {
        ToolBox(self.names.compactMap { self.tools[$0] } + tools)
    }

    /// What a model has to know of a tool; nothing where there is none of the name.
    public func declaration(of name: String) -> (description: String, schema: ToolSchema)? {
        guard let tool = self.tools[name], let schema = self.schemas[name] else { return nil }
        return (tool.description, schema)
    }

    /// How a call ended.
    public struct Result: Sendable, Hashable {
        /// For the model.
        public var text: String
        /// For the trace; nothing where it worked.
        public var failure: TraceReason?

        public init(_ text: String, failure: TraceReason? = nil) {
            self.text = text
            self.failure = failure
        }
    }

    /// Calls a tool.
    ///
    /// - Parameters:
    ///   - name: As the model wrote it.
    ///   - input: As the model wrote it.
    ///   - turn: The turn that it is called in.
    ///   - limit: How long it may take; a call that ignores its cancellation is not waited for.
    ///   - clock: The clock of the limit.
    /// - Returns: What it said, or why it didn't.
    public func call(
        _ name: String,
        _ input: Note,
        in turn: Turn,
        within limit: Duration,
        on clock: TurnClock
    ) async -> Result {
        guard let tool = self.tools[name], let schema = self.schemas[name] else {
            return Result("no such tool", failure: "no-such-tool")
        }
        let mistakes = schema.mistakes(in: input)
        guard mistakes.isEmpty else { return Result(mistakes.joined(separator: "; "), failure: "bad-input") }
        let result = await FirstResult.of(limit: limit, on: clock) {
            await tool.result(of: input, in: turn)
        }
        return result ?? Result("the tool did not answer within \(limit.written)", failure: .timeout)
    }
}

extension Tool {
    fileprivate var schema: ToolSchema? { ToolSchema(of: Input.self) }

    fileprivate func result(of input: Note, in turn: Turn) async -> ToolBox.Result {
        do {
            let input = try JSONDecoder().decode(Input.self, from: JSONEncoder().encode(input))
            let text = try await self.call(input, in: turn)
            return ToolBox.Result(text.prefix(bytes: ToolBox.maximumResultBytes))
        } catch let error as ToolError {
            return ToolBox.Result(error.text.prefix(bytes: ToolBox.maximumResultBytes), failure: "tool-error")
        } catch {
            return ToolBox.Result("the tool failed", failure: .error)
        }
    }
}

extension Note: Encodable {
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .number(let number):
            if let whole = Int(exactly: number) { try container.encode(whole) } else { try container.encode(number) }
        case .flag(let flag): try container.encode(flag)
        case .list(let notes): try container.encode(notes)
        case .fields(let fields): try container.encode(fields)
        }
    }
}
