internal import Diagnostics

/// The keys of a mapping.
///
/// A mistake under one key is recorded, and the next key is read.
struct MappingContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let field: Field
    var codingPath: [any CodingKey] { [] }
    /// A dictionary's keys stay as they are; a property's are turned into Swift's form.
    var allKeys: [Key] {
        self.entries.compactMap { Key(stringValue: $0.key) ?? Key(stringValue: lowerCamel($0.key)) }
    }
    private var entries: [YAMLNode.Entry] { self.field.node.entries ?? [] }

    func contains(_ key: Key) -> Bool { self.entry(key) != nil }
    func decodeNil(forKey key: Key) -> Bool { self.entry(key)?.value.isNull ?? true }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        // A free key is not in the sample; the first one there shows what its value is like.
        let sample = (Self.entry(key, of: self.field.sample) ?? self.field.sample?.entries?.first)?.value
        guard let entry = self.entry(key) else {
            let problem = "\"\(Self.written(key, in: self.field.sample))\" is missing"
            self.field.log.record(Diagnostic("missing-key", at: self.field.place, problem))
            return try self.field(sample ?? self.field.node, sample, at: self.field.place).orThrow(
                type,
                isMissing: true
            )
        }
        return try self.field(entry.value, sample, at: entry.place).orThrow(type)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try self.decoder(forKey: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try self.decoder(forKey: key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { SettingsDecoder(field: self.field) }
    func superDecoder(forKey key: Key) throws -> any Decoder { self.decoder(forKey: key) }

    private func decoder(forKey key: Key) -> SettingsDecoder {
        let entry = self.entry(key)
        let node = entry?.value ?? YAMLNode(content: .null, place: self.field.place)
        let sample = Self.entry(key, of: self.field.sample)?.value
        return SettingsDecoder(field: self.field(node, sample, at: entry?.place ?? self.field.place))
    }

    private func field(_ node: YAMLNode, _ sample: YAMLNode?, at place: Place) -> Field {
        Field(node: node, place: place, sample: sample, log: self.field.log)
    }

    private func entry(_ key: Key) -> YAMLNode.Entry? { Self.entry(key, of: self.field.node) }

    /// The entry of a property: `opens_at` for `opensAt`, and any key as it is for a dictionary.
    private static func entry(_ key: Key, of node: YAMLNode?) -> YAMLNode.Entry? {
        let entries = node?.entries ?? []
        return entries.first { $0.key == key.stringValue } ?? entries.first { lowerCamel($0.key) == key.stringValue }
    }

    /// How the property's key is written in a file.
    private static func written(_ key: Key, in sample: YAMLNode?) -> String {
        Self.entry(key, of: sample)?.key ?? snake(key.stringValue)
    }
}

/// The items of a list.
struct ListContainer: UnkeyedDecodingContainer {
    let field: Field
    let items: [YAMLNode]
    var codingPath: [any CodingKey] { [] }
    var count: Int? { self.items.count }
    var currentIndex = 0
    var isAtEnd: Bool { self.currentIndex == self.items.count }

    init(field: Field, items: [YAMLNode]) {
        self.field = field
        self.items = items
    }

    mutating func decodeNil() throws -> Bool {
        guard try self.current().node.isNull else { return false }
        self.currentIndex += 1
        return true
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        let value = try self.current().orThrow(type)
        self.currentIndex += 1
        return value
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy: Nested.Type) throws -> KeyedDecodingContainer<Nested> {
        try self.superDecoder().container(keyedBy: keyedBy)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try self.superDecoder().unkeyedContainer()
    }

    mutating func superDecoder() throws -> any Decoder {
        defer { self.currentIndex += 1 }
        return SettingsDecoder(field: try self.current())
    }

    private func current() throws -> Field {
        guard !self.isAtEnd else { throw self.field.wrongType("\(self.items.count + 1) items") }
        let item = self.items[self.currentIndex]
        return Field(node: item, place: item.place, sample: self.field.sample?.items?.first, log: self.field.log)
    }
}

extension Field {
    /// The value, or the sample's after recording what is wrong.
    ///
    /// - Throws: ``Recorded`` where there is no value at all to go on with.
    fileprivate func orThrow<T: Decodable>(_ type: T.Type, isMissing: Bool = false) throws -> T {
        guard let value = isMissing ? self.placeholder(of: type) : self.value(of: type) else { throw Recorded() }
        return value
    }
}

/// `opens_at` as the name of a Swift property: `opensAt`.
func lowerCamel(_ key: String) -> String {
    let words = key.split(separator: "_")
    return (words.first.map(String.init) ?? "")
        + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
}

/// `opensAt` as a key of a file: `opens_at`.
func snake(_ name: String) -> String {
    name.reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : String($1) }
}
