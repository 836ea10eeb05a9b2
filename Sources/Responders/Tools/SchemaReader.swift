/// What a type asked for while it was decoded from nothing.
///
/// Not shared: it lives as long as one reading.
final class SchemaNotes {
    var properties: [String: (kind: ToolSchema.Kind, isRequired: Bool)] = [:]
    var isUnreadable = false
}

/// Decodes a type from nothing: each property is noted and gets some value.
struct SchemaReader: Decoder {
    let notes: SchemaNotes
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Container<Key>(notes: self.notes))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw Unreadable() }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { throw Unreadable() }

    private struct Unreadable: Error {}

    private struct Container<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let notes: SchemaNotes
        var codingPath: [any CodingKey] { [] }
        var allKeys: [Key] { [] }

        func contains(_ key: Key) -> Bool { true }
        func decodeNil(forKey key: Key) throws -> Bool { false }

        func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
            try self.value(of: type, key, isRequired: true)
        }

        func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
            try self.value(of: type, key, isRequired: false)
        }

        private func value<T: Decodable>(of type: T.Type, _ key: Key, isRequired: Bool) throws -> T {
            guard let (kind, value) = sample(of: type), let value = value as? T else {
                self.notes.isUnreadable = true
                throw Unreadable()
            }
            self.notes.properties[key.stringValue] = (kind, isRequired)
            return value
        }

        // Each type of the standard library is asked for by a method of its own.
        func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool {
            try self.value(of: type, key, isRequired: true)
        }
        func decode(_ type: String.Type, forKey key: Key) throws -> String {
            try self.value(of: type, key, isRequired: true)
        }
        func decode(_ type: Double.Type, forKey key: Key) throws -> Double {
            try self.value(of: type, key, isRequired: true)
        }
        func decode(_ type: Int.Type, forKey key: Key) throws -> Int {
            try self.value(of: type, key, isRequired: true)
        }
        func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
            try self.value(of: type, key, isRequired: false)
        }
        func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
            try self.value(of: type, key, isRequired: false)
        }
        func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
            try self.value(of: type, key, isRequired: false)
        }
        func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? {
            try self.value(of: type, key, isRequired: false)
        }

        func nestedContainer<N: CodingKey>(
            keyedBy type: N.Type,
            forKey key: Key
        ) throws -> KeyedDecodingContainer<N> { throw Unreadable() }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer { throw Unreadable() }
        func superDecoder() throws -> any Decoder { throw Unreadable() }
        func superDecoder(forKey key: Key) throws -> any Decoder { throw Unreadable() }
    }
}

/// What a type is in a schema, and some value of it; nothing for a type that can't be in one.
private func sample(of type: Any.Type) -> (kind: ToolSchema.Kind, value: Any)? {
    switch type {
    case is String.Type: return (.text, "")
    case is Int.Type: return (.integer, 0)
    case is Double.Type: return (.number, 0.0)
    case is Bool.Type: return (.flag, false)
    case let list as any SampledList.Type: return list.sampled
    case let words as any CaseIterable.Type: return sample(ofWords: words)
    default: return nil
    }
}

private func sample<Words: CaseIterable>(ofWords type: Words.Type) -> (kind: ToolSchema.Kind, value: Any)? {
    let words = type.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
    guard let first = type.allCases.first, words.count == type.allCases.count else { return nil }
    return (.word(words), first)
}

/// A list, whose items have a type.
private protocol SampledList {
    static var sampled: (kind: ToolSchema.Kind, value: Any)? { get }
}

extension Array: SampledList {
    fileprivate static var sampled: (kind: ToolSchema.Kind, value: Any)? {
        sample(of: Element.self).map { (.list($0.kind), [Element]()) }
    }
}
