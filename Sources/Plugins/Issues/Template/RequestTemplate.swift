internal import Messages
internal import Responders
internal import Tracker

/// One request of a tracker as the configuration has it, and what its answer means.
package struct TrackerRequestSettings: Decodable, Sendable {
    package enum Encoding: String, Decodable, Sendable, CaseIterable { case json, form }

    var request: String
    var headers: [String: HeaderValue]?
    var body: JSONValue?
    var encoding: Encoding?
    var ok: [Int]?
    var errorIf: String?
    var id: String?
    var number: String?
    var url: String?
    var state: String?
    var map: [String: IssueState.Phase]?
}

/// A request that is filled with values after its structure is built: no value can add a field, a header or a part of a path.
struct RequestTemplate: Sendable {
    let client: TrackerClient
    private let method: String
    private let url: TemplateText
    private let headers: [TrackerHeaders]
    private let body: Body?
    private let encoding: TrackerRequestSettings.Encoding
    /// Statuses that mean that it was done.
    let expected: Set<Int>
    private let failure: DocumentPointer?

    private indirect enum Body: Sendable {
        case fixed(JSONValue)
        case text(TemplateText)
        case list([Body])
        case object([(String, Body)])
    }

    /// - Parameters:
    ///   - written: What the configuration says.
    ///   - key: The key that it stands under.
    ///   - known: The names of its values.
    ///   - shared: Headers of every request.
    ///   - door: How the tracker is reached.
    /// - Throws: What is wrong with it.
    init(
        _ written: TrackerRequestSettings,
        key: String,
        known: Set<String>,
        shared: TrackerHeaders,
        _ door: TrackerDoor
    ) throws(ConfigurationProblem) {
        let words = written.request.split(separator: " ")
        let methods = ["GET", "POST", "PUT", "PATCH"]
        guard words.count == 2, methods.contains(String(words[0])) else {
            let hint = "write a method and an address: POST https://tracker.example/api/tickets"
            throw ConfigurationProblem("bad-request", key: "\(key).request", "this is no request", hint: hint)
        }
        self.method = String(words[0])
        let address = String(words[1])
        let behindScheme = address.firstRange(of: "://")?.upperBound ?? address.startIndex
        // A value decides nothing about who is asked.
        guard !address[..<(address[behindScheme...].firstIndex(of: "/") ?? address.endIndex)].contains("{") else {
            let hint = "write the host as it is"
            throw ConfigurationProblem("bad-request", key: "\(key).request", "the host has a placeholder", hint: hint)
        }
        self.url = try TemplateText(address, known: known, key: "\(key).request")
        self.client = try door.client(of: self.url.filled([:]), key: "\(key).request")
        let own = try TrackerHeaders(written.headers ?? [:], known: known, key: "\(key).headers", door.services)
        self.headers = [shared, own]
        self.encoding = written.encoding ?? .json
        self.body = try written.body.map { body throws(ConfigurationProblem) in
            try Self.body(body, known: known, key: "\(key).body")
        }
        if self.encoding == .form, let body { try Self.check(form: body, key: "\(key).body") }
        self.expected = Set(written.ok ?? [200, 201, 202, 204])
        guard self.expected.allSatisfy({ 200...299 ~= $0 }) else {
            throw ConfigurationProblem("wrong-value", key: "\(key).ok", "a status of success is 200 to 299")
        }
        self.failure = try written.errorIf.map { text throws(ConfigurationProblem) in
            try DocumentPointer(text, key: "\(key).error_if")
        }
    }

    private static func body(
        _ value: JSONValue,
        known: Set<String>,
        key: String
    ) throws(ConfigurationProblem) -> Body {
        switch value {
        case .text(let text): return .text(try TemplateText(text, known: known, key: key))
        case .list(let values):
            var items: [Body] = []
            for value in values { items.append(try self.body(value, known: known, key: key)) }
            return .list(items)
        case .object(let members):
            var fields: [(String, Body)] = []
            for member in members {
                fields.append((member.key, try self.body(member.value, known: known, key: "\(key).\(member.key)")))
            }
            return .object(fields)
        case .null, .flag, .number: return .fixed(value)
        }
    }

