internal import Diagnostics

/// A value of a file on the way to a Swift value, beside the same value of the sample.
///
/// A mistake is recorded and the sample's value stands in, so that decoding goes on and finds the next one.
struct Field {
    let node: YAMLNode
    /// Where the key stands, or the item of a list.
    let place: Place
    /// What the sample has at this place; nothing where the sample has nothing.
    let sample: YAMLNode?
    let log: DiagnosticLog

    /// Decodes, or records what is wrong and gives the sample's value instead.
    ///
    /// - Returns: Nothing only where the sample has no value of that type, either.
    func value<T: Decodable>(of type: T.Type) -> T? {
        do {
            return try self.decode(type)
        } catch {
            self.record(error, type)
            return self.placeholder(of: type)
        }
    }

    /// The sample's value.
    func placeholder<T: Decodable>(of type: T.Type) -> T? {
        guard let sample = self.sample else { return nil }
        return self.log.muted {
            try? Field(node: sample, place: self.place, sample: sample, log: self.log).decode(type)
        }
    }

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        // Types that are read from a text in their own way, whatever their `Decodable` says.
        if type == Duration.self, let value = try self.duration() as? T { return value }
        if let words = words(of: type), let text = self.node.text, !words.contains(text) {
            let hint = suggestion(for: text, among: words)
            throw ConfigurationProblem("wrong-value", key: "", "\"\(text)\" is not a known word", hint: hint)
        }
        return try T(from: SettingsDecoder(field: self))
    }

    private func duration() throws -> Duration {
        let text = try self.scalar("a duration")
        guard let duration = Duration(written: text) else {
            let hint = "write a number and a unit: 250ms, 2s, 10m, 2h"
            throw ConfigurationProblem("bad-duration", key: "", "\"\(text)\" is not a duration", hint: hint)
        }
        return duration
    }

    /// The text, or `wrong-type`.
    func scalar(_ expected: String) throws -> String {
        guard let text = self.node.text else { throw self.wrongType(expected) }
        return text
    }

    func wrongType(_ expected: String) -> ConfigurationProblem {
        ConfigurationProblem("wrong-type", key: "", "expected \(expected), found \(self.node.written)")
    }

    private func record(_ error: any Error, _ type: Any.Type) {
        switch error {
        case let problem as ConfigurationProblem:
            for diagnostic in Settings(self.node, at: self.place).diagnostics(of: problem) {
                self.log.record(diagnostic)
            }
        case DecodingError.dataCorrupted(let context):
            self.log.record(Diagnostic("wrong-value", at: self.place, context.debugDescription))
        case is Recorded:
            break
        default:
            self.log.record(Diagnostic("wrong-value", at: self.place, "\(self.node.written) is no \(type)"))
        }
    }
}

/// Thrown where a mistake is already in the log.
struct Recorded: Error {}

/// The words of an enumeration that is written as one of them.
private func words(of type: Any.Type) -> [String]? {
    func words<C: CaseIterable>(_ type: C.Type) -> [String] {
        type.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
    }
    guard let type = type as? any CaseIterable.Type else { return nil }
    let found = words(type)
    return found.isEmpty ? nil : found
}

/// Reads Swift values from a node.
struct SettingsDecoder: Decoder {
    let field: Field
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard self.field.node.entries != nil || self.field.node.isNull else {
            throw self.field.wrongType("keys and values")
        }
        return KeyedDecodingContainer(MappingContainer<Key>(field: self.field))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard let items = self.field.node.items else { throw self.field.wrongType("a list") }
        return ListContainer(field: self.field, items: items)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { ScalarContainer(field: self.field) }
}

/// One value.
///
/// It throws its mistakes; whoever asked for the value records them.
struct ScalarContainer: SingleValueDecodingContainer {
    let field: Field
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { self.field.node.isNull }
    func decode(_ type: String.Type) throws -> String { try self.field.scalar("a text") }
    func decode(_ type: Double.Type) throws -> Double { try self.read("a number") }
    func decode(_ type: Float.Type) throws -> Float { try self.read("a number") }
    func decode(_ type: Int.Type) throws -> Int { try self.read("a whole number") }
    func decode(_ type: Int8.Type) throws -> Int8 { try self.read("a small whole number") }
    func decode(_ type: Int16.Type) throws -> Int16 { try self.read("a whole number") }
    func decode(_ type: Int32.Type) throws -> Int32 { try self.read("a whole number") }
    func decode(_ type: Int64.Type) throws -> Int64 { try self.read("a whole number") }
    func decode(_ type: UInt.Type) throws -> UInt { try self.read("a whole number from 0") }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try self.read("a whole number from 0 to 255") }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try self.read("a whole number from 0 to 65535") }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try self.read("a whole number from 0") }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try self.read("a whole number from 0") }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try self.field.decode(type) }

    /// `on` and `yes` are no booleans: a language and a mode may be called so.
    func decode(_ type: Bool.Type) throws -> Bool {
        switch try self.plain("true or false") {
        case "true": true
        case "false": false
        default: throw self.field.wrongType("true or false")
        }
    }

    private func read<N: LosslessStringConvertible>(_ expected: String) throws -> N {
        guard let number = N(try self.plain(expected)) else { throw self.field.wrongType(expected) }
        return number
    }

    /// A text without quotes: `"5"` is a text and no number.
    private func plain(_ expected: String) throws -> String {
        guard case .scalar(let text, .plain) = self.field.node.content else { throw self.field.wrongType(expected) }
        return text
    }
}
