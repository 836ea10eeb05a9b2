/// The parameters of a request's target, decoded strictly.
///
/// A token, a parameter that occurs twice, a control character and anything that isn't UTF-8 after decoding are refused: two
/// readers of one request must never see different values.
struct Query: Sendable {
    /// Why a query can't be read.
    struct Malformed: Error, Hashable { var reason: String }

    private let values: [String: String]

    /// Reads what stands behind the `?` of a target.
    ///
    /// - Throws: `Malformed` with a reason that quotes nothing of the request.
    init(_ text: Substring) throws(Malformed) {
        var values: [String: String] = [:]
        for pair in text.utf8.split(separator: UInt8(ascii: "&")) {
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            let key = try Self.decoded(pair[..<equals])
            let value = equals == pair.endIndex ? "" : try Self.decoded(pair[pair.index(after: equals)...])
            guard values.updateValue(value, forKey: key) == nil else {
                throw Malformed(reason: "a query parameter occurs twice")
            }
        }
        guard !values.keys.contains(where: Self.isCredential) else { throw .credential }
        self.values = values
    }

    /// Checks that a target holds nothing that gives access, for paths whose query nobody reads.
    ///
    /// - Parameter target: Path and query of a request.
    /// - Throws: `Malformed`.
    static func checkHoldsNoCredential(_ target: some StringProtocol) throws(Malformed) {
        guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return }
        for pair in Substring(target[mark...].dropFirst()).utf8.split(separator: UInt8(ascii: "&")) {
            let name = try? Self.decoded(pair.prefix { $0 != UInt8(ascii: "=") })
            if let name, Self.isCredential(name) { throw .credential }
        }
    }

    /// Whether a parameter is called as those that carry a credential, here or at other servers (RFC 6750 section 2.3).
    private static func isCredential(_ name: String) -> Bool { self.credentials.contains(name.lowercased()) }

    private static let credentials: Set<String> = [
        "token", "access_token", "accesstoken", "refresh_token", "refreshtoken", "id_token", "identity", "bearer",
        "jwt",
        "authorization",
    ]

    subscript(name: String) -> String? { self.values[name] }

    /// Removes percent-encoding (RFC 3986 section 2.1).
    ///
    /// `+` stands for itself.
    private static func decoded(_ text: Substring.UTF8View.SubSequence) throws(Malformed) -> String {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hexadecimal), let low = rest.popFirst().flatMap(hexadecimal)
            else { throw Malformed(reason: "a percent sign without two digits") }
            bytes.append(high << 4 | low)
        }
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw Malformed(reason: "a control character in the query")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Malformed(reason: "the query is not UTF-8")
        }
        return text
    }
}

private func hexadecimal(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}

extension Query.Malformed {
    /// URLs end up in logs and histories.
    fileprivate static let credential = Query.Malformed(reason: "a token never stands in a URL")
}
