internal import Diagnostics
internal import Responders

/// Reads the fields of one object and collects what is wrong with them.
///
/// Fields that it isn't asked for are ignored: a plugin may know more than this server.
struct FrameReader {
    /// What the object is called in problems: `verdict`.
    let name: String
    private let object: JSONValue
    private(set) var problems: [WireProblem] = []

    init(_ object: JSONValue, name: String) {
        self.object = object
        self.name = name
    }

    /// A field that is there and isn't null.
    func value(_ key: String) -> JSONValue? {
        let value = self.object[key]
        return value == .null ? nil : value
    }

    mutating func refuse(_ code: String, _ key: String, _ problem: String, hint: String? = nil) {
        self.problems.append(WireProblem(code, "\(self.name).\(key): \(problem)", hint: hint))
    }

    private mutating func refuse(_ key: String, expected: String, found: JSONValue) {
        self.refuse("wrong-type", key, "expected \(expected), found \(found.kind)")
    }

    mutating func text(_ key: String, atMost limit: Int = .max) -> String? {
        switch self.value(key) {
        case nil: return nil
        case .text(let text)?:
            if text.utf8.count > limit {
                self.refuse("too-long", key, "\(text.utf8.count) bytes; \(limit) is the most")
            }
            return text
        case let other?:
            self.refuse(key, expected: "a text", found: other)
            return nil
        }
    }

    mutating func requiredText(_ key: String, atMost limit: Int = .max, hint: String) -> String {
        if self.value(key) == nil { self.refuse("missing-field", key, "missing", hint: hint) }
        return self.text(key, atMost: limit) ?? ""
    }

    mutating func flag(_ key: String) -> Bool? {
        switch self.value(key) {
        case nil: return nil
        case .flag(let flag)?: return flag
        case let other?:
            self.refuse(key, expected: "true or false", found: other)
            return nil
        }
    }

    mutating func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = self.value(key) else { return nil }
        guard case .number(let number) = value, let whole = Int(exactly: number) else {
            self.refuse(key, expected: "a whole number", found: value)
            return nil
        }
        guard range.contains(whole) else {
            self.refuse("out-of-range", key, "\(whole); write \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return whole
    }

    mutating func share(_ key: String) -> Double? {
        guard let value = self.value(key) else { return nil }
        guard case .number(let number) = value, 0...1 ~= number else {
            self.refuse("out-of-range", key, "expected a number from 0 to 1", hint: "leave it out for 1")
            return nil
        }
        return number
    }

    mutating func list(_ key: String, atMost limit: Int) -> [JSONValue] {
        switch self.value(key) {
        case nil: return []
        case .list(let values)?:
            if values.count > limit { self.refuse("too-many", key, "\(values.count) items; \(limit) is the most") }
            return Array(values.prefix(limit))
        case let other?:
            self.refuse(key, expected: "a list", found: other)
            return []
        }
    }

    mutating func texts(_ key: String, atMost limit: Int, bytes: Int) -> [String] {
        self.list(key, atMost: limit).enumerated().compactMap { index, value in
            guard case .text(let text) = value else {
                self.refuse("\(key)[\(index)]", expected: "a text", found: value)
                return nil
            }
            if text.isEmpty || text.utf8.count > bytes {
                self.refuse("too-long", "\(key)[\(index)]", "\(text.utf8.count) bytes; write 1 to \(bytes)")
                return nil
            }
            return text
        }
    }

    mutating func objects(_ key: String, atMost limit: Int) -> [(name: String, object: JSONValue)] {
        self.list(key, atMost: limit).enumerated().compactMap { index, value in
            guard case .object = value else {
                self.refuse("\(key)[\(index)]", expected: "an object", found: value)
                return nil
            }
            return ("\(self.name).\(key)[\(index)]", value)
        }
    }

    /// A word of a closed set.
    mutating func word<W: RawRepresentable & CaseIterable>(_ key: String, _ type: W.Type) -> W?
    where W.RawValue == String {
        guard let text = self.text(key) else { return nil }
        if let word = W(rawValue: text) { return word }
        let known = W.allCases.map(\.rawValue)
        self.refuse("unknown-word", key, "\"\(text.prefix(40))\"", hint: suggestion(for: text, among: known))
        return nil
    }

    /// A code in kebab case, at most 40 characters.
    mutating func code(_ key: String) -> TraceReason? {
        guard let text = self.text(key) else { return nil }
        guard isCode(text) else {
            self.refuse("bad-code", key, "no word in kebab case", hint: "write 1 to 40 of a-z 0-9 -, such as not-mine")
            return nil
        }
        return TraceReason(rawValue: text)
    }

    /// Takes over what another reader found.
    mutating func add(_ other: FrameReader) { self.problems += other.problems }

    func check() throws(WireProblems) {
        guard self.problems.isEmpty else { throw WireProblems(all: self.problems) }
    }
}

/// Whether a text is a code in kebab case: 1 to 40 of `a-z 0-9 -`.
func isCode(_ text: String) -> Bool {
    1...40 ~= text.utf8.count
        && text.utf8.allSatisfy { 0x61...0x7A ~= $0 || 0x30...0x39 ~= $0 || $0 == UInt8(ascii: "-") }
}

/// Everything that is wrong with one frame.
package struct WireProblems: Error, Sendable, Hashable {
    package var all: [WireProblem]
    /// The frame's type; nothing where the line is no JSON at all.
    package var type: String?
    /// The call that the frame belongs to, where it names one.
    package var id: String?

    init(all: [WireProblem]) { self.all = all }

    /// The first one, which says what else there is.
    var asOne: WireProblem {
        let first = self.all[0]
        let others = self.all.dropFirst().map(\.description)
        return WireProblem(
            first.code,
            first.problem,
            hint: ([first.hint].compactMap(\.self) + others).joined(separator: " | ")
        )
    }
}
