/// Typed fields of an object of the API: null is as good as missing, and what isn't asked for is ignored.
extension JSONValue {
    func textField(_ key: String) throws(WireProblem) -> String? {
        switch self[key] {
        case nil, .null?: nil
        case .text(let text)?: text
        case let other?: throw Self.wrongType(key, "a text", other)
        }
    }

    func requiredText(_ key: String) throws(WireProblem) -> String {
        guard let text = try self.textField(key) else { throw WireProblem("bad-response", "\(key): missing") }
        return text
    }

    /// A number of tokens, or an index.
    func count(_ key: String) throws(WireProblem) -> Int? {
        switch self[key] {
        case nil, .null?: return nil
        case .number(let number)?:
            // Far more than any response has, and far less than what an addition could overflow with.
            guard let count = Int(exactly: number), 0...1_000_000_000_000 ~= count else {
                throw WireProblem("bad-response", "\(key): no count")
            }
            return count
        case let other?: throw Self.wrongType(key, "a whole number", other)
        }
    }

    func object(_ key: String) throws(WireProblem) -> JSONValue? {
        switch self[key] {
        case nil, .null?: nil
        case .object(let members)?: .object(members)
        case let other?: throw Self.wrongType(key, "an object", other)
        }
    }

    private static func wrongType(_ key: String, _ expected: String, _ found: JSONValue) -> WireProblem {
        WireProblem("bad-response", "\(key): expected \(expected), found \(found.kind)")
    }

    /// The same value with the keys of every object in order, so that equal values have equal bytes.
    var sorted: JSONValue {
        switch self {
        case .object(let members):
            .object(members.map { Member($0.key, $0.value.sorted) }.sorted { $0.key < $1.key })
        case .list(let values): .list(values.map(\.sorted))
        case .null, .flag, .number, .text: self
        }
    }

    /// Reads one object from bytes.
    ///
    /// - Throws: As `init(object:)` does.
    package init(bytes: [UInt8]) throws(WireProblem) {
        let result = bytes.withUnsafeBufferPointer { buffer in
            Result { () throws(WireProblem) in try JSONValue(object: buffer) }
        }
        self = try result.get()
    }
}
