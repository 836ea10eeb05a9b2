/// What a site says about a visitor for whom it vouches, beside the id.
public struct VisitorProfile: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
    /// At most 80 bytes of UTF-8 without control characters.
    public let name: String?
    /// What else the site says, such as a plan or a tenant: at most ``maximumAttributes``, each with a name of at most
    /// ``attributeNameBytes`` and a text of at most ``attributeBytes``, without control characters.
    public let attributes: [String: String]

    public static let maximumAttributes = 16
    public static let attributeNameBytes = 40
    public static let attributeBytes = 200

    /// Takes what a site says; what is out of its bounds is left out, and of too many attributes those that come last by
    /// their names.
    init(name: String? = nil, attributes: [String: String] = [:]) {
        self.name = name.flatMap { 1...Holder.nameBytes ~= $0.utf8.count && isPlainText($0) ? $0 : nil }
        let good = attributes.filter { key, value in
            1...Self.attributeNameBytes ~= key.utf8.count && isPlainText(key)
                && 1...Self.attributeBytes ~= value.utf8.count && isPlainText(value)
        }
        let first = good.sorted { $0.key < $1.key }.prefix(Self.maximumAttributes)
        self.attributes = Dictionary(uniqueKeysWithValues: Array(first))
    }

    var isEmpty: Bool { self.name == nil && self.attributes.isEmpty }

    /// Says nothing about the person.
    public var description: String { "VisitorProfile" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
