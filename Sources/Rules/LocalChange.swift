public import Diagnostics

/// A shipped rule that one of the site's own files changes.
public struct LocalChange: Hashable, Sendable {
    /// The full name of the rule.
    public var rule: String
    /// Where the change stands, `rules/local/shop.yaml:3`.
    public var place: Place
    /// Where the rule stands.
    public var changed: Place

    static func changes(_ rules: [(written: WrittenRule, rule: CompiledRule)]) -> [LocalChange] {
        rules.flatMap { written, rule in
            written.changes.map { LocalChange(rule: rule.name, place: $0, changed: rule.place) }
        }
    }
}
