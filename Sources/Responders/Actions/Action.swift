/// Something that a responder is asked to do: to create a ticket, to look up its state.
public struct Action: Sendable, Hashable {
    /// Names the action of the turn, `TURN/1`.
    ///
    /// The same each time that action is asked for, also after a restart, and no other one's: whoever creates something must
    /// create it once for each key.
    public let key: String
    /// One of ``Responder/operations``: `create`.
    public let operation: String
    /// What it is told, by name.
    ///
    /// Parts of the values may be the visitor's own words.
    public let fields: [String: String]

    public init(key: String, operation: String, fields: [String: String] = [:]) {
        self.key = key
        self.operation = operation
        self.fields = fields
    }

    /// How many a verdict may ask for.
    public static let maximumCount = 8
}

/// What came of an action.
public struct ActionResult: Sendable, Hashable {
    /// Values for the reply of whoever asked, by name: `{{ticket.id}}` is `id` of the action named `ticket`.
    ///
    /// A value that is missing or empty is not set: a variant that needs it is not chosen.
    public var values: [String: String]
    /// Shown behind the reply of whoever asked, where the turn has room for one more; for what the visitor must see before
    /// anything happens, such as the text of a report.
    public var reply: Reply?

    public init(_ values: [String: String] = [:], reply: Reply? = nil) {
        self.values = values
        self.reply = reply
    }
}

/// A responder that others of its chain can ask to do something: ``Responder/operations`` names what.
///
/// Rules ask with `actions`. A call stands under the limits of the entry: its `timeout`, its places and its breaker.
public protocol ActionPerformer: Responder {
    /// Does what it is asked to.
    ///
    /// Any number of calls run at once. The call is cancelled when its time limit is over, and what comes later is dropped.
    /// Not called for a turn of which nothing may remain: one that is only explained, and one of a shadow.
    ///
    /// - Parameters:
    ///   - action: What to do.
    ///   - turn: The turn that it is asked in.
    /// - Returns: Values for the reply.
    /// - Throws: Anything: then the reply does without the values, and the people who run the site learn of it.
    func perform(_ action: Action, in turn: Turn) async throws -> ActionResult
}

/// A performer of which nothing remains, so that it may be asked in a turn of which nothing may remain: one that a test has
/// told what to answer.
package protocol RehearsablePerformer: ActionPerformer {
    /// Whether it is asked in the next turn.
    var isRehearsed: Bool { get }
}
