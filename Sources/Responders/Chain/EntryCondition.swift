public import Diagnostics

/// When an entry of a chain is asked: `when`.
public protocol EntryCondition: Sendable {
    /// Why the entry is not asked about this turn, for the trace: `page.path "/shop" is not "/admin/**"`.
    ///
    /// Called on the thread of the turn; doesn't wait.
    ///
    /// - Returns: Nothing where it is asked.
    func refusal(of turn: Turn) -> String?
}

/// Reads the conditions of entries: the language is that of rule files, which this part doesn't know.
public struct ConditionReader: Sendable {
    private let read: @Sendable (YAMLNode) throws(Rejection) -> any EntryCondition

    /// - Parameter read: Makes a condition of the value of `when`, or throws all that is wrong with it.
    public init(_ read: @escaping @Sendable (_ when: YAMLNode) throws(Rejection) -> any EntryCondition) {
        self.read = read
    }

    func condition(_ node: YAMLNode) throws(Rejection) -> any EntryCondition { try self.read(node) }
}
