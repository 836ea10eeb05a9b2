/// A piece of a document with what was found in it marked.
///
/// What stands in documents is text: it is cut first, then escaped, and only then are the marks made markup.
public struct Snippet: Sendable, Hashable {
    /// Private characters, which no text of the index has.
    static let open: Character = "\u{E000}"
    static let close: Character = "\u{E001}"
    /// How long it is at most, in characters.
    public static let maximumCharacters = 240
    /// The same in bytes: one character may have any number of marks.
    private static let maximumBytes = 2_000

    private let marked: String

    /// Cuts a marked text at a word.
    init(marked text: String) {
        let text = text[...].prefix(atMost: Self.maximumBytes)
        var (result, count, isOpen, lastSpace) = ("", 0, false, nil as (end: String.Index, isOpen: Bool)?)
        for character in text {
            switch character {
            case Self.open: isOpen = true
            case Self.close: isOpen = false
            default:
                if character == " " || character == "\n" { lastSpace = (result.endIndex, isOpen) }
                count += 1
            }
            guard count <= Self.maximumCharacters - 1 else {
                if let lastSpace, lastSpace.end > result.startIndex {
                    result = String(result[..<lastSpace.end])
                    isOpen = lastSpace.isOpen
                }
                if isOpen { result.append(Self.close) }
                result.append("…")
                self.marked = result
                return
            }
            result.append(character == "\n" ? " " : character)
        }
        self.marked = result
    }

    public var isEmpty: Bool { self.marked.isEmpty }

    /// The text without marks; it may look like markup and is none.
    public var plain: String { self.marked.filter { $0 != Self.open && $0 != Self.close } }

    /// The text with something of the caller's around what was found.
    ///
    /// - Parameters:
    ///   - open: Before it.
    ///   - close: Behind it.
    /// - Returns: The text.
    public func text(open: String, close: String) -> String {
        self.marked.replacing(String(Self.open), with: open).replacing(String(Self.close), with: close)
    }

    /// HTML, in which `<mark>` is the only markup.
    public var html: String {
        var result = ""
        for character in self.marked {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case Self.open: result += "<mark>"
            case Self.close: result += "</mark>"
            default: result.append(character)
            }
        }
        return result
    }
}
