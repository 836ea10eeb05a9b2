internal import FoundationEssentials

/// What a tracker answered, as JSON of any size up to what is read of an answer.
///
/// Numbers stay as they are written where they are whole: the id of an issue may have more digits than a `Double`.
indirect enum TrackerDocument: Hashable, Sendable {
    case null
    case flag(Bool)
    case number(String)
    case text(String)
    case list([TrackerDocument])
    case object([String: TrackerDocument])

    /// Reads a document; nothing where it is none.
    init?(json bytes: [UInt8]) {
        guard let document = try? JSONDecoder().decode(Self.self, from: Data(bytes)) else { return nil }
        self = document
    }

    /// A text, or a number or a flag as text.
    var text: String? {
        switch self {
        case .text(let text), .number(let text): text
        case .flag(let flag): "\(flag)"
        case .null, .list, .object: nil
        }
    }

    var items: [TrackerDocument] {
        if case .list(let items) = self { items } else { [] }
    }

    /// A member; nothing where it is missing or null.
    subscript(key: String) -> TrackerDocument? {
        guard case .object(let members) = self, let member = members[key], member != .null else { return nil }
        return member
    }

    /// What a pointer leads to; nothing where that is missing or null.
    subscript(pointer: DocumentPointer) -> TrackerDocument? {
        var found = self
        for part in pointer.parts {
            switch found {
            case .object(let members):
                guard let member = members[part] else { return nil }
                found = member
            case .list(let items):
                guard let index = Int(part), items.indices.contains(index) else { return nil }
                found = items[index]
            default: return nil
            }
        }
        return found == .null ? nil : found
    }
}

extension TrackerDocument: Decodable {
    init(from decoder: any Decoder) throws {
        if let members = try? decoder.container(keyedBy: MemberName.self) {
            var object: [String: TrackerDocument] = [:]
            for name in members.allKeys {
                object[name.stringValue] = try members.decode(TrackerDocument.self, forKey: name)
            }
            self = .object(object)
        } else if var items = try? decoder.unkeyedContainer() {
            var list: [TrackerDocument] = []
            while !items.isAtEnd { list.append(try items.decode(TrackerDocument.self)) }
            self = .list(list)
        } else {
            self = try Self(scalar: try decoder.singleValueContainer())
        }
    }

    private init(scalar value: any SingleValueDecodingContainer) throws {
        if value.decodeNil() {
            self = .null
        } else if let flag = try? value.decode(Bool.self) {
            self = .flag(flag)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let number = try? value.decode(Int64.self) {
            self = .number("\(number)")
        } else if let number = try? value.decode(UInt64.self) {
            self = .number("\(number)")
        } else {
            self = .number("\(try value.decode(Double.self))")
        }
    }

    private struct MemberName: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { return nil }
    }
}

/// The way to a part of a document (RFC 6901): `/ticket/id`, `/tickets/0/id`.
struct DocumentPointer: Hashable, Sendable {
    let parts: [String]

    /// Nothing where it is none: it is empty, or begins with a slash.
    init?(_ text: String) {
        // By bytes: behind a slash a mark would make one character of both.
        let slash = UInt8(ascii: "/")
        guard text.isEmpty || text.utf8.first == slash else { return nil }
        self.parts = text.utf8.split(separator: slash, omittingEmptySubsequences: false).dropFirst().map(Self.name)
    }

    /// `~1` is a slash and `~0` a tilde.
    private static func name(_ written: Substring.UTF8View) -> String {
        var bytes: [UInt8] = []
        var isEscaped = false
        for byte in written {
            switch (isEscaped, byte) {
            case (true, UInt8(ascii: "0")): bytes[bytes.count - 1] = UInt8(ascii: "~")
            case (true, UInt8(ascii: "1")): bytes[bytes.count - 1] = UInt8(ascii: "/")
            default: bytes.append(byte)
            }
            isEscaped = byte == UInt8(ascii: "~")
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
