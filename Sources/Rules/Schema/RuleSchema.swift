/// The JSON Schema of rule files, for editors that complete keys and show their meaning.
///
/// Made from the keys that the reader itself knows. It can't say everything that the reader checks: patterns, names that
/// other places define, and keys that exclude each other are left to `check`.
public enum RuleSchema {
    /// The schema as text: JSON of draft 07, indented by two spaces, with a line feed at the end.
    ///
    /// The same text every time; the product keeps it as `rules/rules.schema.json`.
    public static func text() -> String {
        var definitions = Definitions()
        let file = definitions.object(FileKey.self)
        let members: [(String, JSONValue)] = [
            ("$schema", .text("http://json-schema.org/draft-07/schema#")),
            ("title", .text("Rules of Claude Chat")),
            ("definitions", .object(definitions.finished())),
        ]
        return JSONValue.object(members + file).indented + "\n"
    }

    /// The kinds of mappings that were met so far.
    private struct Definitions {
        private var names: [String] = []
        private var waiting: [(name: String, keys: any KeySet.Type)] = []
        private var objects: [String: JSONValue] = [:]

        /// The members of a mapping's schema.
        mutating func object(_ keys: any KeySet.Type) -> [(String, JSONValue)] {
            let meanings = keys.meanings
            let properties = meanings.map { name, meaning in
                (name, JSONValue.object([("description", .text(meaning.text))] + self.members(meaning.value)))
            }
            let required = meanings.filter(\.meaning.isRequired).map { JSONValue.text($0.name) }
            var members: [(String, JSONValue)] = [("type", .text("object"))]
            if !required.isEmpty { members.append(("required", .array(required))) }
            return members + [("additionalProperties", .bool(false)), ("properties", .object(properties))]
        }

        /// A reference to a mapping's schema, which is written once.
        private mutating func reference(_ keys: any KeySet.Type) -> [(String, JSONValue)] {
            let name = "\(keys)".replacingSuffix("Key", by: "")
            if !self.names.contains(name) {
                self.names.append(name)
                self.waiting.append((name, keys))
            }
            return [("$ref", .text("#/definitions/\(name)"))]
        }

        /// All definitions, in the order in which they were met.
        mutating func finished() -> [(String, JSONValue)] {
            while !self.waiting.isEmpty {
                let next = self.waiting.removeFirst()
                self.objects[next.name] = .object(self.object(next.keys))
            }
            return self.names.compactMap { name in self.objects[name].map { (name, $0) } }
        }

        private mutating func members(_ shape: ValueShape) -> [(String, JSONValue)] {
            switch shape {
            case .text: return [("type", .text("string")), ("minLength", .integer(1))]
            case .shortText(let count): return [("type", .text("string")), ("maxLength", .integer(count))]
            case .plain: return [("type", .array(["string", "number", "boolean"].map(JSONValue.text)))]
            case .name(let separators):
                return [("type", .text("string")), ("pattern", .text("^[a-z0-9\(separators)]{1,64}$"))]
            case .wholeNumber(let range):
                let bounds = [
                    ("minimum", JSONValue.integer(range.lowerBound)), ("maximum", .integer(range.upperBound)),
                ]
                return [("type", .text("integer"))] + bounds
            case .flag: return [("type", .text("boolean"))]
            case .isTrue: return [("const", .bool(true))]
            case .word(let words): return [("enum", .array(words.map(JSONValue.text)))]
            case .duration: return [("type", .text("string")), ("pattern", .text("^[0-9]{1,9}(ms|s|m|h|d)$"))]
            case .mapping(let keys): return self.reference(keys)
            case .entries(let value):
                return [("type", .text("object")), ("additionalProperties", .object(self.members(value)))]
            case .list(let item, let count):
                let bound = count.map { [("maxItems", JSONValue.integer($0))] } ?? []
                return [("type", .text("array")), ("items", .object(self.members(item)))] + bound
            case .oneOrMore(let item): return self.members(.either([item, .list(item)]))
            case .either(let shapes): return [("anyOf", .array(shapes.map { .object(self.members($0)) }))]
            }
        }
    }
}

extension KeySet {
    /// The keys by name, with their meanings, in the order of the reference.
    fileprivate static var meanings: [(name: String, meaning: KeyMeaning)] {
        self.allCases.map { ($0.rawValue, $0.meaning) }
    }
}

extension String {
    fileprivate func replacingSuffix(_ suffix: String, by other: String) -> String {
        self.hasSuffix(suffix) ? String(self.dropLast(suffix.count)) + other : self
    }
}
