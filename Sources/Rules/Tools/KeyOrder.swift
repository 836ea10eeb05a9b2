internal import Diagnostics

/// The order of the keys of one mapping, as the reference has it, and what their values may be.
struct KeyOrder {
    private let keys: [(name: String, value: ValueShape)]
    /// What the values of free keys may be.
    private let entry: ValueShape

    /// - Parameters:
    ///   - entries: The mapping's entries: where a value may be one of several mappings, it is the one that knows most
    ///     of them.
    ///   - shape: What the value may be.
    init(of entries: [YAMLNode.Entry], _ shape: ValueShape) {
        let kinds = shape.mappings.map { $0.names }
        let known = kinds.map { names in entries.count { entry in names.contains { $0.name == entry.key } } }
        let best = known.indices.max { (known[$0], -$0) < (known[$1], -$1) }
        self.keys = best.map { kinds[$0] } ?? []
        self.entry = shape.entry
    }

    /// The place of a key; unknown ones come last.
    func rank(of key: String) -> Int { self.keys.firstIndex { $0.name == key } ?? self.keys.count }

    /// What the value of a key may be.
    func value(of key: String) -> ValueShape { self.keys.first { $0.name == key }?.value ?? self.entry }
}

extension KeySet {
    /// The names of the keys, and what their values may be.
    fileprivate static var names: [(name: String, value: ValueShape)] {
        self.allCases.map { ($0.rawValue, $0.meaning.value) }
    }
}

extension ValueShape {
    /// What an item may be where the value is a list.
    var item: ValueShape {
        switch self {
        case .list(let item, _), .oneOrMore(let item): item
        case .either(let shapes): .either(shapes.map(\.item))
        default: .either([])
        }
    }

    /// The kinds of mappings that the value may be.
    fileprivate var mappings: [any KeySet.Type] {
        switch self {
        case .mapping(let keys): [keys]
        case .oneOrMore(let item): item.mappings
        case .either(let shapes): shapes.flatMap(\.mappings)
        default: []
        }
    }

    /// What the values of free keys may be.
    fileprivate var entry: ValueShape {
        switch self {
        case .entries(let value): value
        case .either(let shapes): .either(shapes.map(\.entry))
        default: .either([])
        }
    }
}
