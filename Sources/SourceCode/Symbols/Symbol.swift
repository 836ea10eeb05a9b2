/// Something that a file of source code defines.
public struct Symbol: Sendable, Hashable {
    public var name: String
    /// From 1.
    public var line: Int
    /// What it is: `function`, `class`.
    public var kind: String
    /// What it is in: `Basket`, or nothing.
    public var scope: String?

    public init(name: String, line: Int, kind: String, scope: String? = nil) {
        self.name = name
        self.line = line
        self.kind = kind
        self.scope = scope
    }
}
