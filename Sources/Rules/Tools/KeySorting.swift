internal import Diagnostics

/// Puts the keys of block mappings in order by moving whole lines.
///
/// A comment right above a key, in the same column, moves with it. Comments and blank lines at the end of a mapping
/// stay there: they mostly belong to what comes next.
struct KeySorting {
    /// Without their line feed; a carriage return before it stays.
    private var lines: [String]

    init(_ text: String) {
        // A last line without its end must not be glued to another one, nor change a block text above it.
        let text = text.isEmpty || text.unicodeScalars.last == "\n" ? text : text + "\n"
        self.lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
    }

    var text: String { self.lines.joined(separator: "\n") }

    /// Sorts the keys of a whole file.
    mutating func sort(_ file: YAMLNode) { self.sort(file, .mapping(FileKey.self), end: self.lines.count) }

    /// Sorts a node whose last line is the one before `end`, counted from 0.
    private mutating func sort(_ node: YAMLNode, _ shape: ValueShape, end: Int) {
        if let items = node.items {
            for (index, item) in items.enumerated() {
                self.sort(item, shape.item, end: index + 1 < items.count ? items[index + 1].place.line - 1 : end)
            }
        }
        guard let entries = node.entries, self.isBlock(node, entries) else { return }
        let starts = entries.indices.map { $0 == 0 ? entries[0].line : self.start(of: entries[$0]) }
        let ends = starts.dropFirst() + [self.end(of: entries, end)]
        let order = KeyOrder(of: entries, shape)
        for (entry, end) in zip(entries, ends) { self.sort(entry.value, order.value(of: entry.key), end: end) }
        let sorted = entries.indices.sorted {
            (order.rank(of: entries[$0].key), $0) < (order.rank(of: entries[$1].key), $1)
        }
        guard sorted != Array(entries.indices) else { return }
        self.move(entries, zip(starts, ends).map { $0..<$1 }, to: sorted)
    }

    /// Whether each key starts a line, in the same column, outside of braces.
    private func isBlock(_ node: YAMLNode, _ entries: [YAMLNode.Entry]) -> Bool {
        // The place of a mapping in braces is that of the brace.
        guard let first = entries.first, node.place.line == first.place.line, node.place.column == first.place.column,
            Set(entries.map(\.line)).count == entries.count
        else { return false }
        return entries.allSatisfy { entry in
            let before = self.lines[entry.line].unicodeScalars.prefix(entry.place.column - 1)
            let isMarked = entry.line == first.line && before.allSatisfy { $0 == " " || $0 == "-" }
            return entry.place.column == first.place.column && (isMarked || before.allSatisfy { $0 == " " })
        }
    }

    /// The first line of an entry, the comments right above it included.
    private func start(of entry: YAMLNode.Entry) -> Int {
        var line = entry.line
        while line > 0, self.isComment(line - 1, inColumn: entry.place.column) { line -= 1 }
        return line
    }

    private func isComment(_ line: Int, inColumn column: Int) -> Bool {
        let text = self.lines[line]
        return text.unicodeScalars.prefix { $0 == " " }.count == column - 1 && text.drop { $0 == " " }.first == "#"
    }

    /// The line behind the last entry, without the comments and blank lines after it.
    private func end(of entries: [YAMLNode.Entry], _ end: Int) -> Int {
        guard let last = entries.last else { return end }
        let isText = last.value.endsInBlock
        var line = end
        while line > last.line + 1 {
            let text = self.lines[line - 1]
            let indentation = text.unicodeScalars.prefix { $0 == " " }.count
            let content = text.drop { $0 == " " || $0 == "\r" }
            let isComment = content.first == "#" && !(isText && indentation >= last.place.column)
            guard content.isEmpty || isComment else { break }
            line -= 1
        }
        return line
    }

    private mutating func move(_ entries: [YAMLNode.Entry], _ ranges: [Range<Int>], to order: [Int]) {
        let first = entries[0]
        let prefix = self.lines[first.line].prefix(first.place.column - 1)
        let indentation = String(repeating: " ", count: first.place.column - 1)
        var moved: [String] = []
        for index in order {
            var chunk = Array(self.lines[ranges[index]])
            let keyLine = entries[index].line - ranges[index].lowerBound
            // The dash of a list's item stays on the first key, whichever that is.
            let head = index == order[0] ? String(prefix) : indentation
            chunk[keyLine] = head + String(chunk[keyLine].dropFirst(indentation.count))
            moved += chunk
        }
        self.lines.replaceSubrange(ranges[0].lowerBound..<ranges[ranges.count - 1].upperBound, with: moved)
    }
}

extension YAMLNode.Entry {
    /// The key's line, from 0.
    fileprivate var line: Int { self.place.line - 1 }
}

extension YAMLNode {
    /// Whether the last value inside is a text that is written as a block, whose lines may look like comments.
    fileprivate var endsInBlock: Bool {
        switch self.content {
        case .null: false
        case .scalar(_, let style): style == .block
        case .sequence(let items): items.last?.endsInBlock ?? false
        case .mapping(let entries): entries.last?.value.endsInBlock ?? false
        }
    }
}