    private static func check(form body: Body, key: String) throws(ConfigurationProblem) {
        guard case .object(let fields) = body else {
            throw ConfigurationProblem("wrong-type", key: key, "a form has names and values")
        }
        for (name, value) in fields {
            if case .object = value {
                let hint = "write a text or a list"
                throw ConfigurationProblem(
                    "wrong-type",
                    key: "\(key).\(name)",
                    "a form has no fields in fields",
                    hint: hint
                )
            }
        }
    }

    // MARK: Sending

    /// Sends it, and judges the answer: the body before the status, since some say 200 and mean no.
    func send(_ values: [String: String]) async throws(TrackerError) -> TrackerClient.Answer {
        let answer = try await self.client.ask(try self.request(values), expecting: self.expected)
        if let failure, answer.document?[failure] != nil {
            throw self.client.refused("tracker-error", .invalid, "the answer has what error_if names")
        }
        return answer
    }

    private func request(_ values: [String: String]) throws(TrackerError) -> TrackerClient.Request {
        let headers = self.headers.flatMap { $0.filled(values) }
        // A value with a line break would be another header.
        guard headers.allSatisfy({ $0.1.utf8.allSatisfy { 0x20...0x7E ~= $0 } }) else {
            throw self.client.refused("bad-header", .invalid, "a value is no line of ASCII, which a header takes alone")
        }
        return TrackerClient.Request(
            method: self.method,
            url: self.url.filled(values, escape: \.percentEncoded),
            headers: headers + [("Accept", "application/json")] + (self.body == nil ? [] : [self.contentType]),
            body: self.body.map { self.written(Self.filled($0, values)) }
        )
    }

    private var contentType: (String, String) {
        ("Content-Type", self.encoding == .json ? "application/json" : "application/x-www-form-urlencoded")
    }

    private static func filled(_ body: Body, _ values: [String: String]) -> JSONValue {
        switch body {
        case .fixed(let value): value
        case .text(let text): .text(text.filled(values))
        case .list(let items): .list(items.map { self.filled($0, values) })
        case .object(let fields): .object(fields.map { JSONValue.Member($0.0, self.filled($0.1, values)) })
        }
    }

    private func written(_ value: JSONValue) -> [UInt8] {
        guard self.encoding == .form, case .object(let members) = value else { return value.bytes }
        let pairs = members.flatMap { member in
            let values: [JSONValue] = if case .list(let items) = member.value { items } else { [member.value] }
            return values.map { "\(member.key.percentEncoded)=\(Self.field($0).percentEncoded)" }
        }
        return Array(pairs.joined(separator: "&").utf8)
    }

    private static func field(_ value: JSONValue) -> String {
        if case .text(let text) = value { text } else { String(decoding: value.bytes, as: UTF8.self) }
    }

    /// The request for people, its secrets as `***`.
    func shown(_ values: [String: String]) -> String {
        let head = "\(self.method) \(self.url.filled(values, escape: \.percentEncoded))"
        let headers =
            self.headers.flatMap { $0.filled(values, isShown: true) } + (self.body == nil ? [] : [self.contentType])
        let body = self.body.map { ["", String(decoding: self.written(Self.filled($0, values)), as: UTF8.self)] } ?? []
        return ([head] + headers.map { "\($0.0): \($0.1)" } + body).joined(separator: "\n")
    }
}

extension DocumentPointer {
    init(_ text: String, key: String) throws(ConfigurationProblem) {
        guard let pointer = DocumentPointer(text) else {
            let hint = "write /ticket/id for {\"ticket\":{\"id\":…}}"
            throw ConfigurationProblem("bad-pointer", key: key, "\"\(text)\" leads nowhere", hint: hint)
        }
        self = pointer
    }
}
