/// A pattern whose words and macros are written out, and where each of its characters comes from.
struct ExpandedPattern {
    /// What was written there, or what stands for a `{{name}}`.
    private struct Part {
        var text: String
        /// Where it stands, in Unicode scalars from the start of the written pattern.
        var offset: Int
        var isWritten: Bool
    }

    private(set) var text = ""
    private var parts: [Part] = []
    /// Where the written pattern ends.
    private var end = 0

    mutating func append(_ text: String, from offset: Int) {
        self.text += text
        self.parts.append(Part(text: text, offset: offset, isWritten: true))
        self.end = offset + text.unicodeScalars.count
    }

    mutating func append(_ text: String, inPlaceOf reference: PatternPiece.Reference) {
        self.text += text
        self.parts.append(Part(text: text, offset: reference.offset, isWritten: false))
        self.end = reference.offset + reference.written.unicodeScalars.count
    }

    /// Where the scalar at `offset` comes from, from the start of the written pattern.
    func origin(of offset: Int) -> Int {
        guard let (part, rest) = self.part(at: offset) else { return self.end }
        return part.isWritten ? part.offset + rest : part.offset
    }

    /// Whether the scalar at `offset` stands in the pattern itself.
    func isWritten(_ offset: Int) -> Bool { self.part(at: offset)?.part.isWritten ?? true }

    /// The part that the scalar at `offset` belongs to, and how far from its start.
    private func part(at offset: Int) -> (part: Part, rest: Int)? {
        var rest = offset
        // Asked for mistakes only, so nothing is counted before.
        for part in self.parts {
            let count = part.text.unicodeScalars.count
            if rest < count { return (part, rest) }
            rest -= count
        }
        return nil
    }
}

/// A part of a written pattern: PCRE2's syntax, or a `{{name}}`.
enum PatternPiece: Sendable {
    /// `{{name}}` or `{{name~}}`.
    struct Reference: Sendable {
        /// What stands between the braces, without `~`.
        var name: String
        var written: String
        /// In Unicode scalars from the start of the pattern.
        var offset: Int
        /// Whether `~` asks for the words without edges.
        var isBare: Bool
        /// Whether it stands between brackets, where words would be letters.
        var isInClass = false
    }

    case text(String, offset: Int)
    case reference(Reference)

    static func pieces(of pattern: String) -> [PatternPiece] {
        let scalars = Array(pattern.unicodeScalars)
        var pieces: [PatternPiece] = []
        var start = 0
        var index = 0
        var isInClass = false
        func text(_ range: Range<Int>) -> String { String(String.UnicodeScalarView(scalars[range])) }
        while index < scalars.count {
            if scalars[index] == "\\" {
                index = Self.end(ofEscape: index, in: scalars)
            } else if scalars[index] == "[" || scalars[index] == "]" {
                isInClass = scalars[index] == "["
                index += 1
            } else if var reference = Self.reference(in: scalars, at: index) {
                reference.isInClass = isInClass
                if start < index { pieces.append(.text(text(start..<index), offset: start)) }
                pieces.append(.reference(reference))
                index += reference.written.unicodeScalars.count
                start = index
            } else {
                index += 1
            }
        }
        if start < scalars.count { pieces.append(.text(text(start..<scalars.count), offset: start)) }
        return pieces
    }

    /// Where what follows a backslash ends: all up to `\E` behind `\Q`, else one character.
    private static func end(ofEscape index: Int, in scalars: [Unicode.Scalar]) -> Int {
        guard index + 1 < scalars.count, scalars[index + 1] == "Q" else { return index + 2 }
        var end = index + 2
        while end + 1 < scalars.count, scalars[end] != "\\" || scalars[end + 1] != "E" { end += 1 }
        return min(end + 2, scalars.count)
    }

    /// Where two braces open that no two close, in Unicode scalars from the start of a text without references.
    static func unclosedBraces(in text: String) -> Int? {
        let scalars = Array(text.unicodeScalars)
        var index = 0
        while index + 1 < scalars.count {
            if scalars[index] == "\\" {
                index = Self.end(ofEscape: index, in: scalars)
            } else if scalars[index] == "{", scalars[index + 1] == "{" {
                return index
            } else {
                index += 1
            }
        }
        return nil
    }

    /// The reference that starts at `index`, if one does.
    private static func reference(in scalars: [Unicode.Scalar], at index: Int) -> Reference? {
        guard index + 1 < scalars.count, scalars[index] == "{", scalars[index + 1] == "{" else { return nil }
        let inside = scalars[(index + 2)...].prefix { $0 != "}" && $0 != "{" }
        guard inside.endIndex + 1 < scalars.count, scalars[inside.endIndex] == "}", scalars[inside.endIndex + 1] == "}"
        else { return nil }
        let written = String(String.UnicodeScalarView(scalars[index...(inside.endIndex + 1)]))
        var name = String(String.UnicodeScalarView(inside.filter { $0 != " " }))
        let isBare = name.hasSuffix("~")
        if isBare { name.removeLast() }
        return Reference(name: name, written: written, offset: index, isBare: isBare)
    }
}
