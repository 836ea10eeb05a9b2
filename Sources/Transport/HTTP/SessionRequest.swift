import Access
import Messages

/// The body of `POST /api/chat/session`: `{"site","session","refreshToken","identity","cookie"}`, all of them
/// optional.
///
/// `identity` is a token of the site's, or `{"id","hash"}` where the site allows that.
struct SessionRequest: Sendable {
    var site: String?
    var session: SessionID?
    var refreshToken: String?
    var identity: IdentityProof?
    /// Whether the refresh token comes and goes in a cookie.
    var usesCookie: Bool

    /// Reads a body.
    ///
    /// - Parameter body: In valid UTF-8.
    /// - Throws: `bad_json` or `bad_request`.
    init(_ body: [UInt8]) throws(ClientError) {
        let reader = try ObjectReader(body)
        self.site = try reader.text("site")
        self.refreshToken = try reader.text("refreshToken")
        self.usesCookie = try reader.flag("cookie") ?? false
        guard !self.usesCookie || self.refreshToken == nil else {
            throw ClientError(.badRequest, "with \"cookie\" there is no \"refreshToken\"", detail: "refreshToken")
        }
        if let written = try reader.text("session") {
            guard let session = SessionID(written) else {
                throw ClientError(.badRequest, "\"session\" must be 1 to 64 of A-Z a-z 0-9 _ -", detail: "session")
            }
            self.session = session
        }
        guard let proof = try reader.object("identity") else {
            self.identity = try reader.text("identity").map { .token($0) }
            return
        }
        guard let id = try proof.text("id"), let hash = try proof.text("hash") else {
            throw ClientError(.badRequest, "\"identity\" needs \"id\" and \"hash\"", detail: "identity")
        }
        self.identity = .hash(id: id, hash: hash)
    }

    func request(at site: SiteID) -> SessionDesk.Request {
        SessionDesk.Request(site: site, session: self.session, refreshToken: self.refreshToken, identity: self.identity)
    }
}

/// Reads single members of a JSON object, for bodies that are no frames.
struct ObjectReader {
    private var scanner = JSONScanner()
    private let bytes: [UInt8]

    /// - Throws: `bad_json`.
    init(_ bytes: [UInt8]) throws(ClientError) {
        self.bytes = bytes
        var scanner = JSONScanner()
        do {
            try bytes.withUnsafeBufferPointer { try scanner.scan($0) }
        } catch {
            throw ClientError(.badJSON, "not one JSON object")
        }
        self.scanner = scanner
    }

    /// A text; nothing where it is missing or `null`.
    ///
    /// - Throws: `bad_request` where it is something else.
    func text(_ key: StaticString) throws(ClientError) -> String? {
        let found = self.bytes.withUnsafeBufferPointer { bytes -> (kind: JSONScanner.Kind, text: String)? in
            guard let value = self.scanner.value(of: key, in: bytes), value.kind != .null else { return nil }
            return (value.kind, value.kind == .string ? self.scanner.text(of: value, in: bytes) : "")
        }
        guard let found else { return nil }
        guard found.kind == .string else {
            throw ClientError(.badRequest, "\"\(key)\" must be a text", detail: key.description)
        }
        return found.text
    }

    /// A truth value; nothing where it is missing or `null`.
    ///
    /// - Throws: `bad_request` where it is something else.
    func flag(_ key: StaticString) throws(ClientError) -> Bool? {
        let found = self.bytes.withUnsafeBufferPointer { bytes in
            self.scanner.value(of: key, in: bytes).map { ($0.kind, bytes[$0.start] == UInt8(ascii: "t")) }
        }
        switch found {
        case nil, (.null, _)?: return nil
        case (.bool, let isTrue)?: return isTrue
        default: throw ClientError(.badRequest, "\"\(key)\" must be true or false", detail: key.description)
        }
    }

    /// An object; nothing where there is something else.
    ///
    /// - Throws: `bad_json` where the object itself can't be taken.
    func object(_ key: StaticString) throws(ClientError) -> ObjectReader? {
        let inner = self.bytes.withUnsafeBufferPointer { bytes -> [UInt8]? in
            guard let value = self.scanner.value(of: key, in: bytes), value.kind == .object else { return nil }
            return Array(bytes[value.start..<value.end])
        }
        guard let inner else { return nil }
        return try ObjectReader(inner)
    }
}
