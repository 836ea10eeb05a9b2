public import Diagnostics

/// One link of the chain: looks at a message and either answers it or passes it on.
public protocol Responder: Sendable {
    /// Decides about one message.
    ///
    /// Called once per message, never twice at the same time for one conversation; calls for different conversations
    /// run concurrently. The chain cancels the call when its time limit is over, goes on at once, and drops a verdict
    /// that comes later.
    ///
    /// - Parameter turn: The message, already checked against the bounds of the wire, and what the chain knows at this
    ///   moment.
    /// - Returns: ``Verdict/pass(reason:)`` to let the next responder look, or a reply.
    /// - Throws: Anything. The chain counts it as ``Verdict/fail(_:)``; a visitor never sees the text of an error.
    func respond(to turn: Turn) async throws -> Verdict

    /// Says how it decides about `turn`, for the people who run the site: which rule, why the others lost.
    ///
    /// Called only when somebody asked why; changes nothing. Nothing by default.
    func explanation(of turn: Turn) -> Explanation?

    /// Takes over what a turn leaves behind that reaches beyond its conversation.
    ///
    /// Called once the turn's replies are delivered, and only where there is something; on the thread that delivers, so
    /// it must not wait. All responders of the chain are told. Nothing by default.
    ///
    /// - Parameters:
    ///   - cooldowns: Those of scope ``Cooldown/Scope/visitor`` and ``Cooldown/Scope/site``.
    ///   - turn: The turn that they come from.
    func remember(_ cooldowns: [Cooldown], of turn: Turn)

    /// What was loaded, in a few words, for `check`: `6 files, 45 rules, 120 tests`. Nothing by default.
    var contents: String? { get }

    /// What somebody should look at, though the responder works; found while it was created. None by default.
    var warnings: [Diagnostic] { get }

    /// The same of its settings, which have their places in the configuration. None by default.
    var doubts: [ConfigurationProblem] { get }

    /// What other responders may ask it to do, such as `create`. Nothing by default.
    var operations: [String] { get }

    /// Whether ``operations`` is known only while the responder runs, as that of another program: then it says itself that it
    /// can't do something. Not by default.
    var hasOpenOperations: Bool { get }

    /// What a language model in the same chain may ask it for; the same each time. Nothing by default.
    var tools: [any Tool] { get }

    /// What somebody should look at because of the chain that the responder stands in, such as another responder that it
    /// needs and the chain doesn't have. None by default.
    func warnings(in chain: ChainRoster) -> [Diagnostic]
}

extension Responder {
    public func explanation(of turn: Turn) -> Explanation? { nil }
    public func remember(_ cooldowns: [Cooldown], of turn: Turn) {}
    public var contents: String? { nil }
    public var warnings: [Diagnostic] { [] }
    public var doubts: [ConfigurationProblem] { [] }
    public var operations: [String] { [] }
    public var hasOpenOperations: Bool { false }
    public var tools: [any Tool] { [] }
    public func warnings(in chain: ChainRoster) -> [Diagnostic] { [] }
}

/// A responder that decides at once: bounded work, no waiting, no input or output.
///
/// The chain calls it on the caller's thread, which is a server's event loop, so that an answer needs no task. Swift
/// can't interrupt such a call: it has no time limit and must bound itself.
public protocol ImmediateResponder: Responder {
    /// Decides about one message, as ``Responder/respond(to:)`` does, without waiting for anything.
    func respond(to turn: Turn) throws -> Verdict
}

/// How a responder came to its decision.
public struct Explanation: Sendable, Hashable {
    /// What decided, where one thing did: the full name of a rule and where it stands.
    public var decisive: Decisive?
    /// One line for each thing that was looked at, ready to print.
    public var lines: [String]
    /// One line for each thing that was ruled out at the first look, for those who want to see all.
    public var minorLines: [String]

    public init(decisive: Decisive? = nil, lines: [String] = [], minorLines: [String] = []) {
        self.decisive = decisive
        self.lines = lines
        self.minorLines = minorLines
    }

    /// The thing that decided.
    public struct Decisive: Sendable, Hashable {
        /// Its full name: `greetings/greeting`.
        public var name: String
        /// Where it stands: `rules/greetings.yaml:6`.
        public var place: String

        public init(name: String, place: String) {
            self.name = name
            self.place = place
        }
    }
}
