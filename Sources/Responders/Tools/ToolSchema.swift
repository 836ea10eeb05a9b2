/// The JSON Schema of a tool's input, made from its type.
public struct ToolSchema: Sendable, Hashable {
    /// The properties in the order of their names.
    public let properties: [Property]

    /// One property.
    public struct Property: Sendable, Hashable {
        public let name: String
        public let kind: Kind
        public let isRequired: Bool
        public let description: String?
    }

    /// What a property can be.
    public indirect enum Kind: Sendable, Hashable {
        case text, integer, number, flag
        /// One of these words.
        case word([String])
        case list(Kind)
    }

    /// Reads a type, by decoding it from nothing and noting what it asks for.
    ///
    /// Nothing where it asks for something that isn't in ``Kind``, or for nothing at all.
    public init?<Input: ToolInput>(of type: Input.Type) {
        let notes = SchemaNotes()
        guard (try? Input(from: SchemaReader(notes: notes))) != nil, !notes.isUnreadable else { return nil }
        self.properties = notes.properties.map { name, found in
            Property(
                name: name,
                kind: found.kind,
                isRequired: found.isRequired,
                description: Input.descriptions[name]
            )
        }
        .sorted { $0.name < $1.name }
    }

    /// The schema as JSON has it.
    public var note: Note {
        let required = self.properties.filter(\.isRequired).map { Note.text($0.name) }
        return [
            "type": "object", "additionalProperties": false, "required": .list(required),
            "properties": .fields(Dictionary(uniqueKeysWithValues: self.properties.map { ($0.name, $0.note) })),
        ]
    }
}

extension ToolSchema.Property {
    fileprivate var note: Note {
        guard case .fields(var fields) = self.kind.note, let description else { return self.kind.note }
        fields["description"] = .text(description)
        return .fields(fields)
    }
}

extension ToolSchema.Kind {
    fileprivate var note: Note {
        switch self {
        case .text: ["type": "string"]
        case .integer: ["type": "integer"]
        case .number: ["type": "number"]
        case .flag: ["type": "boolean"]
        case .word(let words): ["type": "string", "enum": .list(words.map { .text($0) })]
        case .list(let kind): ["type": "array", "items": kind.note]
        }
    }

    /// What a value has to be, for a mistake: `a text`.
    var words: String {
        switch self {
        case .text: "a text"
        case .integer: "a whole number"
        case .number: "a number"
        case .flag: "true or false"
        case .word(let words): "one of \(words.joined(separator: ", "))"
        case .list(let kind): "a list, each item \(kind.words)"
        }
    }

    /// Whether a value is of this kind.
    func takes(_ value: Note) -> Bool {
        switch (self, value) {
        case (.text, .text), (.number, .number), (.flag, .flag): true
        case (.integer, .number(let number)): Int(exactly: number) != nil
        case (.word(let words), .text(let text)): words.contains(text)
        case (.list(let kind), .list(let values)): values.allSatisfy { kind.takes($0) }
        default: false
        }
    }
}

extension ToolSchema {
    /// Everything that is wrong with an input, each as a sentence for the model; empty where nothing is.
    public func mistakes(in input: Note) -> [String] {
        guard case .fields(let fields) = input else { return ["the input is no object"] }
        let names = self.properties.map(\.name)
        var mistakes = fields.keys.filter { !names.contains($0) }.sorted().map { "\($0.prefix(40)): unknown" }
        for property in self.properties {
            switch fields[property.name] {
            case nil: if property.isRequired { mistakes.append("\(property.name): missing") }
            case let value?:
                if !property.kind.takes(value) { mistakes.append("\(property.name): expected \(property.kind.words)") }
            }
        }
        return mistakes
    }
}
