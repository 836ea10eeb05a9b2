internal import Yams

/// A value of a YAML file, with its place.
///
/// Scalars keep their text: `on`, `no` and `1.10` are never turned into something else. Whoever reads a key decides
/// which type it wants.
public struct YAMLNode: Sendable {
    /// What stands there.
    public indirect enum Content: Sendable {
        /// Nothing, `~` or `null`, unquoted.
        case null
        /// A text, quoted or not.
        case scalar(String, Style)
        case sequence([YAMLNode])
        /// Keys and values in the order of the file. No key occurs twice.
        case mapping([Entry])
    }

    /// How a scalar was written.
    public enum Style: Sendable { case plain, singleQuoted, doubleQuoted, block }

    /// One `key: value`.
    public struct Entry: Sendable {
        /// The key's text.
        public var key: String
        /// Where the key stands, with the key at the end of its key path.
        public var place: Place
        public var value: YAMLNode
    }

    public var content: Content
    /// Where the value starts: at the opening quote of a quoted scalar, at the first key of a block mapping.
    public var place: Place
    /// The text that it was read from, where it was.
    private var source: YAMLSource?

    /// Reads the only document of a file.
    ///
    /// - Parameters:
    ///   - yaml: The text of the file.
    ///   - file: The file's name, for diagnostics.
    ///   - keyPath: The keys that lead to the text, where it is part of something larger; nothing where no place needs
    ///     its keys, which spares making a text for each.
    /// - Throws: `yaml-syntax`, `yaml-too-deep` or `duplicate-key`, with its place. An empty file gives `null`.
    public init(yaml: String, file: String, keyPath: String? = "") throws(Diagnostic) {
        let start = Place(file: file, keyPath: keyPath ?? "")
        do {
            // Yams composes by recursion; a nesting that no person writes must not exhaust the stack.
            guard nesting(of: yaml) <= Self.maximumDepth else {
                throw Diagnostic("yaml-too-deep", at: start, "nested more than \(Self.maximumDepth) levels deep")
            }
            // Scalars keep their text, so nothing is gained by finding out which of them look like numbers or dates.
            guard let node = try Yams.compose(yaml: yaml, .basic, .default, .utf8) else {
                self.init(content: .null, place: start)
                return
            }
            // Only an alias makes more of a file than stands in it.
            guard !yaml.utf8.contains(UInt8(ascii: "*")) || Self.count(of: node) <= Self.maximumCount else {
                throw Diagnostic("yaml-too-large", at: start, "aliases make it too large", hint: "write fewer of them")
            }
            self.init(node, file: file, keyPath: keyPath, YAMLSource(text: yaml))
        } catch let diagnostic as Diagnostic {
            throw diagnostic
        } catch let error as YamlError {
            throw Diagnostic(error, in: yaml, start: start)
        } catch {
            throw Diagnostic("yaml-syntax", at: start, "\(error)")
        }
    }

    /// The deepest nesting that is read.
    public static let maximumDepth = 100

    /// So many values are read, those of aliases included.
    private static let maximumCount = 1_000_000

    /// How many values stand in a node; a little more than ``maximumCount`` where there are more.
    private static func count(of node: Node) -> Int {
        var count = 0
        var rest = [node]
        while let next = rest.popLast(), count <= self.maximumCount {
            count += 1
            switch next {
            case .sequence(let items): rest += items
            case .mapping(let entries): rest += entries.map(\.value)
            case .scalar, .alias: break
            }
        }
        return count
    }

    public init(content: Content, place: Place) {
        self.content = content
        self.place = place
    }

    private init(_ node: Node, file: String, keyPath: String?, _ source: YAMLSource) {
        defer { self.source = source }
        let place = Place(file: file, node.mark, keyPath: keyPath ?? "")
        switch node {
        case .scalar(let scalar):
            self.init(content: Self.content(of: scalar), place: place)
        case .sequence(let sequence):
            let items = sequence.enumerated().map { index, item in
                YAMLNode(item, file: file, keyPath: keyPath.map { "\($0)[\(index)]" }, source)
            }
            self.init(content: .sequence(items), place: place)
        case .mapping(let mapping):
            let entries = mapping.map { pair in
                let key = pair.key.scalar?.string ?? ""
                let path = keyPath.map { $0.isEmpty ? key : "\($0).\(key)" }
                return Entry(
                    key: key,
                    place: Place(file: file, pair.key.mark, keyPath: path ?? ""),
                    value: YAMLNode(pair.value, file: file, keyPath: path, source)
                )
            }
            self.init(content: .mapping(entries), place: place)
        case .alias:
            self.init(content: .null, place: place)
        }
    }

