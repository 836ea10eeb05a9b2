public import Diagnostics

/// The one form of rule files: keys in the order of the reference, patterns in single quotes, a line end at the end.
///
/// Lines are moved and quotes replaced in the text itself, so comments, blank lines and line breaks inside a value
/// stay; nothing is aligned. Keys inside braces and brackets stay where they are. A change that would alter what the
/// file means isn't made. Formatting twice is the same as formatting once.
public struct RuleFormat: Sendable {
    /// One file, before and after.
    public struct File: Sendable {
        /// As in diagnostics.
        public var path: String
        public var before: String
        public var after: String
        public var isChanged: Bool { self.before != self.after }
    }

    /// Formats all files of a folder; writes nothing.
    ///
    /// - Parameter folder: As for ``RuleSet/load(folder:)``. The rules in it may have mistakes.
    /// - Returns: The files in the order of loading.
    /// - Throws: Every file that can't be read or isn't YAML.
    public static func files(of folder: String) throws(Rejection) -> [File] {
        var findings = Findings()
        let source = RuleFolder(folder, into: &findings)
        var files: [File] = []
        for file in source.files {
            do throws(Diagnostic) {
                let before = (file.hasMark ? "\u{FEFF}" : "") + file.text
                files.append(
                    File(path: file.path, before: before, after: try Self.formatted(file.text, file: file.path))
                )
            } catch {
                findings.add(error)
            }
        }
        guard !findings.hasErrors else { throw Rejection(findings.sorted(by: source.files.map(\.path))) }
        return files
    }

    /// Formats the text of one file.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - file: The file's name, for diagnostics.
    /// - Returns: The text in its one form; the same text where its lines end in ways that only YAML knows, such as a
    ///   carriage return alone.
    /// - Throws: `yaml-syntax`, `yaml-too-deep` or `duplicate-key`.
    public static func formatted(_ text: String, file: String) throws(Diagnostic) -> String {
        let node = try YAMLNode(yaml: text, file: file)
        guard !Self.hasUnusualLineEnds(text) else { return text }
        var result = text
        var pattern = PatternQuotes(text)
        pattern.quote(node)
        if Self.means(pattern.text, node, file) { result = pattern.text }
        let quoted = try YAMLNode(yaml: result, file: file)
        var order = KeySorting(result)
        order.sort(quoted)
        return Self.means(order.text, node, file) ? order.text : result
    }

    /// Whether YAML counts other lines than those that end in a line feed.
    private static func hasUnusualLineEnds(_ text: String) -> Bool {
        var isReturned = false
        for scalar in text.unicodeScalars {
            if isReturned, scalar != "\n" { return true }
            isReturned = scalar == "\r"
            if ["\u{85}", "\u{2028}", "\u{2029}"].contains(scalar) { return true }
        }
        return isReturned
    }

    /// Whether a text has the same values as a node, apart from the order of keys and from quotes.
    private static func means(_ text: String, _ node: YAMLNode, _ file: String) -> Bool {
        (try? YAMLNode(yaml: text, file: file)).map { Self.isEqual($0, node) } ?? false
    }

    private static func isEqual(_ left: YAMLNode, _ right: YAMLNode) -> Bool {
        switch (left.content, right.content) {
        case (.null, .null): true
        case (.scalar(let first, _), .scalar(let second, _)): first == second
        case (.sequence(let first), .sequence(let second)):
            first.count == second.count && zip(first, second).allSatisfy(self.isEqual)
        case (.mapping(let first), .mapping(let second)):
            first.count == second.count
                && first.allSatisfy { entry in right[entry.key].map { self.isEqual(entry.value, $0) } ?? false }
        default: false
        }
    }
}
