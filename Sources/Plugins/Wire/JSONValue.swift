internal import Messages

/// A JSON value, for what plugins in other languages say and hear.
package enum JSONValue: Sendable, Hashable {
    case null
    case flag(Bool)
    case number(Double)
    case text(String)
    case list([JSONValue])
    case object([Member])

    /// One member of an object.
    ///
    /// Objects keep their order.
    package struct Member: Sendable, Hashable {
        package var key: String
        package var value: JSONValue

        package init(_ key: String, _ value: JSONValue) {
            self.key = key
            self.value = value
        }
    }

    /// The value of a member; of several with the key, the first.
    package subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// What it is, for people: `a text`.
    var kind: String {
        switch self {
        case .null: "null"
        case .flag: "true or false"
        case .number: "a number"
        case .text: "a text"
        case .list: "a list"
        case .object: "an object"
        }
    }
}

// MARK: Reading

extension JSONValue {
    /// Reads one object.
    ///
    /// - Parameter bytes: The text, UTF-8 or not.
    /// - Throws: `not-utf8`, or `not-json` for what is no JSON, no object, or beyond the bounds of ``Limits``: nesting,
    ///   members of an object, the length of a number, a key that occurs twice.
    init(object bytes: UnsafeBufferPointer<UInt8>) throws(WireProblem) {
        guard UTF8Validator.isValid(UnsafeRawBufferPointer(bytes)) else {
            throw WireProblem(
                "not-utf8",
                "the line is not UTF-8",
                hint: "write UTF-8, whatever the system's encoding is"
            )
        }
        do throws(JSONScanner.Failure) {
            self = try Self.object(bytes)
        } catch {
            throw WireProblem(error)
        }
    }

    private static func object(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONScanner.Failure) -> JSONValue {
        var scanner = JSONScanner()
        try scanner.scan(bytes)
        var members: [Member] = []
        members.reserveCapacity(scanner.members.count)
        for member in scanner.members {
            members.append(
                Member(scanner.key(of: member, in: bytes), try self.value(member.value, of: &scanner, in: bytes))
            )
        }
        return .object(members)
    }

    private static func value(
        _ value: JSONScanner.Value,
        of scanner: inout JSONScanner,
        in bytes: UnsafeBufferPointer<UInt8>
    ) throws(JSONScanner.Failure) -> JSONValue {
        switch value.kind {
        case .null: return .null
        case .bool: return .flag(bytes[value.start] == UInt8(ascii: "t"))
        case .string: return .text(scanner.text(of: value, in: bytes))
        case .number:
            let literal = String(decoding: bytes[value.start..<value.end], as: UTF8.self)
            return .number(Double(literal) ?? 0)
        case .array:
            var values: [JSONValue] = []
            for element in scanner.elements(of: value, in: bytes) {
                values.append(try self.value(element, of: &scanner, in: bytes))
            }
            return .list(values)
        case .object: return try self.object(UnsafeBufferPointer(rebasing: bytes[value.start..<value.end]))
        }
    }
}

extension WireProblem {
    fileprivate init(_ failure: JSONScanner.Failure) {
        let problem =
            switch failure {
            case .syntax: "the line is no JSON"
            case .notAnObject: "the line is JSON, but no object"
            case .tooDeep: "the JSON nests deeper than \(Limits.jsonDepth) levels"
            case .tooManyMembers: "an object has more than \(Limits.jsonMembers) members"
            case .duplicateKey: "an object has the same key twice"
            case .numberTooLong: "a number has more than \(Limits.jsonNumberBytes) characters"
            case .numberOutOfRange: "a number is out of range"
            case .loneSurrogate: "a text has half of a surrogate pair"
            }
        self.init("not-json", problem, hint: "write one JSON object on one line")
    }
}

// MARK: Writing

extension JSONValue {
    /// The value as JSON without line breaks.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        self.write(to: &bytes)
        return bytes
    }

    func write(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .flag(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
        case .number(let number): bytes.append(contentsOf: Self.written(number).utf8)
        case .text(let text): Self.quote(text, into: &bytes)
        case .list(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.quote(member.key, into: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    /// JSON has no infinity; nobody counts so far.
    private static func written(_ number: Double) -> String {
        guard number.isFinite else { return "null" }
        if let whole = Int64(exactly: number), whole.magnitude <= Limits.largestInteger { return "\(whole)" }
        return "\(number)"
    }

    private static func quote(_ text: String, into bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
            case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
            case 0x0A: bytes.append(contentsOf: #"\n"#.utf8)
            case 0x0D: bytes.append(contentsOf: #"\r"#.utf8)
            case 0x09: bytes.append(contentsOf: #"\t"#.utf8)
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes.append(contentsOf: (digits.count == 1 ? #"\u000"# : #"\u00"#).utf8)
                bytes.append(contentsOf: digits.utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

// MARK: Shorthands

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral text: String) { self = .text(text) }
    package init(integerLiteral number: Int) { self = .number(Double(number)) }
    package init(booleanLiteral flag: Bool) { self = .flag(flag) }
    package init(arrayLiteral values: JSONValue...) { self = .list(values) }
    package init(dictionaryLiteral members: (String, JSONValue)...) {
        self = .object(members.map { Member($0.0, $0.1) })
    }

    package init(_ number: Int) { self = .number(Double(number)) }

    /// An object of the members that have a value.
    package static func present(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
        .object(members.compactMap { member in member.value.map { Member(member.key, $0) } })
    }
}

extension JSONValue: Decodable {
    /// Reads a value of a configuration file: plain `true` and numbers are such, everything else is a text.
    package init(from decoder: any Decoder) throws {
        if let list = try? [JSONValue](from: decoder) {
            self = .list(list)
        } else if let fields = try? [String: JSONValue](from: decoder), !fields.isEmpty {
            self = .object(fields.sorted { $0.key < $1.key }.map { Member($0.key, $0.value) })
        } else {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else {
                self = .text(try container.decode(String.self))
            }
        }
    }
}
