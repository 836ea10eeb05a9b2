import FoundationEssentials
import Messages

/// Reads the members of one JSON object, each as the kind that it must have.
///
/// A number that is written as a string is no number, and the other way round.
struct ClaimReader {
    private let bytes: [UInt8]
    private let scanner: JSONScanner

    /// Reads an object.
    ///
    /// - Throws: ``AccessDenied/malformed`` where the bytes aren't one JSON object as ``JSONScanner`` reads it.
    init(_ bytes: [UInt8]) throws(AccessDenied) {
        guard bytes.withUnsafeBytes({ UTF8Validator.isValid($0) }) else { throw .malformed }
        var scanner = JSONScanner()
        do {
            try bytes.withUnsafeBufferPointer { (bytes) throws(JSONScanner.Failure) in try scanner.scan(bytes) }
        } catch { throw .malformed }
        self.bytes = bytes
        self.scanner = scanner
    }

    private func value(_ key: StaticString) -> JSONScanner.Value? {
        self.bytes.withUnsafeBufferPointer { self.scanner.value(of: key, in: $0) }
    }

    /// Whether a member is there, of whatever kind.
    func has(_ key: StaticString) -> Bool { self.value(key) != nil }

    /// A text that must be there.
    ///
    /// - Throws: ``AccessDenied/missingClaim``.
    func text(_ key: StaticString) throws(AccessDenied) -> String {
        guard let text = try self.textIfPresent(key) else { throw .missingClaim }
        return text
    }

    /// A text that may be missing, but not be something else.
    ///
    /// - Throws: ``AccessDenied/missingClaim`` where it is no text.
    func textIfPresent(_ key: StaticString) throws(AccessDenied) -> String? {
        guard let value = self.value(key) else { return nil }
        guard value.kind == .string else { throw .missingClaim }
        return self.bytes.withUnsafeBufferPointer { self.scanner.text(of: value, in: $0) }
    }

    /// A moment that must be there: seconds since 1970, whole or not (RFC 7519 section 2, "NumericDate").
    ///
    /// - Throws: ``AccessDenied/missingClaim``.
    func moment(_ key: StaticString) throws(AccessDenied) -> Timestamp {
        guard let moment = try self.momentIfPresent(key) else { throw .missingClaim }
        return moment
    }

    /// A moment that may be missing, but not be something else.
    ///
    /// - Throws: ``AccessDenied/missingClaim`` where it is no number from 0 through 10^12.
    func momentIfPresent(_ key: StaticString) throws(AccessDenied) -> Timestamp? {
        guard let value = self.value(key) else { return nil }
        let literal = String(decoding: self.bytes[value.start..<value.end], as: UTF8.self)
        // The bound keeps sums of milliseconds far from overflow.
        guard value.kind == .number, let seconds = Double(literal), 0...1e12 ~= seconds else { throw .missingClaim }
        return Timestamp(milliseconds: Int64(seconds * 1_000))
    }

    /// The texts of a member that is one text or an array of texts, as `aud` may be.
    ///
    /// - Throws: ``AccessDenied/missingClaim``.
    func texts(_ key: StaticString) throws(AccessDenied) -> [String] {
        guard let value = self.value(key) else { throw .missingClaim }
        guard value.kind == .array else { return [try self.text(key)] }
        do {
            return try JSONDecoder().decode([String].self, from: Data(self.bytes[value.start..<value.end]))
        } catch { throw .missingClaim }
    }

    /// The members of an object, those that are texts, numbers or flags; none where it is missing.
    ///
    /// - Throws: ``AccessDenied/missingClaim`` where it is no object.
    func textMembersIfPresent(_ key: StaticString) throws(AccessDenied) -> [String: String] {
        guard let value = self.value(key) else { return [:] }
        guard value.kind == .object else { throw .missingClaim }
        do {
            let members = try JSONDecoder().decode(
                [String: Scalar].self,
                from: Data(self.bytes[value.start..<value.end])
            )
            return members.compactMapValues(\.text)
        } catch { throw .missingClaim }
    }

    /// A text, a number or a flag; nothing of anything else.
    private struct Scalar: Decodable {
        let text: String?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self.text = text
            } else if let flag = try? container.decode(Bool.self) {
                self.text = flag ? "true" : "false"
            } else if let number = try? container.decode(Int64.self) {
                self.text = String(number)
            } else if let number = try? container.decode(Double.self) {
                self.text = String(number)
            } else {
                self.text = nil
            }
        }
    }
}
