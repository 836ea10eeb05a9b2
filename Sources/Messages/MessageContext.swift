/// What a message says about the page that it was written on: a JSON object of allowed keys.
///
/// Whatever else a client sends (form values, cookies, user agents) is removed before anything stores, routes or
/// shows it.
public struct MessageContext: Hashable, Sendable {
    /// A JSON object, `{}` where nothing is known.
    public let json: String

    public static let empty = MessageContext(json: "{}")

    init(json: String) { self.json = json }

    /// The context of a visitor's message.
    ///
    /// - Parameter frame: As ``ServerFrame/durable(_:session:seq:epoch:)`` makes it; another gives an empty context.
    public init(ofFrame frame: [UInt8]) {
        self = frame.withUnsafeBufferPointer { bytes in
            var scanner = JSONScanner()
            guard (try? scanner.scan(bytes)) != nil, let value = scanner.value(of: "context", in: bytes),
                value.kind == .object
            else { return .empty }
            var inner = JSONScanner()
            return MessageContext(
                filtering: UnsafeBufferPointer(rebasing: bytes[value.start..<value.end]),
                using: &inner
            )
        }
    }

    /// What may stand under a key; lengths in characters (Unicode scalars).
    private enum Form {
        case text(longest: Int)
        /// A path or URL, without its query and fragment.
        case address
        /// An object of these texts.
        case texts([String: Int])
        /// An object of the site's own pairs.
        case pairs(atMost: Int, longestKey: Int, longestValue: Int)
        /// An array of texts.
        case list(atMost: Int, longest: Int)
    }

    private static let forms: [String: Form] = [
        "page": .address, "url": .address, "title": .text(longest: 200), "pageTitle": .text(longest: 200),
        "viewport": .pairs(atMost: 8, longestKey: 40, longestValue: 40), "viewportSize": .text(longest: 40),
        "locale": .text(longest: 40), "clientTimestamp": .text(longest: 40),
        "selectedElement": .texts(["selector": 300, "tag": 32, "text": 100]),
        "errors": .list(atMost: 5, longest: 200),
        "vars": .pairs(atMost: Self.maximumTexts, longestKey: 40, longestValue: 200),
    ]

    /// Takes the allowed members of an object that was scanned as part of a frame.
    ///
    /// Keys keep their order. Query and fragment of `page` and `url` are cut, texts are cut to their limit, and what has
    /// another form than its key asks for goes. What stays is written anew, so it holds no line break.
    init(filtering object: UnsafeBufferPointer<UInt8>, using scanner: inout JSONScanner) {
        guard object.count > 2, (try? scanner.scan(object)) != nil else {
            self = .empty
            return
        }
        var members: [String] = []
        for member in scanner.members {
            let key = scanner.key(of: member, in: object)
            guard let form = Self.forms[key], let value = Self.filtered(member.value, as: form, in: object, &scanner)
            else { continue }
            members.append("\"\(key)\":\(value)")
        }
        self.json = "{\(members.joined(separator: ","))}"
    }

    /// The context with the time that the client's clock showed, which nothing is ordered or limited by.
    ///
    /// - Parameter timestamp: As the client wrote it; cut as every text of a context.
    /// - Returns: The same context where it has such a time already.
    func sent(at timestamp: String) -> MessageContext {
        guard self.text("clientTimestamp") == nil else { return self }
        var writer = JSONWriter(reserving: self.json.utf8.count + timestamp.utf8.count + 32)
        writer.object { object in
            object.text("clientTimestamp", Self.cut(timestamp, to: 40))
            object.members(ofJSON: self.json)
        }
        return MessageContext(json: writer.text)
    }

    /// The value as JSON, within its limits; nothing where it has another form.
    private static func filtered(
        _ value: JSONScanner.Value,
        as form: Form,
        in object: UnsafeBufferPointer<UInt8>,
        _ scanner: inout JSONScanner
    ) -> String? {
        switch (form, value.kind) {
        case (.text(let longest), .string): return Self.text(value, longest, object, scanner)
        case (.address, .string):
            let address = scanner.text(of: value, in: object).prefix { $0 != "?" && $0 != "#" }
            return quoted(Self.cut(String(address), to: 2_048))
        case (.texts(let allowed), .object):
            return Self.members(of: value, in: object) { key, value, object, scanner in
                guard value.kind == .string else { return nil }
                return allowed[key].map { Self.text(value, $0, object, scanner) }
            }
        case (.pairs(let count, let longestKey, let longestValue), .object):
            var left = count
            return Self.members(of: value, in: object) { key, value, object, scanner in
                let scalar = Self.scalar(value, longestValue, object, scanner)
                guard left > 0, let scalar, key.unicodeScalars.count <= longestKey else { return nil }
                left -= 1
                return scalar
            }
        case (.list(let count, let longest), .array):
            let texts = scanner.elements(of: value, in: object).filter { $0.kind == .string }.prefix(count)
            return "[\(texts.map { Self.text($0, longest, object, scanner) }.joined(separator: ","))]"
        default: return nil
        }
    }