    private static func content(of scalar: Node.Scalar) -> Content {
        switch scalar.style {
        case .singleQuoted: return .scalar(scalar.string, .singleQuoted)
        case .doubleQuoted: return .scalar(scalar.string, .doubleQuoted)
        case .literal, .folded: return .scalar(scalar.string, .block)
        case .any, .plain:
            let isNull = ["", "~", "null", "Null", "NULL"].contains(scalar.string)
            return isNull ? .null : .scalar(scalar.string, .plain)
        }
    }
}

extension YAMLNode {
    /// The text of a scalar, or nothing for anything else.
    public var text: String? { if case .scalar(let text, _) = self.content { text } else { nil } }

    /// The items of a sequence, or nothing for anything else.
    public var items: [YAMLNode]? { if case .sequence(let items) = self.content { items } else { nil } }

    /// The entries of a mapping, or nothing for anything else.
    public var entries: [Entry]? { if case .mapping(let entries) = self.content { entries } else { nil } }

    /// Whether nothing stands there.
    public var isNull: Bool { if case .null = self.content { true } else { false } }

    /// The value of `key`, where this is a mapping that has it.
    public subscript(key: String) -> YAMLNode? { self.entries?.first { $0.key == key }?.value }

    /// What stands there, in words for a diagnostic: `a list`, `"on"`.
    public var written: String {
        switch self.content {
        case .null: "nothing"
        case .scalar(let text, _): "\"\(text.prefix(40))\(text.count > 40 ? "…" : "")\""
        case .sequence(let items): items.isEmpty ? "an empty list" : "a list"
        case .mapping(let entries): entries.isEmpty ? "an empty mapping" : "keys and values"
        }
    }

    /// The place of a character inside a scalar, for problems that have an offset.
    ///
    /// Exact for plain and single-quoted scalars on one line; for others the start of the scalar.
    ///
    /// - Parameter offset: Unicode scalars from the start of ``text``.
    /// - Returns: The place.
    public func place(ofScalar offset: Int) -> Place {
        var place = self.place
        guard case .scalar(let text, let style) = self.content, self.isAsWritten(text, style) else { return place }
        switch style {
        case .plain: place.column += offset
        case .singleQuoted:
            // A quote inside is written twice.
            let quotes = text.unicodeScalars.prefix(offset).count { $0 == "'" }
            place.column += 1 + offset + quotes
        case .doubleQuoted, .block: break
        }
        return place
    }
}

extension YAMLNode {
    /// Whether a scalar stands at its place, on one line, as it is read.
    ///
    /// One that is folded over several lines doesn't, nor does one behind an anchor.
    private func isAsWritten(_ text: String, _ style: Style) -> Bool {
        guard !text.unicodeScalars.contains("\n") else { return false }
        guard let source = self.source else { return true }
        let lines = source.text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.indices.contains(self.place.line - 1) else { return false }
        let rest = lines[self.place.line - 1].dropFirst(self.place.column - 1)
        let written = style == .singleQuoted ? "'\(text.replacing("'", with: "''"))'" : text
        return rest.starts(with: written.unicodeScalars)
    }
}

/// A text that many nodes were read from.
private final class YAMLSource: Sendable {
    let text: String

    init(text: String) { self.text = text }
}

extension Place {
    init(file: String, _ mark: Mark?, keyPath: String) {
        self.init(file: file, line: mark?.line ?? 1, column: mark?.column ?? 1, keyPath: keyPath)
    }
}

/// An upper bound of how deep the collections of `yaml` nest: brackets outside quotes, and steps of indentation.
private func nesting(of yaml: String) -> Int {
    var flow = 0
    var deepestFlow = 0
    var deepestIndentation = 0
    for line in yaml.utf8.split(separator: UInt8(ascii: "\n")) {
        let indentation = line.prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "-") }.count
        deepestIndentation = max(deepestIndentation, indentation)
        var quote: UInt8?
        for byte in line {
            switch byte {
            case quote: quote = nil
            case _ where quote != nil: break
            case UInt8(ascii: "'"), UInt8(ascii: "\""): quote = byte
            case UInt8(ascii: "["), UInt8(ascii: "{"): flow += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): flow = max(0, flow - 1)
            default: break
            }
            deepestFlow = max(deepestFlow, flow)
        }
    }
    return deepestFlow + deepestIndentation / 2
}
