/// The labels of one series, in the form in which they are exposed.
///
/// Sorted by name, so that the order in which they are written doesn't matter. Names get `_` for what they can't
/// have. A value is cut after ``maximumValueBytes``, and control characters other than the line feed become U+FFFD. A
/// label without a value is left out, as Prometheus takes the two for the same. Of two labels with one name the first
/// counts. No value may come from a visitor: no text, no token, no session.
public struct Labels: Sendable, ExpressibleByDictionaryLiteral {
    /// How long a value may be, in bytes of UTF-8.
    public static let maximumValueBytes = 128

    /// As they stand between the braces, `chain="support",responder="rules"`; two sets are the same if this is.
    let text: String
    private let names: [String]

    /// - Parameter pairs: Names and values, as they come.
    public init(_ pairs: [(String, String)]) {
        var values: [String: String] = [:]
        for (name, value) in pairs where !value.isEmpty {
            let name = MetricName.sanitizedLabel(name)
            if values[name] == nil { values[name] = Self.cut(value) }
        }
        self.names = values.keys.sorted()
        self.text = self.names.map { "\($0)=\"\(Escaping.labelValue(values[$0] ?? ""))\"" }.joined(separator: ",")
    }

    public init(dictionaryLiteral elements: (String, String)...) { self.init(elements) }

    /// Whether there is none.
    var isEmpty: Bool { self.names.isEmpty }

    /// These labels, each with the value `other`.
    var folded: Labels { Labels(self.names.map { ($0, "other") }) }

    /// The beginning of `value` that is short enough, without half a character.
    private static func cut(_ value: String) -> String {
        guard value.utf8.count > self.maximumValueBytes else { return value }
        var end = value.utf8.index(value.startIndex, offsetBy: self.maximumValueBytes)
        while !UTF8.isStart(value.utf8[end]) { value.utf8.formIndex(before: &end) }
        return String(value[..<end])
    }
}

extension UTF8 {
    fileprivate static func isStart(_ byte: UInt8) -> Bool { !UTF8.isContinuation(byte) }
}

extension Labels: Hashable {
    public static func == (left: Labels, right: Labels) -> Bool { left.text == right.text }
    public func hash(into hasher: inout Hasher) { hasher.combine(self.text) }
}
