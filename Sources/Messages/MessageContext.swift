/// What a message says about the page that it was written on: a JSON object of allowed keys.
///
/// Whatever else a client sends (form values, cookies, user agents) is removed before anything stores, routes or
/// shows it.
public struct MessageContext: Hashable, Sendable {
    /// A JSON object, `{}` where nothing is known.
    public let json: String

    public static let empty = MessageContext(json: "{}")

    private init(json: String) { self.json = json }

    /// The allowed keys, and the kind of value that each must have to stay.
    private static let allowed: [String: JSONScanner.Kind] = [
        "page": .string, "url": .string, "title": .string, "pageTitle": .string, "viewport": .object,
        "viewportSize": .string, "locale": .string, "clientTimestamp": .string, "selectedElement": .object,
        "errors": .array, "vars": .object,
    ]
    private static let longestText: [String: Int] = [
        "page": 2_048, "url": 2_048, "title": 200, "pageTitle": 200, "viewportSize": 40, "locale": 40,
        "clientTimestamp": 40,
    ]

    /// Takes the allowed members of an object that was scanned as part of a frame.
    ///
    /// Keys keep their order. Query and fragment of `page` and `url` are cut, texts are cut to their limit.
    init(filtering object: UnsafeBufferPointer<UInt8>, using scanner: inout JSONScanner) {
        guard object.count > 2, (try? scanner.scan(object)) != nil else {
            self = .empty
            return
        }
        var members: [String] = []
        for member in scanner.members {
            let key = scanner.key(of: member, in: object)
            guard Self.allowed[key] == member.value.kind else { continue }
            members.append("\"\(key)\":\(Self.filtered(member.value, of: key, in: object, scanner))")
        }
        self.json = "{\(members.joined(separator: ","))}"
    }

    /// The value as JSON, within its limits.
    private static func filtered(
        _ value: JSONScanner.Value,
        of key: String,
        in object: UnsafeBufferPointer<UInt8>,
        _ scanner: JSONScanner
    ) -> String {
        guard value.kind == .string else { return String(decoding: object[value.start..<value.end], as: UTF8.self) }
        var text = scanner.text(of: value, in: object)
        if key == "page" || key == "url", let cut = text.firstIndex(where: { $0 == "?" || $0 == "#" }) {
            text = String(text[..<cut])
        }
        if let limit = Self.longestText[key], text.utf8.count > limit { text = String(text.prefix(limit)) }
        return quoted(text)
    }
}

extension MessageContext {
    /// The text of a member, where it has that member and the member is a text.
    ///
    /// - Parameter key: One of the allowed keys, such as `page`.
    /// - Returns: The text, or nothing.
    public func text(_ key: StaticString) -> String? {
        guard self.json.utf8.count > 2 else { return nil }
        var json = self.json
        return json.withUTF8 { bytes in
            var scanner = JSONScanner()
            guard (try? scanner.scan(bytes)) != nil, let value = scanner.value(of: key, in: bytes),
                value.kind == .string
            else { return nil }
            return scanner.text(of: value, in: bytes)
        }
    }

    /// How many of an object's members ``texts(of:)`` gives.
    public static let maximumTexts = 20

    /// The members of a member that is an object, such as `vars`: texts as they are, numbers and truth values as they
    /// were written.
    ///
    /// - Parameter key: One of the allowed keys.
    /// - Returns: The first ``maximumTexts`` of them; none where the message has no such object.
    public func texts(of key: StaticString) -> [String: String] {
        guard self.json.utf8.count > 2 else { return [:] }
        var json = self.json
        return json.withUTF8 { bytes in
            var scanner = JSONScanner()
            guard (try? scanner.scan(bytes)) != nil, let value = scanner.value(of: key, in: bytes),
                value.kind == .object
            else { return [:] }
            let object = UnsafeBufferPointer(rebasing: bytes[value.start..<value.end])
            guard (try? scanner.scan(object)) != nil else { return [:] }
            let scalars = scanner.members.filter { [.string, .number, .bool].contains($0.value.kind) }
            let texts = scalars.prefix(Self.maximumTexts).map { member in
                let isText = member.value.kind == .string
                let written = String(decoding: object[member.value.start..<member.value.end], as: UTF8.self)
                return (
                    scanner.key(of: member, in: object), isText ? scanner.text(of: member.value, in: object) : written
                )
            }
            return Dictionary(texts) { first, _ in first }
        }
    }
}
