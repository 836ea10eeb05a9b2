import Diagnostics
import Foundation

/// As much of JSON Schema as the schema of rule files uses, as an editor reads it.
///
/// A keyword that isn't known here is an error, so that no test passes because it was ignored.
final class Schema {
    struct Unknown: Error { var keyword: String }

    private let root: [String: Any]
    private let definitions: [String: [String: Any]]
    private var used: Set<String> = []

    init(_ text: String) throws {
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
        guard let root = object as? [String: Any], let definitions = root["definitions"] as? [String: [String: Any]]
        else { throw Unknown(keyword: "root") }
        (self.root, self.definitions) = (root, definitions)
        try self.check(root)
    }

    private static let keywords: Set<String> = [
        "$schema", "title", "definitions", "description", "type", "required", "additionalProperties", "properties",
        "$ref", "minLength", "maxLength", "pattern", "minimum", "maximum", "const", "enum", "items", "maxItems",
        "anyOf",
    ]

    private func check(_ schema: [String: Any]) throws {
        for (keyword, value) in schema {
            guard Self.keywords.contains(keyword) else { throw Unknown(keyword: keyword) }
            if keyword == "properties" || keyword == "definitions" {
                for nested in (value as? [String: [String: Any]] ?? [:]).values { try self.check(nested) }
            } else if let nested = value as? [String: Any] {
                try self.check(nested)
            } else if keyword == "anyOf" {
                for nested in value as? [[String: Any]] ?? [] { try self.check(nested) }
            }
        }
    }

    /// Which properties no file so far had.
    var unused: [String] {
        let all = ([("", self.root)] + self.definitions.map { ($0.key, $0.value) }).flatMap { name, schema in
            (schema["properties"] as? [String: Any] ?? [:]).keys.map { "\(name).\($0)" }
        }
        return all.filter { !self.used.contains($0) }.sorted()
    }

    /// What is wrong with a file: one line for each value that doesn't fit.
    func findings(in node: YAMLNode) -> [String] { self.findings(node, self.root, "") }

    private func findings(_ node: YAMLNode, _ schema: [String: Any], _ name: String) -> [String] {
        var schema = schema
        var name = name
        if let reference = schema["$ref"] as? String {
            name = String(reference.dropFirst("#/definitions/".count))
            schema = self.definitions[name] ?? [:]
        }
        if let choices = schema["anyOf"] as? [[String: Any]] {
            let found = choices.map { self.findings(node, $0, "") }
            return found.contains([]) ? [] : ["\(node.place): \(found.joined().joined(separator: " or "))"]
        }
        let types = (schema["type"] as? [String]) ?? (schema["type"] as? String).map { [$0] }
        if let types, Set(types).isDisjoint(with: node.types) {
            return ["\(node.place): \(node.written) is no \(types.joined(separator: " or "))"]
        }
        return self.scalarFindings(node, schema) + self.nestedFindings(node, schema, name)
    }

    private func scalarFindings(_ node: YAMLNode, _ schema: [String: Any]) -> [String] {
        var isFine = true
        if let words = schema["enum"] as? [String] { isFine = words.contains(node.text ?? "") }
        if let constant = schema["const"] as? Bool { isFine = node.text == "\(constant)" }
        if let pattern = schema["pattern"] as? String {
            isFine = node.text?.range(of: pattern, options: .regularExpression) != nil
        }
        if let minimum = schema["minimum"] as? Int, let maximum = schema["maximum"] as? Int {
            isFine = node.text.flatMap { Int($0) }.map { (minimum...maximum).contains($0) } ?? false
        }
        if let minimum = schema["minLength"] as? Int { isFine = isFine && (node.text?.count ?? 0) >= minimum }
        if let maximum = schema["maxLength"] as? Int { isFine = isFine && (node.text?.count ?? 0) <= maximum }
        if let maximum = schema["maxItems"] as? Int { isFine = isFine && (node.items?.count ?? 0) <= maximum }
        return isFine ? [] : ["\(node.place): \(node.written) doesn't fit"]
    }

    private func nestedFindings(_ node: YAMLNode, _ schema: [String: Any], _ name: String) -> [String] {
        var found: [String] = []
        if let items = schema["items"] as? [String: Any] {
            found += (node.items ?? []).flatMap { self.findings($0, items, "") }
        }
        let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
        for entry in node.entries ?? [] {
            if let property = properties[entry.key] {
                self.used.insert("\(name).\(entry.key)")
                found += self.findings(entry.value, property, "")
            } else if let others = schema["additionalProperties"] as? [String: Any] {
                found += self.findings(entry.value, others, "")
            } else if schema["additionalProperties"] as? Bool == false {
                found.append("\(entry.place): unknown \(entry.key)")
            }
        }
        for key in schema["required"] as? [String] ?? [] where node[key] == nil {
            found.append("\(node.place): \(key) is missing")
        }
        return found
    }
}

extension YAMLNode {
    /// The types of JSON that an editor takes the value for.
    fileprivate var types: Set<String> {
        switch self.content {
        case .null: return ["null"]
        case .sequence: return ["array"]
        case .mapping: return ["object"]
        case .scalar(let text, let style):
            guard style == .plain else { return ["string"] }
            if text == "true" || text == "false" { return ["boolean"] }
            if Int(text) != nil { return ["integer", "number"] }
            return Double(text) == nil ? ["string"] : ["number"]
        }
    }
}
