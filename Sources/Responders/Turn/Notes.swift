/// What the responders of a turn found, by their names in the chain.
public struct Notes: Sendable, Hashable {
    private var values: [String: Note] = [:]
    private var bytes = 0

    /// How large all notes of a turn may be together, about as their JSON.
    public static let maximumBytes = 32_768

    public init() {}

    /// The note of the responder called `name`.
    public subscript(name: String) -> Note? { self.values[name] }

    /// Whether nobody left a note.
    public var isEmpty: Bool { self.values.isEmpty }

    /// The names of the responders that left a note, sorted.
    public var names: [String] { self.values.keys.sorted() }

    /// Keeps a note unless all together would be too large.
    ///
    /// - Returns: Whether the note is kept.
    mutating func keep(_ note: Note, of name: String) -> Bool {
        let total = self.bytes - (self.values[name]?.bytes ?? 0) + note.bytes
        guard total <= Self.maximumBytes else { return false }
        self.values[name] = note
        self.bytes = total
        return true
    }
}

/// One responder's note: a value as JSON has them.
public enum Note: Sendable, Hashable {
    case text(String)
    case number(Double)
    case flag(Bool)
    case list([Note])
    case fields([String: Note])

    /// The text, where the note is one.
    public var text: String? { if case .text(let text) = self { text } else { nil } }

    /// The value of `name`, where the note has fields.
    public subscript(name: String) -> Note? { if case .fields(let fields) = self { fields[name] } else { nil } }

    /// About how many bytes its JSON has.
    var bytes: Int {
        switch self {
        case .text(let text): text.utf8.count + 2
        case .number, .flag: 8
        case .list(let notes): notes.reduce(2) { $0 + $1.bytes + 1 }
        case .fields(let fields): fields.reduce(2) { $0 + $1.key.utf8.count + $1.value.bytes + 4 }
        }
    }
}

extension Note: ExpressibleByStringLiteral, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral text: String) { self = .text(text) }
    public init(floatLiteral number: Double) { self = .number(number) }
    public init(integerLiteral number: Int) { self = .number(Double(number)) }
    public init(booleanLiteral flag: Bool) { self = .flag(flag) }
    public init(arrayLiteral notes: Note...) { self = .list(notes) }
    public init(dictionaryLiteral fields: (String, Note)...) {
        self = .fields(Dictionary(fields) { _, last in last })
    }
}
