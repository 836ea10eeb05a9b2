/// Something that a language model may ask for while it answers: a search, a look at a rule.
///
/// A responder offers its tools in ``Responder/tools``; a responder that asks a model finds all of the chain in
/// ``Turn/tools``. A tool does nothing that the visitor couldn't do: the model may have been talked into calling it.
///
/// ```swift
/// struct FindOrder: Tool {
///     struct Input: ToolInput {
///         var number: String
///         static let descriptions = ["number": "As on the invoice: A-17."]
///     }
///     let name = "find_order"
///     let description = "Finds the state of an order of this visitor."
///
///     func call(_ input: Input, in turn: Turn) async throws -> String { "\(input.number) is on its way." }
/// }
/// ```
public protocol Tool: Sendable {
    /// What it is called with; its schema is made from the type.
    associatedtype Input: ToolInput

    /// 1 to 64 of `a-z`, `0-9` and `_`; unique in a chain.
    var name: String { get }

    /// For the model: what it finds and when to use it, in a few sentences. The same each time, since it is cached.
    var description: String { get }

    /// Answers one call.
    ///
    /// Any number of calls run at once, of one turn too. The call is cancelled when its time limit is over, and what comes
    /// later is dropped.
    ///
    /// - Parameters:
    ///   - input: Checked against the type.
    ///   - turn: The turn that it is called in: a tool shows nothing of any other conversation.
    /// - Returns: For the model, at most ``ToolBox/maximumResultBytes`` are kept; it counts as a text that a stranger wrote.
    /// - Throws: ``ToolError`` with a text for the model. Of any other error the model learns only that there was one.
    func call(_ input: Input, in turn: Turn) async throws -> String
}

/// What a tool is called with.
///
/// A struct of `String`, `Int`, `Double`, `Bool`, enumerations of words that are `CaseIterable`, lists of these, and
/// optionals. Its name in the schema is the property's.
public protocol ToolInput: Decodable, Sendable {
    /// What each property means, for the model; by the property's name.
    static var descriptions: [String: String] { get }
}

/// A tool can't answer, and the model should know why.
public struct ToolError: Error, Sendable, Hashable {
    /// For the model: `the tracker did not answer in 2 s`.
    public var text: String

    public init(_ text: String) { self.text = text }
}