    /// An object of the members that `filter` gives a value for.
    private static func members(
        of object: JSONScanner.Value,
        in bytes: UnsafeBufferPointer<UInt8>,
        _ filter: (String, JSONScanner.Value, UnsafeBufferPointer<UInt8>, JSONScanner) -> String?
    ) -> String {
        // The members of the outer object are still being looked at.
        var scanner = JSONScanner()
        let inner = UnsafeBufferPointer(rebasing: bytes[object.start..<object.end])
        guard (try? scanner.scan(inner)) != nil else { return "{}" }
        let members = scanner.members.compactMap { member -> String? in
            let key = scanner.key(of: member, in: inner)
            return filter(key, member.value, inner, scanner).map { "\(quoted(key)):\($0)" }
        }
        return "{\(members.joined(separator: ","))}"
    }

    private static func text(
        _ value: JSONScanner.Value,
        _ longest: Int,
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ scanner: JSONScanner
    ) -> String {
        quoted(Self.cut(scanner.text(of: value, in: bytes), to: longest))
    }

    /// A text, a number or a truth value.
    private static func scalar(
        _ value: JSONScanner.Value,
        _ longest: Int,
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ scanner: JSONScanner
    ) -> String? {
        switch value.kind {
        case .string: Self.text(value, longest, bytes, scanner)
        case .number, .bool: String(decoding: bytes[value.start..<value.end], as: UTF8.self)
        case .object, .array, .null: nil
        }
    }

    /// Scalars are counted, since one character may have any number of them.
    private static func cut(_ text: String, to longest: Int) -> String {
        guard text.utf8.count > longest else { return text }
        return String(text.unicodeScalars.prefix(longest))
    }
}

extension MessageContext {
    /// The text of a member, where it has that member and the member is a text.
    ///
    /// - Parameter key: One of the allowed keys, such as `page`.
    /// - Returns: The text, or nothing.
    public func text(_ key: StaticString) -> String? {
        self.json.utf8.count > 2 ? self.read { $0.text(key) } : nil
    }

    /// How many of an object's members ``Reading/texts(of:)`` gives.
    public static let maximumTexts = 20

    /// Reads several members at the cost of one.
    ///
    /// - Parameter body: Called once; what it is given is good until it returns.
    /// - Returns: What `body` returns.
    public func read<T>(_ body: (borrowing Reading) -> T) -> T {
        // Most say nothing: there is nothing to scan then.
        guard self.json.utf8.count > 2 else { return body(Reading(bytes: UnsafeBufferPointer(start: nil, count: 0))) }
        var json = self.json
        return json.withUTF8 { body(Reading(bytes: $0)) }
    }

    /// A context whose members were found.
    public struct Reading: ~Copyable {
        private let bytes: UnsafeBufferPointer<UInt8>
        private var scanner = JSONScanner()

        fileprivate init(bytes: UnsafeBufferPointer<UInt8>) {
            self.bytes = bytes
            // The server has written it: nothing is thrown.
            if !bytes.isEmpty { try? self.scanner.scan(bytes) }
        }

        /// The text of a member, where it has that member and the member is a text.
        ///
        /// - Parameter key: One of the allowed keys, such as `page`.
        /// - Returns: The text, or nothing.
        public func text(_ key: StaticString) -> String? {
            guard let value = self.scanner.value(of: key, in: self.bytes), value.kind == .string else { return nil }
            return self.scanner.text(of: value, in: self.bytes)
        }

        /// The members of a member that is an object, such as `vars`: texts as they are, numbers and truth values as they
        /// were written.
        ///
        /// - Parameter key: One of the allowed keys.
        /// - Returns: The first ``MessageContext/maximumTexts`` of them; none where the message has no such object.
        public func texts(of key: StaticString) -> [String: String] {
            guard let value = self.scanner.value(of: key, in: self.bytes), value.kind == .object else { return [:] }
            let object = UnsafeBufferPointer(rebasing: self.bytes[value.start..<value.end])
            var scanner = JSONScanner()
            guard (try? scanner.scan(object)) != nil else { return [:] }
            let scalars = scanner.members.filter { [.string, .number, .bool].contains($0.value.kind) }
            let texts = scalars.prefix(MessageContext.maximumTexts).map { member in
                let isText = member.value.kind == .string
                let written = String(decoding: object[member.value.start..<member.value.end], as: UTF8.self)
                return (
                    scanner.key(of: member, in: object), isText ? scanner.text(of: member.value, in: object) : written
                )
            }
            return Dictionary(texts) { first, _ in first }
        }

        /// The texts of a member that is a list, such as `errors`.
        ///
        /// - Parameter key: One of the allowed keys.
        /// - Returns: None where the message has no such list.
        public func list(of key: StaticString) -> [String] {
            guard let value = self.scanner.value(of: key, in: self.bytes), value.kind == .array else { return [] }
            // It notes what it finds, and a reading changes nothing.
            var scanner = self.scanner
            return scanner.elements(of: value, in: self.bytes).filter { $0.kind == .string }
                .map { scanner.text(of: $0, in: self.bytes) }
        }
    }
}
