public import Diagnostics

/// Conditions in the language of `when`, for others than rules.
public struct RuleConditions: Sendable, Hashable {
    private let requirements: [Requirement]

    /// Reads a mapping such as `{page: {path: /shop/**}, lang: [de, en]}`.
    ///
    /// - Parameter node: The value of `when`.
    /// - Throws: All that is wrong with it. Places have no keys.
    public init(_ node: YAMLNode) throws(Rejection) {
        let (requirements, diagnostics) = RuleFileReader.conditions(node)
        guard diagnostics.isEmpty else { throw Rejection(diagnostics) }
        self.requirements = requirements
    }

    /// Why the conditions don't hold, the first of them: `page.path "/shop/cart" is not "/admin/**"`.
    ///
    /// - Returns: Nothing where all hold.
    public func refusal(in context: RuleContext) -> String? {
        self.requirements.first { !$0.holds(in: context) }?.refusal(in: context)
    }
}
