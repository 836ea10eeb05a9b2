internal import Diagnostics

/// The keys of one kind of mapping in a rule file, in the order of the reference.
///
/// The reader, "did you mean" and the schema for editors are made from the same cases, so that none of them knows a key
/// that another one doesn't.
protocol KeySet: RawRepresentable<String>, CaseIterable, Hashable, Sendable where AllCases == [Self] {
    /// What a mapping with these keys is, for people: `a rule`.
    static var mapping: String { get }
    /// What the key means and what its value may be, for editors.
    var meaning: KeyMeaning { get }
}

/// What a key means and what its value may be.
struct KeyMeaning {
    /// A sentence for people.
    var text: String
    var value: ValueShape
    /// Whether a mapping without the key is a mistake.
    var isRequired = false

    init(_ text: String, _ value: ValueShape) {
        self.text = text
        self.value = value
    }

    static func required(_ text: String, _ value: ValueShape) -> KeyMeaning {
        var meaning = KeyMeaning(text, value)
        meaning.isRequired = true
        return meaning
    }
}

/// What a value in a rule file may be.
indirect enum ValueShape {
    /// Any text that isn't empty.
    case text
    /// A text of at most so many characters.
    case shortText(Int)
    /// A text, or a number or a word that stands for one.
    case plain
    /// Lower-case letters, digits and the characters of `separators`, at most 64.
    case name(separators: String)
    case wholeNumber(ClosedRange<Int>)
    case flag
    /// `true` and nothing else.
    case isTrue
    case word([String])
    case duration
    case mapping(any KeySet.Type)
    /// Free keys, each with such a value.
    case entries(ValueShape)
    case list(ValueShape, upTo: Int? = nil)
    /// One such value, or a list of them.
    case oneOrMore(ValueShape)
    case either([ValueShape])

    /// A word of a closed set.
    static func word<Word: RawRepresentable<String> & CaseIterable>(of words: Word.Type) -> ValueShape {
        .word(Word.allCases.map(\.rawValue))
    }
}

/// One `key: value` whose key is known.
struct KeyedValue<Key: KeySet> {
    var key: Key
    /// Where the key stands.
    var place: Place
    var value: YAMLNode
}

extension Array {
    /// The value of a key, where it is written.
    subscript<Key>(key: Key) -> YAMLNode? where Element == KeyedValue<Key> { self.first { $0.key == key }?.value }
}

extension RuleFileReader {
    /// The entries of a mapping whose keys are known; what isn't known is reported.
    ///
    /// - Parameters:
    ///   - node: The mapping.
    ///   - keys: The keys that it may have.
    ///   - mapping: What it is, for people, where the kind's own name isn't enough.
    /// - Returns: The known entries, or nothing where this is no mapping.
    mutating func entries<Key: KeySet>(
        of node: YAMLNode,
        _ keys: Key.Type,
        called mapping: String? = nil
    ) -> [KeyedValue<Key>]? {
        let names = Key.allCases.map(\.rawValue)
        guard let entries = node.entries else {
            let known = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", ..." : "")
            let problem = "\(mapping ?? Key.mapping) is \(node.written)"
            self.findings.error("wrong-value", at: node.place, problem, hint: "write keys and values: \(known)")
            return nil
        }
        return entries.compactMap { entry in
            if let key = Key(rawValue: entry.key) {
                return KeyedValue(key: key, place: entry.place, value: entry.value)
            }
            let hint = suggestion(for: entry.key, among: names)
            self.findings.error("unknown-key", at: entry.place, "unknown key \"\(entry.key)\"", hint: hint)
            return nil
        }
    }
}
